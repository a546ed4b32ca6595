// Attacks that take substitutes from a real (tiny) masked language model, on a real (tiny) victim:
// the model's answers against the reference network, and outcomes that are the same to the last
// digit whatever the batches, the concurrency, the order and the threads.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Tests.Resume;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

[Collection(TorchCollection.Name)]
public sealed class MaskedLmAttackTests : IClassFixture<TrainedTask>, IDisposable
{
    private const double Tolerance = 1e-5;
    private readonly TrainedTask _trained;
    private readonly string _folder;

    public MaskedLmAttackTests(TrainedTask trained)
    {
        _trained = trained;
        _folder = trained.Task.Below("tiny-mlm");
        if (!Directory.Exists(_folder))
            WriteMaskedLm(_folder, 0.3);
    }

    public void Dispose() => torch.set_num_threads(1);

    [Fact]
    public void Answers_are_the_best_tokens_of_the_reference_network()
    {
        using var model = TorchMaskedLM.Load(_folder);
        var compared = 0;
        foreach (var question in Questions(12))
        {
            var reference = Reference(_folder, model, question);
            var answer = Assert.Single(model.Predict([question]));
            Assert.Equal(Math.Min(question.Count, model.VocabularySize), answer.Length);
            Assert.Equal(answer.Length, answer.Distinct().Count());
            for (var k = 0; k < answer.Length; k++)
            {
                // The k-th answer's score is the k-th largest: the order may differ where scores
                // are equal within the kernels' rounding.
                Assert.Equal(reference.OrderDescending().ElementAt(k), reference[answer[k]], Tolerance);
                compared++;
            }
            // Probabilities: everything at or above the limit, and nothing else.
            var sum = reference.Sum(z => Math.Exp(z));
            var expected = Enumerable
                .Range(0, reference.Length)
                .Where(v => Math.Exp(reference[v]) / sum >= 0.02)
                .ToHashSet();
            Assert.Equal(
                expected,
                model.Predict([question with { Count = int.MaxValue, MinProbability = 0.02 }])[0].ToHashSet()
            );
        }
        Assert.True(compared > 100);
    }

    [Fact]
    public void The_comparison_notices_a_head_that_is_left_out()
    {
        // The mutant scores hidden states with the word embedding directly.
        using var model = TorchMaskedLM.Load(_folder);
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        using var network = BertFiles.LoadMaskedLM(_folder, default, Execution.Reference);
        var wrong = 0;
        foreach (var question in Questions(6))
        {
            var batch = Batch(model, question.Text);
            var hidden = network
                .Encoder.EncodeAll(network.Prepare(batch, training: false), PassOptions.Evaluation)
                .index_select(0, torch.tensor<long>([question.Position], 1));
            var scores = hidden.matmul(network.Store[BertParameters.WordEmbeddings].t()).contiguous().to_array();
            if (Array.IndexOf(scores, scores.Max()) != model.Predict([question])[0][0])
                wrong++;
        }
        Assert.True(wrong > 0);
    }

    [Fact]
    public void An_answer_depends_on_its_question_alone_and_a_text_is_encoded_once()
    {
        using var model = TorchMaskedLM.Load(_folder);
        var questions = Questions(40);
        var together = model.Predict(questions);
        Assert.Equal(questions.Select(q => q.Text).Distinct().Count(), model.EncodedTexts);
        Assert.Equal(together, model.Predict(questions));
        Assert.Equal(questions.Select(q => q.Text).Distinct().Count(), model.EncodedTexts);
        foreach (var threads in new[] { 1, 2 })
        {
            torch.set_num_threads(threads);
            using var other = TorchMaskedLM.Load(_folder);
            Assert.Equal(together.Reverse(), questions.AsEnumerable().Reverse().Select(q => other.Predict([q])[0]));
            foreach (var group in questions.Select((q, i) => (q, i)).Chunk(7))
                Assert.Equal(group.Select(g => together[g.i]), other.Predict([.. group.Select(g => g.q)]));
        }
        Assert.True(together.Select(a => string.Join(' ', a)).Distinct().Count() > questions.Count / 2);
    }

    [Fact]
    public void Masks_beside_punctuation_count_and_places_beyond_the_text_have_no_answer()
    {
        using var model = TorchMaskedLM.Load(_folder);
        Assert.Equal("[MASK]", model.MaskToken);
        Assert.Equal(2, model.Encode("a [MASK], (the [MASK]).").Count(id => id == model.MaskId));
        Assert.Equal(TinyTask.Positions, model.Encode(string.Join(' ', Enumerable.Repeat("good", 100))).Length);
        Assert.Equal((1, 2), (model.PieceCount("good"), model.PieceCount("goods")));
        Assert.Empty(model.Predict([new MaskedQuestion("a film", 4, 5)])[0]);
        Assert.Empty(model.Predict([new MaskedQuestion("a film", -1, 5)])[0]);
        Assert.Equal(5, model.Predict([new MaskedQuestion("a film", 3, 5)])[0].Length);
    }

    [Fact]
    public void A_folder_without_a_head_and_a_broken_one_are_refused_by_name()
    {
        var error = Assert.Throws<CheckpointException>(() => TorchMaskedLM.Load(_trained.Model));
        Assert.Contains("cls.predictions", error.Message, StringComparison.Ordinal);
        Assert.Contains(_trained.Model, error.Message, StringComparison.Ordinal);
        var broken = _trained.Task.Below("nan-mlm");
        WriteMaskedLm(broken, double.NaN);
        var numbers = Assert.Throws<NumericFailureException>(() => TorchMaskedLM.Load(broken));
        Assert.Contains("not finite", numbers.Message, StringComparison.Ordinal);
        Assert.Contains(broken, numbers.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var model = TorchMaskedLM.Load(_folder);
        model.Predict(Questions(9));
        var living = LiveTensors.Settled();
        foreach (var question in Questions(30))
            model.Predict([question]);
        Assert.Equal(living, Tensor.LiveCount);
    }

    [Fact]
    public void A_hidden_word_is_the_unknown_token_beside_punctuation_too()
    {
        using var classifier = Classifier.Load(_trained.Model);
        IVictim victim = classifier;
        // A word that the vocabulary cannot spell is the unknown token; hidden beside a comma it
        // must be the same to the victim.
        Assert.Equal(
            victim.Predict([new TextPair("a good zzz , and bad zzz .")]),
            victim.Predict([new TextPair("a good [UNK], and bad [UNK].")])
        );
        Assert.Equal(
            classifier.Probabilities([new("a good film, here", "bad cast.")]),
            victim.Predict([new TextPair("a good film, here", "bad cast.")])
        );
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Outcomes_do_not_depend_on_batches_concurrency_order_or_threads(bool bertAttack)
    {
        using var classifier = Classifier.Load(_trained.Model);
        using var masked = TorchMaskedLM.Load(_folder);
        using var encoder = BertSentenceEncoder.Load(_trained.Model);
        IVictim victim = classifier;
        var attack = new Attack(
            "tiny",
            TextAttackVersion.V034,
            new UntargetedGoal(ScorePrecision.Single),
            new GreedyWordRanking(bertAttack ? WordRanking.Unknown : WordRanking.Delete),
            bertAttack ? new BertAttackSwap(masked, 8) : new BaeSwap(masked, 8, 1e-3),
            [new NoRepeat(), new NoStopWords(new StopWords("a few", ["a", "the", "and", "is"]))],
            [new MaxWordsPerturbed(0.4), new SentenceSimilarity(encoder, 0.6, SimilarityMetric.Cosine, 9, true, true)],
            null,
            [],
            []
        );
        var inputs = Inputs(14);
        var outcomes = Run(new AttackEngineOptions(1, 1, 1, 1), inputs);
        var reference = Lines(outcomes);
        foreach (var batch in new[] { 1, 7, 64 })
        {
            foreach (var concurrency in new[] { 1, 4, 64 })
            {
                torch.set_num_threads(concurrency == 4 ? 2 : 1);
                var options = new AttackEngineOptions(batch, batch, concurrency, 2);
                Assert.Equal(reference, Lines(Run(options, inputs)));
                if (concurrency == 64)
                    Assert.Equal(
                        reference.AsEnumerable().Reverse(),
                        Lines(Run(options, [.. inputs.AsEnumerable().Reverse()]))
                    );
            }
        }

        // The set must be worth comparing.
        Assert.Equal(3, outcomes.Select(o => o.Result).Distinct().Count());
        Assert.Contains(outcomes, o => o.WordsChanged > 1);
        Assert.Contains(outcomes, o => o.Original.Count == 2 && o.WordsChanged > 0);
        Assert.Contains(outcomes, o => o.Constraints.Any(c => c.Name == "sentence-similarity" && c.Rejected > 0));

        List<AttackOutcome> Run(AttackEngineOptions options, IReadOnlyList<Example> examples) =>
            [.. new AttackEngine(attack, victim, options).RunAsync(examples).ToBlockingEnumerable()];
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rows_beyond_the_vocabulary_are_unused_tokens(bool bertAttack)
    {
        var folder = _trained.Task.Below($"padded-mlm-{bertAttack}");
        WriteMaskedLm(folder, 0.3, padding: 2);
        using var classifier = Classifier.Load(_trained.Model);
        using var masked = TorchMaskedLM.Load(folder);
        var words = TinyTask.Tokenizer.Vocabulary.Count;
        Assert.Equal((words + 2, $"[unused{words + 1}]"), (masked.VocabularySize, masked.Token(words + 1)));
        foreach (var id in new[] { -1, words + 2 })
            Assert.Contains($"{id}", Assert.Throws<ArgumentOutOfRangeException>(() => masked.Token(id)).Message);
        Assert.Equal(words + 1, masked.Predict([new MaskedQuestion("a [MASK] film", 2, 1)])[0][0]);
        var attack = new Attack(
            "tiny",
            TextAttackVersion.V034,
            new UntargetedGoal(ScorePrecision.Single),
            new GreedyWordRanking(WordRanking.Delete),
            bertAttack ? new BertAttackSwap(masked, 8) : new BaeSwap(masked, 8, 1e-3),
            [],
            [],
            null,
            [],
            []
        );
        var outcomes = new AttackEngine(attack, classifier).RunAsync(Inputs(4)).ToBlockingEnumerable().ToList();
        Assert.All(outcomes, o => Assert.Null(o.Error));
        Assert.Contains(outcomes, o => o.Result is AttackResult.Success or AttackResult.Failed);
    }

    /// <summary>A masked language model of random weights.</summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="deviation">Standard deviation of the weights.</param>
    /// <param name="padding">Rows of the embedding beyond the vocabulary; the last is the most
    /// probable token everywhere.</param>
    internal static void WriteMaskedLm(string folder, double deviation, int padding = 0)
    {
        var words = TinyTask.Tokenizer.Vocabulary.Count;
        var config = TinyTask.Config with { Architectures = ["BertForMaskedLM"], VocabSize = words + padding };
        var shapes = BertFiles.ConfigOf(config, 2) with { InitializerRange = deviation };
        using (var store = BertFiles.Fresh(BertShapes.OfMaskedLM(shapes), shapes, RandomKey.FromSeed(11)))
        {
            if (padding > 0)
                store[BertParameters.PredictionBias].span<float>()[^1] = 100;
            HuggingFaceFolderWriter.WriteStreamed(
                folder,
                config,
                store.Names.Select(n => BertFiles.Stream(n, store[n]))
            );
        }
        TinyTask.Tokenizer.SaveTo(folder);
    }

    /// <summary>
    /// Texts with and without a mask, two places of each second text; two in three words of several
    /// pieces.
    /// </summary>
    private static List<MaskedQuestion> Questions(int count)
    {
        var random = new Random(7);
        return
        [
            .. Enumerable
                .Range(0, count)
                .SelectMany(i =>
                {
                    var words = TinyTask
                        .Sentence(random, i % 2)
                        .Split(' ')
                        .Select(w => w.Length > 3 && random.Next(3) > 0 ? w + "s" : w)
                        .ToArray();
                    if (i % 3 == 0)
                        words[random.Next(words.Length)] = "[MASK]";
                    var text = string.Join(' ', words);
                    var first = new MaskedQuestion(text, random.Next(words.Length), 1 + random.Next(20));
                    return i % 2 == 0 ? [first] : new[] { first, first with { Position = first.Position + 1 } };
                }),
        ];
    }

    private static double[] Reference(string folder, TorchMaskedLM model, MaskedQuestion question)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        using var network = BertFiles.LoadMaskedLM(folder, default, Execution.Reference);
        var scores = network.Forward(
            network.Prepare(Batch(model, question.Text), training: false),
            torch.tensor<long>([question.Position], 1),
            PassOptions.Evaluation
        );
        return Array.ConvertAll(scores.contiguous().to_array(), s => (double)s);
    }

    private static PackedBatch Batch(TorchMaskedLM model, string text)
    {
        var ids = model.Encode(text);
        return PackedBatch.From([new EncodedExample(0, ids, new int[ids.Length], -1)]);
    }

    private static List<Example> Inputs(int count)
    {
        var random = new Random(11);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i =>
                {
                    var label = random.Next(2);
                    var text = string.Join(
                        ' ',
                        TinyTask
                            .Sentence(random, label)
                            .Split(' ')
                            .Take(12)
                            .Select(w => w.Length > 4 && random.Next(4) == 0 ? w + "s," : w)
                    );
                    var given = i % 7 == 6 ? 1 - label : label;
                    return i % 5 == 4
                        ? new Example(
                            $"e{i}",
                            [new("text", text), new("more", TinyTask.Sentence(random, label))],
                            given
                        )
                        : new Example($"e{i}", text, given);
                }),
        ];
    }

    private static (string, string)[] Lines(IEnumerable<AttackOutcome> outcomes) =>
        [.. outcomes.Select(o => (o.Id, AttackJson.Line(o)))];
}
