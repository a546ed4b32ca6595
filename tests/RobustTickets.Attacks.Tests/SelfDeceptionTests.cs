using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Attacks that look through a defence's illusions: random restarts, held-out words, other
/// temperatures.
/// </summary>
public sealed class SelfDeceptionTests
{
    private static readonly HeldOutWords Part = new(HeldOutWords.Third);

    private static readonly string[] ByImportance = ["textfooler", "pwws", "deepwordbug", "textbugger", "bert-attack"];

    [Theory]
    [InlineData("bad", true)]
    [InlineData("plot", true)]
    [InlineData("actor", true)]
    [InlineData("good", false)]
    [InlineData("film", false)]
    [InlineData("caf\u00e9", false)]
    public void A_word_is_held_out_by_the_first_bytes_of_its_hash(string word, bool heldOut)
    {
        // Values of Python's hashlib.
        Assert.Equal(heldOut, Part.Contains(word));
        Assert.Equal(heldOut, Part.Covers(word.ToUpperInvariant(), "film"));
        Assert.Equal(heldOut, Part.Covers("film", word.ToUpperInvariant()));
    }

    [Fact]
    public void Without_options_an_attack_is_the_recipe_itself()
    {
        var attack = MadeUp.Attack();
        Assert.Same(attack, RecipeVariants.Apply(attack, new AttackOptions()));
    }

    [Fact]
    public void Restarts_leave_successes_alone_and_some_survivors_fall()
    {
        var inputs = Paired(150);
        var plain = Run(With(new AttackOptions()), inputs, new PairVictim());
        var more = Run(With(new AttackOptions(Restarts: 4)), inputs, new PairVictim());
        foreach (var (a, b) in plain.Zip(more))
        {
            if (a.Result != AttackResult.Failed)
            {
                Assert.Equal(AttackJson.Line(a), AttackJson.Line(b));
                continue;
            }
            Assert.True(b.Queries > a.Queries || a.WordsChanged == 0, "the queries of every try are added up");
            Assert.True(b.PerturbedScore >= a.PerturbedScore, "the best text of all tries is the result");
        }
        Assert.Contains(
            plain.Zip(more),
            p => p is { First.Result: AttackResult.Failed, Second.Result: AttackResult.Success }
        );
        Assert.Equal(
            more.Select(AttackJson.Line),
            Run(With(new AttackOptions(Restarts: 4)), inputs, new PairVictim(), 3).Select(AttackJson.Line)
        );
        // Another seed is another order.
        var other = Run(
            With(new AttackOptions(Restarts: 4, Randomness: new StreamPerExample(7)), 7),
            inputs,
            new PairVictim()
        );
        Assert.NotEqual(more.Select(AttackJson.Line), other.Select(AttackJson.Line));
    }

    [Fact]
    public void Restarts_keep_to_the_query_budget()
    {
        var inputs = Paired(150);
        var free = Run(With(new AttackOptions(Restarts: 5)), inputs, new PairVictim());
        foreach (var budget in new[] { 1, 17, 60 })
        {
            List<AttackOutcome> Restarted(int restarts) =>
                Run(
                    RecipeVariants.Apply(Few with { QueryBudget = budget }, new AttackOptions(Restarts: restarts)),
                    inputs,
                    new PairVictim()
                );
            var bound = Restarted(5);
            Assert.All(bound, o => Assert.InRange(o.Queries, 1, budget));
            Assert.Contains(free, o => o.Queries > budget);
            // What one try leaves of the budget goes to others.
            Assert.Equal(budget > 1, Restarted(0).Zip(bound).Any(p => p.Second.Queries > p.First.Queries));
        }
    }

    [Fact]
    public void Each_try_has_an_order_of_its_own_over_all_words()
    {
        var search = new RandomRestarts(new GreedyWordRanking(WordRanking.Delete), 3);
        AttackedText Text(string text) => AttackedText.Create([new("text", text)], TextAttackVersion.V034);
        var words = string.Join(' ', Enumerable.Range(0, 30).Select(i => $"w{i}x"));
        var first = search.Order(Text(words), 1);
        Assert.Equal(Enumerable.Range(0, 30), first.Order());
        Assert.Equal(first, search.Order(Text(words), 1));
        Assert.NotEqual(first, search.Order(Text(words), 2));
        Assert.NotEqual(first, search.Order(Text(words + "y"), 1));
        Assert.NotEqual(first, (search with { Seed = 1 }).Order(Text(words), 1));
    }

    [Fact]
    public void Every_search_by_importance_can_be_restarted()
    {
        foreach (var recipe in ByImportance.Select(AttackRecipe.Find))
        {
            var search = recipe.Published(TextAttackVersion.V034).Search;
            Assert.True(search is GreedyWordRanking or WeightedSaliency, recipe.Name);
        }
        var weighted = Few with { Search = new WeightedSaliency() };
        var inputs = Paired(300);
        var plain = Run(weighted, inputs, new PairVictim()).Count(o => o.Result == AttackResult.Success);
        var more = Run(RecipeVariants.Apply(weighted, new AttackOptions(Restarts: 8)), inputs, new PairVictim());
        Assert.True(more.Count(o => o.Result == AttackResult.Success) > plain);
        Assert.Throws<RequestException>(() => Recipe("textfooler", new AttackOptions(Restarts: -1)).Refuse());
    }

    [Fact]
    public void An_attack_with_held_out_words_makes_no_other_substitution()
    {
        var inputs = MadeUp.Inputs(120);
        bool OnlyHeldOut(AttackOutcome o)
        {
            var (before, after) = (Words(o.Original), Words(o.Perturbed));
            return before.Zip(after).All(p => p.First == p.Second || Part.Covers(p.First, p.Second));
        }
        var all = Run(MadeUp.Attack(), inputs);
        var part = Run(
            RecipeVariants.Apply(MadeUp.Attack(), new AttackOptions(HeldOutShare: HeldOutWords.Third)),
            inputs
        );
        Assert.All(part, o => Assert.True(OnlyHeldOut(o)));
        Assert.Contains(all, o => !OnlyHeldOut(o));
        Assert.Contains(part, o => o.Result == AttackResult.Success);

        var swap = new EmbeddingSwap(MadeUp.Neighbours, 10);
        foreach (var word in MadeUp.Words)
        {
            var held = new HeldOutSwap(swap, Part.Share).Substitutes(word).ToList();
            Assert.Equal(swap.Substitutes(word).Where(s => Part.Covers(word, s)), held);
        }
    }

    [Fact]
    public void Held_out_words_reach_the_dictionary_of_a_composite_and_leave_its_typing_errors()
    {
        var parts = new AttackParts(MadeUp.Neighbours, MadeUp.StopWords);
        var attack = AttackRecipe.TextBugger(parts, new AttackOptions(HeldOutShare: HeldOutWords.Third)).Build();
        var composite = Assert.IsType<CompositeSwap>(attack.Transformation);
        Assert.IsType<HeldOutSwap>(composite.Parts[^1]);
        Assert.All(composite.Parts.SkipLast(1), p => Assert.IsNotType<HeldOutSwap>(p));
        Assert.Contains(attack.Lines, l => l.Item == "dictionary");
    }

    [Theory]
    [InlineData("deepwordbug")]
    [InlineData("bert-attack")]
    [InlineData("bae")]
    public void A_recipe_without_a_dictionary_has_no_held_out_words(string name)
    {
        var error = Assert.Throws<RequestException>(() =>
            Recipe(name, new AttackOptions(HeldOutShare: HeldOutWords.Third)).Refuse()
        );
        Assert.Equal(nameof(AttackOptions.HeldOutShare), error.Field);
        Assert.Contains("textfooler", error.Message);
    }

    [Fact]
    public void A_tempered_row_is_the_softmax_of_the_logits_divided_by_the_temperature()
    {
        double[] logits = [2.5, -1, 0.25];
        double[] Softmax(double t)
        {
            var e = logits.Select(l => Math.Exp(l / t)).ToArray();
            return [.. e.Select(x => x / e.Sum())];
        }
        foreach (var t in new[] { 0.2, 0.7, 1, 3, 25 })
        {
            var row = TemperatureVictim.Scale(Softmax(1), t);
            foreach (var (wanted, found) in Softmax(t).Zip(row))
                Assert.Equal(wanted, found, 12);
        }
    }

    [Fact]
    public void Labels_never_change_with_the_temperature()
    {
        var random = new Random(4);
        var goal = new UntargetedGoal(ScorePrecision.Single);
        for (var n = 0; n < 2000; n++)
        {
            var row = Enumerable.Range(0, random.Next(2, 6)).Select(_ => random.NextDouble()).ToArray();
            // Every third row has two classes that differ by the last bit, or not at all.
            if (n % 3 == 0)
                row[^1] = n % 2 == 0 ? row[0] : Math.BitIncrement(row[0]);
            var sum = row.Sum();
            row = Array.ConvertAll(row, p => p / sum);
            foreach (var t in new[] { 0.05, 0.25, 4, 16, 1e4 })
                Assert.Equal(goal.Judge(row, 0).Output, goal.Judge(TemperatureVictim.Scale(row, t), 0).Output);
        }
    }

    [Theory]
    [InlineData(double.NaN, 0.5)]
    [InlineData(3, -2)]
    [InlineData(0.9, 0.9)]
    public void What_is_no_row_of_probabilities_is_left_for_the_engine_to_refuse(double a, double b)
    {
        double[] row = [a, b];
        Assert.Same(row, TemperatureVictim.Scale(row, 2));
        var outcome = new AttackEngine(MadeUp.Attack(), new TemperatureVictim(new OneRow(row), 2))
            .RunAsync(MadeUp.Inputs(1))
            .ToBlockingEnumerable()
            .Single();
        Assert.Equal(AttackResult.Error, outcome.Result);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_temperature_is_a_finite_number_above_0(double temperature) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TemperatureVictim(new HashVictim(), temperature));

    [Theory]
    [InlineData(0.3)]
    [InlineData(1)]
    [InlineData(2.5)]
    [InlineData(8)]
    public void The_fit_finds_the_temperature_that_was_taken_away(double temperature)
    {
        // Rows as often right as they say, sharpened or blunted: 3 of 4, 9 of 10, 3 of 5.
        var rows = new List<double[]>();
        var labels = new List<int>();
        foreach (var (right, of) in new[] { (3, 4), (9, 10), (3, 5) })
        {
            for (var i = 0; i < of; i++)
            {
                var p = (double)right / of;
                rows.Add(TemperatureVictim.Scale([1 - p, p], 1 / temperature));
                labels.Add(i < right ? 1 : 0);
            }
        }
        var fit = TemperatureFit.Of(rows, labels);
        Assert.Equal(temperature, fit.Temperature, 2);
        Assert.True(fit.LossAfter <= fit.LossBefore);
        Assert.False(fit.IsAtBound);
    }

    [Fact]
    public void The_fit_ends_at_its_bounds()
    {
        Assert.Equal(
            TemperatureFit.Least,
            TemperatureFit
                .Of(
                    [
                        [0.1, 0.9],
                        [0.8, 0.2],
                    ],
                    [1, 0]
                )
                .Temperature
        );
        Assert.Equal(
            TemperatureFit.Greatest,
            TemperatureFit
                .Of(
                    [
                        [0.1, 0.9],
                        [0.8, 0.2],
                    ],
                    [0, 1]
                )
                .Temperature
        );
        Assert.Throws<ArgumentException>(() => TemperatureFit.Of([], []));
        foreach (var label in new[] { -1, 2 })
            Assert.Contains(
                $"row 0 has the label {label}",
                Assert
                    .Throws<ArgumentException>(() =>
                        TemperatureFit.Of(
                            [
                                [0.1, 0.9],
                            ],
                            [label]
                        )
                    )
                    .Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void A_victim_that_hides_its_order_by_overconfidence_falls_at_the_temperature_that_shows_it()
    {
        const double Sharp = 0.005;
        var inputs = MadeUp.Inputs(120);
        var attack = MadeUp.Attack() with { Goal = new UntargetedGoal(ScorePrecision.Single) };
        var hiding = new TemperatureVictim(new HashVictim(), Sharp);
        int Standing(IVictim victim) =>
            new AttackEngine(attack, victim)
                .RunAsync(inputs)
                .ToBlockingEnumerable()
                .Count(o => o.Result == AttackResult.Failed);
        var honest = Standing(new HashVictim());
        Assert.True(Standing(hiding) > honest + 5);
        Assert.Equal(honest, Standing(new TemperatureVictim(hiding, 1 / Sharp)));
    }

    // Neighbouring words count together, so the order in which they are changed matters.
    private sealed class PairVictim : IVictim
    {
        public int ClassCount => 2;

        public double[][] Predict(IReadOnlyList<TextPair> inputs) => [.. inputs.Select(Row)];

        public static double[] Row(TextPair input)
        {
            var tokens = Toy.Tokens(input.First + "\n" + input.Second);
            var z = tokens.Zip(tokens.Skip(1)).Sum(p => Toy.Hash($"{p.First} {p.Second}"));
            var p = 1 / (1 + Math.Exp(-z));
            return [1 - p, p];
        }
    }

    private sealed class OneRow(double[] row) : IVictim
    {
        public int ClassCount => row.Length;

        public double[][] Predict(IReadOnlyList<TextPair> inputs) => [.. inputs.Select(_ => row)];
    }

    private static AttackRecipe Recipe(string name, AttackOptions options) =>
        AttackRecipe.Find(name) with
        {
            Options = options,
            Resources = new AttackParts(MadeUp.Neighbours, MadeUp.StopWords),
        };

    private static Attack With(AttackOptions options, uint seed = 42) =>
        RecipeVariants.Apply(Few with { Randomness = new StreamPerExample(seed) }, options);

    // Two substitutes a word, so that many examples survive.
    private static Attack Few =>
        MadeUp.Attack(similarity: false) with
        {
            Transformation = new EmbeddingSwap(MadeUp.Neighbours, 2),
        };

    private static List<Example> Paired(int count) =>
        [
            .. MadeUp
                .Inputs(count)
                .Select(e => e with { Label = Array.IndexOf(PairVictim.Row(e.Text), PairVictim.Row(e.Text).Max()) }),
        ];

    private static List<AttackOutcome> Run(
        Attack attack,
        IReadOnlyList<Example> inputs,
        IVictim? victim = null,
        int batch = 64
    ) =>
        [
            .. new AttackEngine(attack, victim ?? new HashVictim(), new AttackEngineOptions(batch, batch, batch))
                .RunAsync(inputs)
                .ToBlockingEnumerable(),
        ];

    private static List<string> Words(IReadOnlyList<KeyValuePair<string, string>> columns) =>
        [.. columns.SelectMany(c => WordSplitter.Words(c.Value, TextAttackVersion.V034))];
}
