using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Substitutes from a masked language model: sub-word combinations against the plain product, what
/// is asked, limits, pairs, classes, errors.
/// </summary>
public class MaskedSwapTests
{
    private static readonly string[] Odd =
    [
        "a",
        "##b",
        ".",
        "#",
        "##",
        "-",
        "'",
        "c.",
        "d-e",
        "f g",
        "(h",
        "#i",
        "\U0001D7D5",
        "\u0301",
        "@",
        "##-",
        "j#",
        "`",
    ];

    [Fact]
    public void Combinations_are_the_first_of_the_whole_product_that_hold_one_word()
    {
        var random = new Random(5);
        var results = 0;
        for (var round = 0; round < 3000; round++)
        {
            var lists = Enumerable
                .Range(0, random.Next(2, 5))
                .Select(_ =>
                    (IReadOnlyList<string>)
                        [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Odd[random.Next(Odd.Length)])]
                )
                .ToList();
            var count = random.Next(1, 9);
            foreach (var version in new[] { TextAttackVersion.V034, TextAttackVersion.Head })
            {
                IEnumerable<string> all = [""];
                foreach (var list in lists)
                    all = all.SelectMany(prefix => list.Select(piece => prefix + piece)).ToList();
                var expected = all.Select(s => s.Replace("##", "", StringComparison.Ordinal))
                    .Where(s => WordSplitter.Split(s, version).Count == 1)
                    .Take(count)
                    .ToList();
                Assert.Equal(expected, SubwordCombinations.OneWord(lists, count));
                results += expected.Count;
            }
        }
        Assert.True(results > 5000, $"only {results} combinations");
    }

    [Fact]
    public void Combinations_without_a_result_cost_nothing()
    {
        // 48 to the 12th combinations of punctuation, and as many whose only words are two.
        IReadOnlyList<string> signs = [.. Enumerable.Range(0, 48).Select(i => ((char)('\u2010' + (i % 8))).ToString())];
        Assert.Empty(SubwordCombinations.OneWord([.. Enumerable.Repeat(signs, 12)], 48));
        IReadOnlyList<string> words = [.. Enumerable.Range(0, 48).Select(i => $"w{i}")];
        Assert.Empty(SubwordCombinations.OneWord([words, .. Enumerable.Repeat(signs, 10), words], 48));
        Assert.Equal(48, SubwordCombinations.OneWord([.. Enumerable.Repeat(signs, 10), words], 48).Count());
        Assert.Equal("w0w0w0w0w0w0w1", SubwordCombinations.OneWord([.. Enumerable.Repeat(words, 7)], 48).ElementAt(1));
    }

    [Fact]
    public void BertAttack_asks_about_the_unmasked_text_at_every_piece_of_the_word()
    {
        var model = Model(8);
        var request = Request(new BertAttackSwap(model, 3), "no bigger fish", 1);
        Assert.Equal(
            [new MaskedQuestion("no bigger fish", 2, 3), new MaskedQuestion("no bigger fish", 3, 3)],
            request.Questions
        );
        // Pieces beyond the longest text are not asked about; a word beyond it has no mask and no
        // question.
        Assert.Equal(
            [5, 6, 7],
            Request(new BertAttackSwap(model, 3), "no fish no fish biggerer", 4).Questions.Select(q => q.Position)
        );
        Assert.Empty(
            new BertAttackSwap(model, 3).Apply(AttackedText.Create("no fish no fish no fish no fish"), [7], [])
        );
        // The first mask of the text counts, also one that was there before.
        Assert.Equal(1, Request(new BertAttackSwap(model, 3), "[MASK] no fish", 2).Questions[0].Position);
    }

    [Theory]
    [InlineData(TextAttackVersion.V034, false)]
    [InlineData(TextAttackVersion.Head, true)]
    public void Bae_hides_the_word_and_up_to_034_cannot_hide_the_first_or_last(TextAttackVersion version, bool atEnds)
    {
        var model = Model(16);
        var swap = new BaeSwap(model, 5, 1e-3);
        var text = AttackedText.Create("(no bigger fish)", version);
        Assert.Equal(atEnds, swap.Apply(text, [0], []).Any());
        Assert.Equal(atEnds, swap.Apply(text, [2], []).Any());
        var question = Assert.Single(Assert.IsType<PredictRequest>(swap.Apply(text, [1], []).First()).Questions);
        Assert.Equal(
            new MaskedQuestion(
                atEnds ? "(no [MASK] fish)" : "no [MASK] fish",
                atEnds ? 3 : 2,
                model.VocabularySize,
                1e-3
            ),
            question
        );
    }

    [Fact]
    public void Substitutes_are_single_words_and_never_the_word_itself()
    {
        var model = Model(16);
        foreach (var swap in new Transformation[] { new BertAttackSwap(model, 20), new BaeSwap(model, 20, 1e-9) })
        {
            var text = AttackedText.Create("no bigger fish swims");
            var found = new List<Candidate>();
            foreach (var request in swap.Apply(text, [1, 2], found))
                Answer((PredictRequest)request);
            Assert.True(found.Count > 10);
            Assert.All(found, c => Assert.Equal(4, c.Text.Words.Count));
            Assert.All(found, c => Assert.Equal(1, c.Text.WordsChanged(text)));
            Assert.Contains(found, c => c.Text.NewPositions[0] == 1);
            Assert.Contains(found, c => c.Text.NewPositions[0] == 2);
        }
    }

    [Theory]
    [InlineData(10, 4)]
    [InlineData(11, 5)]
    [InlineData(1, 1)]
    public void At_most_the_given_share_of_places_changes_rounded_up(int words, int limit)
    {
        var original = AttackedText.Create(string.Join(' ', Enumerable.Repeat("fish", words)));
        var text = original;
        for (var changed = 0; changed <= words; changed++)
        {
            List<Candidate> candidates = [new(text)];
            Assert.Empty(new MaxWordsPerturbed(0.4).Filter(original, candidates));
            Assert.Equal(changed <= limit, candidates.Count == 1);
            if (changed < words)
                text = text.Replace(changed, "no");
        }
    }

    [Theory]
    [InlineData(TextAttackVersion.V034, 2)]
    [InlineData(TextAttackVersion.Head, 4)]
    public void Outcomes_do_not_depend_on_batches_concurrency_or_order_and_idle_queries_change_nothing(
        TextAttackVersion version,
        int classes
    )
    {
        var inputs = MadeUp.Inputs(40, classes);
        foreach (var bert in new[] { true, false })
        {
            Attack Attack(bool skipIdle) =>
                MadeUp.Attack(skipIdle: skipIdle, version: version) with
                {
                    Transformation = bert ? new BertAttackSwap(MadeUpModel(), 6) : new BaeSwap(MadeUpModel(), 6, 1e-6),
                };
            var reference = Lines(Attack(true), inputs, new AttackEngineOptions(1, 1, 1, 1));
            foreach (var (batch, concurrency) in new[] { (1, 64), (7, 4), (64, 1), (64, 64) })
            {
                var options = new AttackEngineOptions(batch, batch, concurrency, 2);
                Assert.Equal(reference, Lines(Attack(true), inputs, options));
                Assert.Equal(
                    reference.AsEnumerable().Reverse(),
                    Lines(Attack(true), [.. inputs.AsEnumerable().Reverse()], options)
                );
            }
            var lean = GoldenAttacks.Run(Attack(true), new HashVictim(classes), inputs);
            var full = GoldenAttacks.Run(Attack(false), new HashVictim(classes), inputs);
            Assert.Equal(
                full.Select(o => AttackJson.Line(o with { UniqueForwards = 0, Constraints = [] })),
                lean.Select(o => AttackJson.Line(o with { UniqueForwards = 0, Constraints = [] }))
            );
            Assert.True(
                version == TextAttackVersion.Head || lean.Sum(o => o.UniqueForwards) < full.Sum(o => o.UniqueForwards)
            );
            // Frozen premises stay, and the set is worth comparing.
            Assert.All(
                lean.Where(o => o.Original.Count == 2),
                o => Assert.Equal(o.Original[0].Value, o.Perturbed[0].Value)
            );
            Assert.Equal(3, lean.Select(o => o.Result).Distinct().Count());
            Assert.Contains(lean, o => o.Original.Count == 2 && o.WordsChanged > 0);
            Assert.Equal(classes > 2, lean.Any(o => o.Label > 1 && o.Result == AttackResult.Success));
        }

        List<(string, string)> Lines(Attack attack, IReadOnlyList<Example> examples, AttackEngineOptions options) =>
            [
                .. GoldenAttacks
                    .Run(attack, new HashVictim(classes), examples, options)
                    .Select(o => (o.Id, AttackJson.Line(o))),
            ];
    }

    [Fact]
    public void A_text_is_asked_about_once_while_it_does_not_change()
    {
        var model = MadeUpModel();
        var inputs = MadeUp.Inputs(30).Where(i => i.Columns.Count == 1).ToList();
        var engine = new AttackEngine(
            MadeUp.Attack() with
            {
                Transformation = new BertAttackSwap(model, 6),
            },
            new HashVictim(),
            new AttackEngineOptions(Concurrency: 1)
        );
        var outcomes = engine.RunAsync(inputs).ToBlockingEnumerable().ToList();
        Assert.Equal(model.Questions, engine.Statistics.MaskedRows);
        Assert.True(engine.Statistics.MaskedBatches > 0);
        // Every question is about a word that may change, each of them visited once at most.
        Assert.InRange(model.Questions, 1, outcomes.Sum(o => o.Words));
    }

    [Fact]
    public void A_model_that_fails_or_answers_nonsense_is_charged_to_the_example_that_asked()
    {
        foreach (
            var (fault, message) in new (Func<int[]>, string)[]
            {
                (() => throw new InvalidOperationException("boom"), "boom"),
                (() => [99999], "token 99999"),
                (() => null!, "no row"),
            }
        )
        {
            var inputs = MadeUp.Inputs(12).Where(i => i.Columns.Count == 1).Take(6).ToList();
            inputs[4] = new Example("culprit", "xyzzy " + inputs[4].Columns[0].Value, inputs[4].Label);
            var label = Array.IndexOf(
                HashVictim.Row(new TextPair(inputs[4].Columns[0].Value), 2),
                HashVictim.Row(new TextPair(inputs[4].Columns[0].Value), 2).Max()
            );
            inputs[4] = inputs[4] with { Label = label };
            var attack = MadeUp.Attack() with
            {
                Transformation = new BertAttackSwap(new FaultyModel(MadeUpModel(), fault), 6),
            };
            var outcomes = new AttackEngine(attack, new HashVictim()).RunAsync(inputs).ToBlockingEnumerable().ToList();
            var culprit = Assert.Single(outcomes, o => o.Result == AttackResult.Error);
            Assert.Equal(("culprit", 6), (culprit.Id, outcomes.Count));
            Assert.Contains(message, culprit.Error!.Message, StringComparison.Ordinal);
        }
    }

    private static ToyMaskedLanguageModel Model(int maxLength) =>
        new(
            [
                "[PAD]",
                "[UNK]",
                "[CLS]",
                "[SEP]",
                "[MASK]",
                ".",
                ",",
                "(",
                ")",
                "no",
                "big",
                "##ger",
                "##er",
                "fish",
                "small",
                "swims",
                "cat",
                "dog",
                "one",
                "two",
                "##s",
                "-",
            ],
            maxLength
        );

    private static ToyMaskedLanguageModel MadeUpModel() =>
        new([
            "[PAD]",
            "[UNK]",
            "[CLS]",
            "[SEP]",
            "[MASK]",
            ".",
            ",",
            .. MadeUp.Words.Distinct().Take(150),
            "##n",
            "##ba",
        ]);

    private static PredictRequest Request(MaskedSwap swap, string text, int position) =>
        Assert.IsType<PredictRequest>(swap.Apply(AttackedText.Create(text), [position], []).First());

    private static void Answer(PredictRequest request) => request.Answers = request.Model.Predict(request.Questions);

    // Answers nonsense about texts that hold "xyzzy".
    private sealed class FaultyModel(ToyMaskedLanguageModel sound, Func<int[]> fault) : IMaskedLanguageModel
    {
        public string Name => "faulty";

        public int VocabularySize => sound.VocabularySize;

        public int MaxLength => sound.MaxLength;

        public string MaskToken => sound.MaskToken;

        public int MaskId => sound.MaskId;

        public string Token(int id) => sound.Token(id);

        public int[] Encode(string text) => sound.Encode(text);

        public int PieceCount(string word) => sound.PieceCount(word);

        public int[][] Predict(IReadOnlyList<MaskedQuestion> questions) =>
            [
                .. questions.Select(q =>
                    q.Text.Contains("xyzzy", StringComparison.Ordinal) ? fault() : sound.Predict([q])[0]
                ),
            ];
    }
}
