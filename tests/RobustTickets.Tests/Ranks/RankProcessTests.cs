// train --ranks: real processes, ended by real signals.
using System.Runtime.InteropServices;
using RobustTickets.Cli;
using RobustTickets.Cli.Ranks;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Ranks;

[Collection(TorchCollection.Name)]
public sealed class RankProcessTests : IDisposable
{
    // In the libtorch collection although it computes in other processes: they want the cores for
    // themselves.
    private readonly TinyTask _task = new(onDisk: true);

    public void Dispose() => _task.Dispose();

    private static Recipe Long =>
        TinyTask.FineTuneRecipe with
        {
            Retrain = TinyTask.FineTuneRecipe.Retrain with { Epochs = 30 },
        };

    [SkippableFact]
    public void A_killed_rank_ends_all_by_name_and_one_process_goes_on()
    {
        RankedRuns.RequireGloo();
        var (whole, run) = (_task.NewRun("whole"), _task.NewRun("killed"));
        using var started = new TrainProcess(_task.Arguments(Long, run, 10, "--ranks", "2"));
        var killed = 0;
        var end = started.SignalWhen(
            () =>
            {
                if (killed == 0 && RunFiles.Steps(run, "retrain").Length >= 12)
                {
                    killed = Rank(started.Id, 1);
                    Assert.Equal(0, Kill(killed, TrainProcess.SigKill));
                }
                return false;
            },
            TrainProcess.SigTerm
        );
        Assert.NotEqual(0, killed);
        Assert.True(end.Code == ExitCodes.Failure, end.ToString());
        Assert.Contains($"rank 1 (process {killed}) was terminated by signal 9", end.Error, StringComparison.Ordinal);
        Assert.Contains($"error: rank 1 (process {killed} on ", end.Error, StringComparison.Ordinal);
        // Its connection tells, not its silence.
        Assert.DoesNotContain("sent no heartbeat", end.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(run, "result.json")));

        RankedRuns.Run(_task.Request(Long, run, resume: true, every: 10), 1);
        RankedRuns.Run(_task.Request(Long, whole, every: 10), 1);
        Assert.Equal(RankedRuns.Tokens(whole), RankedRuns.Tokens(run));
        Assert.Equal(RankedRuns.Decisions(whole), RankedRuns.Decisions(run));
        RunFiles.AssertNoLeftovers(run);
    }

    [SkippableFact]
    public void A_stop_reaches_every_rank_and_the_message_goes_on_with_as_many()
    {
        RankedRuns.RequireGloo();
        var run = _task.NewRun();
        using var started = new TrainProcess(_task.Arguments(Long, run, 0, "--ranks", "2"));
        var end = started.SignalWhen(() => RunFiles.Steps(run, "retrain").Length >= 5, TrainProcess.SigTerm);
        Assert.True(end.Code == ExitCodes.Terminated, end.ToString());
        Assert.Matches("resume with: robust-tickets train .*--ranks 2 --resume", end.Error);
        Assert.Single(RunFiles.Checkpoints(run)[..1]);
        // Its last line is the step that the checkpoint was written after.
        var last = RunFiles.Steps(run, "retrain")[^1];
        Assert.EndsWith($"checkpoint-{last}", RunFiles.Checkpoints(run)[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--ranks 40", "--ranks 40: a batch has 32 examples")]
    [InlineData("--ranks 2 --seeds 1,2", "--seeds: ranks train one run together")]
    public void What_ranks_cannot_do_is_refused_by_name(string options, string why)
    {
        var run = _task.NewRun();
        var end = CommandLine.CommandLine.Run(_task.Arguments(Long, run, 0, options.Split(' ')));
        Assert.True(end.Code == ExitCodes.Usage, end.ToString());
        Assert.Contains(why, end.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public void Ranks_take_the_arguments_without_their_number_and_a_share_of_the_threads()
    {
        Assert.Equal(
            ["train", "--out", "a b", "--threads", "3"],
            RankProcesses.ArgumentsOf(["train", "--ranks", "4", "--out", "a b"], 3)
        );
        Assert.Equal(
            ["train", "--threads=2", "--resume"],
            RankProcesses.ArgumentsOf(["train", "--threads=2", "--ranks=4", "--resume"], 3)
        );
    }

    private static int Rank(int parent, int rank) =>
        File.ReadAllText($"/proc/{parent}/task/{parent}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(int.Parse)
            .Single(child => File.ReadAllText($"/proc/{child}/environ").Split('\0').Contains($"RANK={rank}"));

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int process, int signal);
}
