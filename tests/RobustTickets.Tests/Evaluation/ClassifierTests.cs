// The classifier for use in programs: safe from many threads, refusing what is no classifier,
// cutting at the right length, and the same numbers as the evaluation of a run.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Pipeline.Models;
using RobustTickets.Testing;
using RobustTickets.Tests.Resume;
using RobustTickets.Torch;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

[Collection(TorchCollection.Name)]
public sealed class ClassifierTests(TrainedTask trained) : IClassFixture<TrainedTask>
{
    [Fact]
    public void An_evaluation_that_is_stopped_ends()
    {
        using var classifier = Classifier.Load(trained.Model);
        Example[] rows = [new("0", new TextPair("a good film"), 1)];
        Assert.Equal(1, ClassifierSource.Evaluate(classifier, rows).Examples);
        Assert.Throws<OperationCanceledException>(() =>
            ClassifierSource.Evaluate(classifier, rows, new(canceled: true))
        );
    }

    [Fact]
    public void Pairs_are_not_evaluated_on_the_first_text_alone()
    {
        using var classifier = Classifier.Load(trained.Model, maxLength: 4);
        Example[] rows = [new("0", new TextPair("a good film", "a bad one"), 1)];
        var error = Assert.Throws<RequestException>(() => ClassifierSource.Evaluate(classifier, rows));
        Assert.Equal(("MaxLength", "4"), (error.Field, error.Value));
    }

    [Fact]
    public async Task Sixteen_tasks_at_once_get_the_rows_that_one_gets()
    {
        using var classifier = Classifier.Load(trained.Model);
        var random = new Random(1);
        var texts = Enumerable
            .Range(0, 96)
            .Select(i => new TextPair(
                TinyTask.Sentence(random, i % 2),
                i % 5 == 0 ? TinyTask.Sentence(random, 1) : null
            ))
            .ToArray();
        var expected = classifier.Logits(texts);
        Assert.True(expected.Select(row => row[0]).Distinct().Count() > 80);
        using var start = new Barrier(16);
        await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(t =>
                    Task.Factory.StartNew(
                        () =>
                        {
                            start.SignalAndWait();
                            var own = new Random(t);
                            for (var round = 0; round < 8; round++)
                            {
                                var picked = Enumerable
                                    .Range(0, 1 + own.Next(20))
                                    .Select(_ => own.Next(texts.Length))
                                    .ToArray();
                                Assert.Equal(
                                    picked.Select(i => expected[i]),
                                    classifier.Logits(picked.Select(i => texts[i]).ToArray())
                                );
                            }
                        },
                        CancellationToken.None,
                        TaskCreationOptions.LongRunning,
                        TaskScheduler.Default
                    )
                )
        );
    }

    [Fact]
    public void It_has_learned_and_says_so_with_probabilities()
    {
        using var classifier = Classifier.Load(trained.Model);
        Assert.Equal(["negative", "positive"], classifier.Labels);
        var random = new Random(9);
        var rows = classifier.Probabilities([
            .. Enumerable.Range(0, 100).Select(i => new TextPair(TinyTask.Sentence(random, i % 2))),
        ]);
        Assert.All(rows, row => Assert.Equal(1, row.Sum(), 1e-12));
        Assert.InRange(rows.Where((row, i) => row[i % 2] > 0.5).Count(), 85, 100);
        Assert.Empty(classifier.Probabilities([]));
    }

    [Fact]
    public void Evaluate_counts_what_the_logits_say()
    {
        using var classifier = Classifier.Load(trained.Model);
        var data = EncodedSplit
            .From(DataSet.Load(trained.Task.Data, "sst2", "dev").Examples, classifier.Tokenizer, 24)
            .Examples;
        var rows = classifier.Logits(data);
        var (right, loss) = (0, 0.0);
        for (var i = 0; i < rows.Length; i++)
        {
            var p = Classifier.Softmax(rows[i]);
            if (p[data[i].Label] > p[1 - data[i].Label])
                right++;
            loss -= Math.Log(p[data[i].Label]) / rows.Length;
        }
        var result = classifier.Evaluate(data);
        Assert.Equal((right / (double)rows.Length, rows.Length), (result.Accuracy, result.Examples));
        Assert.Equal(loss, result.Loss, 1e-6);

        using var model = BertFiles.LoadClassifier(trained.Model, 2, RandomKey.FromSeed(0), new Execution());
        Assert.Throws<OperationCanceledException>(() => Evaluator.Evaluate(model, data, new CancellationToken(true)));
    }

    [Fact]
    public void Longer_texts_are_cut_at_the_limit_asked_for_and_at_the_positions_of_the_model()
    {
        var random = new Random(2);
        var text = string.Join(' ', Enumerable.Range(0, 40).Select(_ => TinyTask.Sentence(random, 1)));
        foreach (
            var (asked, limit) in new (int?, int)[] { (null, TinyTask.Positions), (8, 8), (10_000, TinyTask.Positions) }
        )
        {
            using var classifier = Classifier.Load(trained.Model, null, asked);
            Assert.Equal(limit, classifier.MaxLength);
            var whole = classifier.Logits([text])[0];
            var words = classifier.Tokenizer.Tokenize(text).Take(limit - 2).ToArray();
            Assert.Equal(classifier.Logits([string.Join(' ', words)])[0], whole);
            Assert.NotEqual(classifier.Logits([string.Join(' ', words[..^1])])[0], whole);
        }
    }

    [Fact]
    public void A_folder_without_a_trained_classifier_is_refused_by_name()
    {
        var error = Assert.Throws<CheckpointException>(() => Classifier.Load(trained.Task.Model));
        Assert.Contains("classifier.weight", error.Message, StringComparison.Ordinal);
        Assert.Contains(trained.Task.Model, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bert.pooler.dense.weight")]
    [InlineData("bert.pooler.dense.bias")]
    [InlineData("classifier.weight")]
    [InlineData("classifier.bias")]
    public void A_half_trained_classifier_is_refused_by_name(string missing)
    {
        var folder = trained.Task.Below($"without {missing}");
        using (var model = BertFiles.LoadClassifier(trained.Model, 2, RandomKey.FromSeed(0), new Execution()))
        {
            HuggingFaceFolderWriter.WriteStreamed(
                folder,
                TinyTask.Config,
                model.Store.Names.Where(n => n != missing).Select(n => BertFiles.Stream(n, model.Store[n])),
                trained.Model
            );
        }
        Assert.Contains(
            missing,
            Assert.Throws<CheckpointException>(() => Classifier.Load(folder)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_fast_path_and_the_reference_agree()
    {
        using var fast = Classifier.Load(trained.Model);
        using var slow = Classifier.Load(trained.Model, Execution.Reference);
        var random = new Random(5);
        var texts = Enumerable
            .Range(0, 50)
            .Select(i => new TextPair(
                TinyTask.Sentence(random, i % 2),
                i % 4 == 0 ? TinyTask.Sentence(random, 0) : null
            ))
            .ToArray();
        float[][] found = fast.Logits(texts),
            reference = slow.Logits(texts);
        Assert.Equal(texts.Length, found.Length);
        Assert.All(found, row => Assert.Equal(fast.Labels.Count, row.Length));
        Assert.True(Largest(found, reference) <= 2e-5, $"off by {Largest(found, reference)}");
        // Two implementations round differently; one of them, run twice, does not.
        Assert.True(Largest(found, reference) > 0, "both classifiers took the same path");
        // Mutant: the second texts left out.
        var alone = fast.Logits([.. texts.Select(t => new TextPair(t.First, null))]);
        Assert.True(Largest(alone, reference) > 2e-5, "logits do not depend on the second text");

        static double Largest(float[][] a, float[][] b) =>
            a.Zip(b, (x, y) => x.Zip(y, (p, q) => Math.Abs((double)p - q)).Max()).Max();
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var classifier = Classifier.Load(trained.Model);
        var texts = new TextPair[] { "a good film", new("a dull film", "a story") };
        classifier.Logits(texts);
        var living = LiveTensors.Settled();
        for (var i = 0; i < 5; i++)
            classifier.Logits(texts);
        Assert.Equal(living, Tensor.LiveCount);
    }

    [Fact]
    public void Softmax_survives_large_logits()
    {
        Assert.Equal([1.0, 0.0], Classifier.Softmax([1000f, -1000f]));
        Assert.Equal([0.5, 0.5], Classifier.Softmax([3e38f, 3e38f]));
        var p = Classifier.Softmax([1f, 2f, 3f]);
        Assert.Equal(Math.E, p[2] / p[1], 1e-12);
    }
}
