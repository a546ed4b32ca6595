// A pre-training that was stopped, wherever in its windows and epochs, and gone on with: the
// weights, steps, word pieces and losses of one that nobody disturbed.
using System.Globalization;
using System.IO.Compression;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Cli;
using RobustTickets.Pipeline;
using RobustTickets.Pretraining;
using RobustTickets.Runs;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.Resume;
using RobustTickets.Tests.Runs;
using Xunit;

namespace RobustTickets.Tests.Pretraining;

[Collection(TorchCollection.Name)]
public sealed class ResumedPretrainingTests : IDisposable
{
    private const int BatchSize = 8,
        Window = 32,
        Epochs = 2;
    private readonly TinyTask _task = new();
    private readonly string[] _corpus;
    private int _folders;

    public ResumedPretrainingTests()
    {
        var random = new Random(3);
        var folder = Directory.CreateDirectory(_task.Below("corpus")).FullName;
        for (var shard = 0; shard < 3; shard++)
        {
            var text = string.Concat(
                Enumerable.Range(0, 30 + shard).Select(i => TinyTask.Sentence(random, i % 2) + "\n")
            );
            var name = Path.Combine(folder, $"{shard}.txt{(shard == 2 ? ".gz" : "")}");
            using Stream stream =
                shard == 2 ? new GZipStream(File.Create(name), CompressionLevel.Fastest) : File.Create(name);
            stream.Write(Encoding.UTF8.GetBytes(text));
        }
        _corpus = [folder];
    }

    public void Dispose() => _task.Dispose();

    [Fact]
    public void Stopped_anywhere_and_gone_on_with_it_is_the_same_training()
    {
        var whole = Request() with { LoggingFolder = _task.Below("log-whole") };
        var expected = whole.Run();
        Assert.Equal(2 * 12, expected.Steps); // 93 examples in batches of 8, windows of 4 batches
        // In a window, at the end of one, at the end of an epoch, in the second, again at once.
        var request = Request() with
        {
            LoggingFolder = _task.Below("log-stopped"),
        };
        foreach (var after in new[] { 2, 4, 12, 13, 14, 23 })
        {
            Stop(request, after);
            request = request with { Resume = true };
        }
        var found = request.Run();
        Assert.Equal(Weights(whole), Weights(request));
        Assert.Equal(
            (expected.Steps, expected.Tokens, expected.FirstLoss, expected.LastLoss),
            (found.Steps, found.Tokens, found.FirstLoss, found.LastLoss)
        );
        Assert.False(Directory.Exists(request.TrainingFolder));
        Assert.Equal(RunFiles.Events(whole.LoggingFolder!), RunFiles.Events(request.LoggingFolder!));
        MetricFileTests.AssertFollowLog(whole.LoggingFolder!, request.LoggingFolder!);
        // Not the same as beginning again, or as another window.
        var other = Request() with
        {
            ShuffleWindow = 2 * Window,
        };
        other.Run();
        Assert.NotEqual(Weights(whole), Weights(other));
    }

    [Fact]
    public void A_killed_or_stopped_command_goes_on_from_its_newest_checkpoint()
    {
        var (whole, killed) = (_task.Below("whole"), _task.Below("killed"));
        var checkpoints = Path.Combine(killed + ".training", "checkpoints");
        var undisturbed = CliRun.Of(Arguments(whole));
        Assert.True(undisturbed.Code == ExitCodes.Ok, undisturbed.Error);
        using (var first = new TrainProcess(Arguments(killed)))
        {
            var end = first.SignalWhen(
                () => Directory.Exists(checkpoints) && Directory.GetDirectories(checkpoints, "checkpoint-*").Length > 1,
                TrainProcess.SigKill
            );
            Assert.Equal(128 + TrainProcess.SigKill, end.Code);
        }
        // Without being told to, nothing goes on over what was begun.
        var again = CliRun.Of(Arguments(killed));
        Assert.Equal(ExitCodes.Usage, again.Code);
        Assert.Contains("resume it, remove", again.Error, StringComparison.Ordinal);
        foreach (
            var (signal, code) in new[]
            {
                (TrainProcess.SigTerm, ExitCodes.Terminated),
                (TrainProcess.SigInt, ExitCodes.Interrupted),
            }
        )
        {
            var known = Newest();
            using var resumed = new TrainProcess([.. Arguments(killed), "--resume"]);
            var end = resumed.SignalWhen(() => Newest() > known, signal);
            Assert.True(end.Code == code, end.ToString());
            Assert.Matches("(?i)stopped", end.Error);
            // The checkpoint it was stopped with, and the model so far, which is not the last one.
            Assert.True(Newest() > known);
            Assert.False(SameWeights());
        }
        var last = CliRun.Of([.. Arguments(killed), "--resume"]);
        Assert.True(last.Code == ExitCodes.Ok, last.Error);
        Assert.True(SameWeights());

        bool SameWeights() =>
            File.ReadAllBytes(Path.Combine(whole, "model.safetensors"))
                .AsSpan()
                .SequenceEqual(File.ReadAllBytes(Path.Combine(killed, "model.safetensors")));

        int Newest() =>
            Directory
                .GetDirectories(checkpoints, "checkpoint-*")
                .Max(path => int.Parse(path[(path.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture));
    }

    [Fact]
    public void What_has_changed_since_is_refused_by_name()
    {
        var request = Request();
        Stop(request, 3);
        var resumed = request with { Resume = true };
        var settings = Assert.Throws<RunFolderException>(() => Run(resumed with { BatchSize = 16 }));
        Assert.Contains("was started with batch size 8 and is resumed with 16", settings.Message);
        var text = Path.Combine(_corpus[0], "1.txt");
        var before = File.ReadAllText(text);
        File.WriteAllText(text, before.ToUpperInvariant());
        Assert.StartsWith(
            $"{text}: has changed since the run was started",
            Assert.Throws<DataException>(() => Run(resumed)).Message
        );
        File.WriteAllText(text, before);
        File.WriteAllText(Path.Combine(_corpus[0], "3.txt"), "a good film\n");
        Assert.Contains("4 files, but had 3", Assert.Throws<DataException>(() => Run(resumed)).Message);
        File.Delete(Path.Combine(_corpus[0], "3.txt"));
        Run(resumed);
        // Finished: gone on with once more, it stays as it is.
        var weights = Weights(resumed);
        Assert.Contains("is finished", Assert.Throws<RunFolderException>(() => Run(resumed)).Message);
        Assert.Equal(weights, Weights(resumed));

        static void Run(PretrainRequest request) => request.Run();
    }

    private string[] Arguments(string output)
    {
        var config = _task.Below("config.json");
        File.WriteAllText(config, TinyTask.Config.ToJson());
        return
        [
            "pretrain",
            "--corpus",
            .. _corpus,
            "--config",
            config,
            "--vocab",
            _task.Model,
            "--out",
            output,
            "--epochs",
            "30",
            "--batch-size",
            "8",
            "--shuffle-window",
            "32",
            "--checkpoint-every",
            "25",
            "--threads",
            "1",
        ];
    }

    private PretrainRequest Request() =>
        new(
            _corpus,
            TinyTask.Config,
            TinyTask.Tokenizer,
            _task.Below($"pretrained-{++_folders}"),
            Epochs,
            BatchSize: BatchSize,
            MaxLength: 32,
            LearningRate: 5e-3,
            ShuffleWindow: Window,
            CheckpointEverySteps: 0
        );

    private static void Stop(PretrainRequest request, int after)
    {
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            Pretrainer.Run(
                request,
                new SyncProgress<PretrainProgress>(p =>
                {
                    if (p.Step == after)
                        stop.Cancel();
                }),
                stop.Token
            )
        );
    }

    private static string Weights(PretrainRequest request) =>
        Convert.ToHexString(
            System.Security.Cryptography.SHA256.HashData(
                File.ReadAllBytes(Path.Combine(request.Output, "model.safetensors"))
            )
        );
}
