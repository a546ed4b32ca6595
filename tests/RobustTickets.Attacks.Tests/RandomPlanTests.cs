using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Attacks that draw random numbers, and the recipes made of character edits and synonyms.
/// </summary>
public sealed class RandomPlanTests : IDisposable
{
    private static readonly AttackParts Resources = new(MadeUp.Neighbours, MadeUp.StopWords);
    private readonly string _folder = Directory.CreateTempSubdirectory("recipes").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    public static TheoryData<string> Recipes() => ["textbugger", "deepwordbug"];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void With_a_stream_per_example_outcomes_do_not_depend_on_batches_concurrency_or_order(string recipe)
    {
        var inputs = MadeUp.Inputs(40);
        var attack = Attack(recipe, null);
        var reference = Lines(attack, inputs, new AttackEngineOptions(1, 1, 1, 1));
        foreach (var (batch, concurrency) in new[] { (7, 4), (64, 64), (1, 64) })
        {
            var options = new AttackEngineOptions(batch, batch, concurrency, 2);
            Assert.Equal(reference, Lines(attack, inputs, options));
            Assert.Equal(
                reference.AsEnumerable().Reverse(),
                Lines(attack, [.. inputs.AsEnumerable().Reverse()], options)
            );
        }
        // An example alone ends as among the others; another seed is another attack.
        Assert.Equal(reference[17..18], Lines(attack, inputs[17..18], new AttackEngineOptions()));
        Assert.NotEqual(reference, Lines(Attack(recipe, new StreamPerExample(43)), inputs, new AttackEngineOptions()));
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void With_one_stream_examples_follow_each_other_whatever_the_options(string recipe)
    {
        var inputs = MadeUp.Inputs(30);
        var attack = Attack(recipe, new StreamPerRun(42));
        var reference = Lines(attack, inputs, new AttackEngineOptions(1, 1, 1, 1));
        Assert.Equal(reference, Lines(attack, inputs, new AttackEngineOptions(64, 64, 64, 2)));
        Assert.Equal(reference, Lines(attack, inputs, new AttackEngineOptions(7, 7, 4, 1)));
        // The stream does run through: the last example alone draws other places.
        Assert.NotEqual(reference[15..], Lines(attack, inputs[15..], new AttackEngineOptions()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(40)]
    public void A_budget_that_ends_inside_the_weighted_ranking_leaves_the_original(int budget)
    {
        var inputs = MadeUp.Inputs(40, seed: 8);
        var attack = MadeUp.Attack(similarity: false) with { Search = new WeightedSaliency() };
        var free = GoldenAttacks.Run(attack, new HashVictim(), inputs);
        var bound = GoldenAttacks.Run(attack with { QueryBudget = budget }, new HashVictim(), inputs);
        Assert.All(bound, o => Assert.InRange(o.Queries, 1, budget));
        foreach (var (f, b) in free.Zip(bound))
        {
            if (f.Queries < budget)
                Assert.Equal(AttackJson.Line(f), AttackJson.Line(b));
            else if (b.Queries == budget && b.WordsChanged == 0)
                Assert.Equal(b.Original, b.Perturbed);
        }
        Assert.Contains(bound, o => o.Queries == budget && o.Result != AttackResult.Success);
        Assert.Contains(free, o => o.Result == AttackResult.Success);
    }

    [Fact]
    public void Each_recipe_names_its_parts_and_their_sources()
    {
        var wordNet = WordNet.Read(TinyWordNet.Write(_folder));
        var attacks = new[]
        {
            AttackRecipe.TextBugger(Resources with { Encoder = new HashEncoder() }).Build(),
            AttackRecipe.DeepWordBug(Resources).Build(),
            AttackRecipe.Pwws(Resources with { WordNet = wordNet }).Build(),
        };
        Assert.Equal(["textbugger", "deepwordbug", "pwws"], attacks.Select(a => a.Name));
        Assert.All(
            attacks.SelectMany(a => a.Lines),
            l => Assert.True(l.Item.Length > 0 && l.Value.Length > 0 && l.Source.Length > 0)
        );
        Assert.All(
            attacks,
            a => Assert.Contains(a.Lines, l => l is { Item: "stop words", Source: "substitute for NLTK's 179 words" })
        );
        Assert.Contains(
            attacks[0].Lines,
            l =>
                l.Item == "sentence similarity"
                && l.Value.StartsWith("angular >= 0.8, whole text", StringComparison.Ordinal)
                && l.Source.Contains("textbugger_li_2018", StringComparison.Ordinal)
        );
        Assert.Contains(
            attacks[1].Lines,
            l => l.Item == "edit distance" && l.Value.StartsWith("<= 30 ", StringComparison.Ordinal)
        );
        Assert.Equal("wordnet", attacks[2].Resources[^1].Kind);
        Assert.Contains(
            AttackRecipe.TextBugger(Resources).Build().Lines,
            l => l is { Item: "sentence similarity", Source: "no sentence encoder given" }
        );
        // A number that is not the recipe's says so.
        Assert.Contains(
            DeepWordBugRecipe.Build(Resources, new AttackOptions(), maxEdits: 5).Lines,
            l => l is { Item: "edit distance", Source: "option" }
        );
        Assert.Contains(
            AttackRecipe.TextBugger(Resources, new AttackOptions(Randomness: new StreamPerExample(7))).Build().Lines,
            l => l is { Item: "random numbers", Source: "option" }
        );
    }

    private static Attack Attack(string recipe, RandomPlan? plan) =>
        recipe == "textbugger"
            ? AttackRecipe
                .TextBugger(
                    Resources with
                    {
                        Encoder = new HashEncoder(),
                    },
                    new AttackOptions(SimilarityThreshold: 0.7, Precision: ScorePrecision.Double, Randomness: plan)
                )
                .Build()
            : AttackRecipe
                .DeepWordBug(Resources, new AttackOptions(Precision: ScorePrecision.Double, Randomness: plan))
                .Build();

    // UniqueForwards depends on nothing here either, so whole lines are compared.
    private static List<string> Lines(Attack attack, List<Example> inputs, AttackEngineOptions options) =>
        [.. GoldenAttacks.Run(attack, new HashVictim(), inputs, options).Select(AttackJson.Line)];
}
