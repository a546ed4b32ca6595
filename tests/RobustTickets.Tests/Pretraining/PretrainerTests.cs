// Pre-training on a tiny corpus: it learns, ends when it should, is reproducible, and leaves a
// folder that everything else can start from.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Cli;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Pretraining;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.Resume;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Pretraining;

[Collection(TorchCollection.Name)]
public sealed class PretrainerTests : IDisposable
{
    private const int Lines = 240,
        BatchSize = 16,
        StepsPerEpoch = 15;
    private readonly TinyTask _task = new();

    public PretrainerTests()
    {
        // A language in which every word follows from its neighbours: there is something to learn.
        var random = new Random(8);
        var words = TinyTask.Words.Skip(21).Take(6).ToArray();
        File.WriteAllLines(
            Corpus,
            Enumerable
                .Range(0, Lines)
                .Select(_ =>
                {
                    var first = random.Next(words.Length);
                    return string.Join(
                        ' ',
                        Enumerable.Range(first, random.Next(6, 20)).Select(i => words[i % words.Length])
                    );
                })
        );
    }

    private string Corpus => _task.Below("corpus.txt");

    public void Dispose() => _task.Dispose();

    [Fact]
    public void The_loss_falls_and_the_folder_is_a_base_for_training()
    {
        var request = Request(epochs: 8);
        var seen = new List<PretrainProgress>();
        var result = request.Run(new SyncProgress<PretrainProgress>(seen.Add));
        Assert.All(seen, p => Assert.Equal(8 * StepsPerEpoch, p.TotalSteps));
        Assert.All(seen, p => Assert.Equal(p.Share < 1, p.Remaining > TimeSpan.Zero));
        var rates = seen.Select(p => p.LearningRate).ToArray();
        Assert.Equal(8 * StepsPerEpoch, result.Steps);
        // from ln V on down, over twenty steps
        Assert.InRange(result.FirstLoss, 2.3, Math.Log(TinyTask.Words.Count) + 0.5);
        Assert.True(
            result.LastLoss < result.FirstLoss - 0.5,
            $"the loss went from {result.FirstLoss} to {result.LastLoss}"
        );
        Assert.Equal(request.LearningRate, rates.Max(), 1e-4);
        Assert.True(rates[0] < rates[5] && rates[^1] < 0.02 * request.LearningRate, "warm-up and decay");

        using (var files = BertFiles.Open(request.Output))
        {
            Assert.Equal(["BertForMaskedLM"], files.Config.Architectures);
            Assert.Empty(files.Unused);
        }
        var tokenizer = WordPieceTokenizer.Load(request.Output);
        using (var model = BertFiles.LoadMaskedLM(request.Output, RandomKey.FromSeed(99), new Execution()))
        {
            Assert.True(
                MaskedLoss(model, tokenizer) < result.FirstLoss - 0.5,
                "what was saved is not what was trained"
            );
        }
        RunFiles.AssertNoLeftovers(request.Output);

        var run = _task.NewRun();
        var arguments = _task.Arguments(TinyTask.FineTuneRecipe, run);
        arguments[Array.IndexOf(arguments, "--model") + 1] = request.Output;
        var trained = CliRun.Of(arguments);
        Assert.True(trained.Code == ExitCodes.Ok, trained.ToString());
    }

    [Fact]
    public void Static_masks_repeat_and_dynamic_ones_do_not()
    {
        // One batch an epoch, no dropout, a rate too small to move anything: the loss is a function
        // of the masks.
        PretrainRequest Still(MaskingMode mode) =>
            Request(epochs: 3) with
            {
                Config = TinyTask.Config with { HiddenDropoutProb = 0, AttentionProbsDropoutProb = 0 },
                BatchSize = Lines,
                LearningRate = 1e-12,
                Masking = mode,
            };
        var fixedLosses = Losses(Still(MaskingMode.Static));
        var freshLosses = Losses(Still(MaskingMode.Dynamic));
        Assert.Equal(3, fixedLosses.Count);
        Assert.Equal(fixedLosses[0], freshLosses[0], 1e-6);
        Assert.All(fixedLosses, loss => Assert.Equal(fixedLosses[0], loss, 1e-5));
        Assert.All(
            freshLosses.Skip(1),
            loss => Assert.True(Math.Abs(loss - freshLosses[0]) > 1e-4, $"{loss} as before")
        );
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        var first = Request(epochs: 1);
        var second = Request(epochs: 1);
        var other = Request(epochs: 1) with { Seed = 2 };
        foreach (var request in new[] { first, second, other })
            request.Run();
        Assert.Equal(Weights(first), Weights(second));
        Assert.NotEqual(Weights(first), Weights(other));
    }

    [Fact]
    public void A_budget_ends_the_run_and_carries_the_schedule()
    {
        var budget = TimeSpan.FromSeconds(0.7);
        var request = Request(epochs: 1e6) with { Budget = budget };
        var seen = new List<PretrainProgress>();
        var result = request.Run(new SyncProgress<PretrainProgress>(seen.Add));
        Assert.True(result.Seconds >= budget.TotalSeconds && result.Steps < 1e6);
        Assert.Equal(result.Steps, seen[^1].Step);
        Assert.True(seen[^1].Share >= 1);
        Assert.All(
            seen,
            p =>
            {
                Assert.Null(p.TotalSteps);
                Assert.InRange(p.Remaining, TimeSpan.Zero, budget);
            }
        );
        // The last step may have begun long before the budget's end on a busy machine; those before
        // it followed the share of time.
        Assert.All(seen.Zip(seen.Skip(1)), p => Assert.True(p.Second.Share > p.First.Share));
        for (var i = 1; i + 1 < seen.Count; i++)
        {
            // A step's rate follows from the share before it.
            if (seen[i - 1].Share > request.WarmupFraction)
                Assert.True(seen[i + 1].LearningRate < seen[i].LearningRate, $"step {seen[i].Step}");
        }
        using var model = BertFiles.LoadMaskedLM(request.Output, default, new Execution());

        // Whichever ends first; the schedule ends there, too.
        seen.Clear();
        var brief = Request(epochs: 2) with { Budget = TimeSpan.FromHours(10) };
        Assert.Equal(2 * StepsPerEpoch, brief.Run(new SyncProgress<PretrainProgress>(seen.Add)).Steps);
        Assert.Equal((1.0, TimeSpan.Zero), (seen[^1].Share, seen[^1].Remaining));
        Assert.InRange(seen[^1].LearningRate, 0, 0.05 * brief.LearningRate);
        Assert.InRange(seen[StepsPerEpoch].LearningRate, 0.4 * brief.LearningRate, 0.6 * brief.LearningRate);
        Assert.True(seen[StepsPerEpoch].Remaining < TimeSpan.FromHours(5));
    }

    [Fact]
    public void The_program_tells_what_of_its_options_has_no_effect()
    {
        CliRun Pretrain(string vocab, params string[] more) =>
            CliRun.Of([
                "pretrain",
                "--corpus",
                Corpus,
                "--config",
                Path.Combine(_task.Model, "config.json"),
                "--vocab",
                vocab,
                "--out",
                _task.NewRun(),
                .. more,
            ]);
        var cased = Pretrain(_task.Model, "--cased");
        Assert.Equal(ExitCodes.Usage, cased.Code);
        Assert.Contains($"--cased: {_task.Model} has a tokenizer", cased.Error, StringComparison.Ordinal);
        var file = Path.Combine(_task.Model, "vocab.txt");
        var tooLong = Pretrain(file, "--cased", "--max-length", $"{TinyTask.Positions + 1}");
        Assert.True(tooLong.Code == ExitCodes.Ok, tooLong.ToString());
        Assert.Contains("note: --max-length 49 exceeds the 48 positions", tooLong.Error, StringComparison.Ordinal);
        // The default is no wish that was not met.
        Assert.DoesNotContain("note:", Pretrain(file).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelling_writes_the_model_as_it_is_and_throws()
    {
        var three = Stopped(3);
        Assert.Equal(Weights(three), Weights(Stopped(3)));
        Assert.NotEqual(Weights(three), Weights(Stopped(4)));
        using var model = BertFiles.LoadMaskedLM(three.Output, default, new Execution());
        Assert.Equal(TinyTask.Words.Count, WordPieceTokenizer.Load(three.Output).Vocabulary.Count);

        PretrainRequest Stopped(int after)
        {
            var request = Request(epochs: 2);
            using var stop = new CancellationTokenSource();
            var steps = 0L;
            Assert.Throws<OperationCanceledException>(() =>
                Pretrainer.Run(
                    request,
                    new SyncProgress<PretrainProgress>(p =>
                    {
                        steps = p.Step;
                        if (p.Step == after)
                            stop.Cancel();
                    }),
                    stop.Token
                )
            );
            Assert.Equal(after, steps);
            return request;
        }
    }

    [Fact]
    public void A_batch_with_nothing_to_predict_is_no_loss_of_zero()
    {
        File.WriteAllLines(Corpus, ["good", "bad", "film"]);
        var losses = Losses(Request(epochs: 6) with { BatchSize = 1, MaskFraction = 0.5 });
        Assert.Equal(18, losses.Count);
        Assert.DoesNotContain(0.0, losses);
        var nothing = Pretrainer.Run(Request(epochs: 1) with { MaskFraction = 1e-12 }, null, CancellationToken.None);
        Assert.True(double.IsNaN(nothing.FirstLoss) && double.IsNaN(nothing.LastLoss));
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_training()
    {
        var vocabulary = Assert.Throws<CheckpointException>(() =>
            Pretrainer.Run(
                Request(1) with
                {
                    Config = TinyTask.Config with { VocabSize = 20 },
                },
                null,
                CancellationToken.None
            )
        );
        Assert.Contains("20", vocabulary.Message, StringComparison.Ordinal);
        Assert.Throws<DataException>(() =>
            Pretrainer.Run(Request(1) with { Corpus = [_task.Below("missing.txt")] }, null, CancellationToken.None)
        );
        foreach (var window in new[] { 0, int.MaxValue })
            Assert.Equal(
                "ShuffleWindow",
                Assert
                    .Throws<RequestException>(() =>
                        Pretrainer.Run(Request(1) with { ShuffleWindow = window }, null, CancellationToken.None)
                    )
                    .Field
            );
        Assert.Throws<NumericFailureException>(() =>
            Pretrainer.Run(Request(3) with { LearningRate = 1e38 }, null, CancellationToken.None)
        );
        Assert.False(Directory.Exists(_task.Below("pretrained-1")));
    }

    [Fact]
    public void Numbers_out_of_their_range_are_refused_by_field()
    {
        var good = Request(1);
        (string Field, PretrainRequest Request)[] bad =
        [
            (nameof(good.Epochs), good with { Epochs = 0 }),
            (nameof(good.Epochs), good with { Epochs = double.NaN }),
            (nameof(good.Budget), good with { Budget = TimeSpan.Zero }),
            (nameof(good.BatchSize), good with { BatchSize = 0 }),
            (nameof(good.MaxLength), good with { MaxLength = 2 }),
            (nameof(good.LearningRate), good with { LearningRate = 0 }),
            (nameof(good.LearningRate), good with { LearningRate = double.PositiveInfinity }),
            (nameof(good.WarmupFraction), good with { WarmupFraction = 1 }),
            (nameof(good.WarmupFraction), good with { WarmupFraction = -0.1 }),
            (nameof(good.MaskFraction), good with { MaskFraction = 0 }),
            (nameof(good.MaskFraction), good with { MaskFraction = 1 }),
            (nameof(good.Seed), good with { Seed = -1 }),
            (nameof(good.CheckpointEverySteps), good with { CheckpointEverySteps = -1 }),
        ];
        foreach (var (field, request) in bad)
            Assert.Equal(field, Assert.Throws<RequestException>(() => request.Run()).Field);
        Assert.False(Directory.Exists(good.Output));
    }

    private int _folders;

    private PretrainRequest Request(double epochs) =>
        new(
            [Corpus],
            TinyTask.Config,
            TinyTask.Tokenizer,
            _task.Below($"pretrained-{++_folders}"),
            epochs,
            BatchSize: BatchSize,
            MaxLength: 32,
            LearningRate: 5e-3
        );

    private static List<double> Losses(PretrainRequest request)
    {
        var losses = new List<double>();
        request.Run(new SyncProgress<PretrainProgress>(p => losses.Add(p.Loss)));
        return losses;
    }

    private static string Weights(PretrainRequest request) =>
        Convert.ToHexString(
            System.Security.Cryptography.SHA256.HashData(
                File.ReadAllBytes(Path.Combine(request.Output, "model.safetensors"))
            )
        );

    private double MaskedLoss(BertForMaskedLM model, WordPieceTokenizer tokenizer)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var corpus = MaskedCorpus.Read([Corpus], tokenizer, 32);
        var masked = corpus.Mask(0, Enumerable.Range(0, (int)corpus.Count).ToArray(), RandomKey.FromSeed(77), 0.15);
        var scores = model.Forward(
            model.Prepare(masked.Batch, training: false),
            torch.tensor<long>(masked.Rows, masked.Rows.Length),
            PassOptions.Evaluation
        );
        return torch
            .nn.functional.cross_entropy(scores, torch.tensor<long>(masked.Targets, masked.Targets.Length))
            .item<float>();
    }
}
