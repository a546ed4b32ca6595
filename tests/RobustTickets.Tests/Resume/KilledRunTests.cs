// The built program killed by real signals in every stage and between them, resumed each time,
// against a run that nobody disturbed.
using System.Text.Json.Nodes;
using RobustTickets.Cli;
using RobustTickets.Tickets;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class KilledRunTests : IDisposable
{
    // In the libtorch collection although it computes in other processes: they want the cores for
    // themselves.
    private const int Every = 5;
    private const int Attempts = 5;

    /// <summary>Long enough that a signal sent in the middle of a stage arrives there.</summary>
    private static readonly Recipe Recipe = TinyTask.SearchRecipe with
    {
        Search = ((SlimmingSearchOptions)TinyTask.SearchRecipe.Search!) with
        {
            HorizonEpochs = 6,
            Stop = new ConsecutiveStop(Gamma: 0.001, Times: 15),
        },
        Retrain = TinyTask.SearchRecipe.Retrain with { Epochs = 30.5, Optimizer = new OptimizerOptions(1e-3) },
        Evaluate = new EvaluateStage(EqualEpochControl: true),
    };

    private readonly TinyTask _task = new(onDisk: true);

    public void Dispose() => _task.Dispose();

    [Fact]
    public void Signals_in_every_stage_and_resumed_each_time_equals_undisturbed()
    {
        var whole = _task.NewRun("whole");
        using (var undisturbed = new TrainProcess(_task.Arguments(Recipe, whole, Every)))
            Assert.Equal(ExitCodes.Ok, undisturbed.End().Code);

        var run = _task.NewRun("killed");
        Signal(run, whole, TrainProcess.SigKill, "search", 2);
        Signal(run, whole, TrainProcess.SigTerm, "search", 12);
        Signal(run, whole, TrainProcess.SigKill, "ticket", 0);
        Signal(run, whole, TrainProcess.SigInt, "retrain", 6);
        Signal(run, whole, TrainProcess.SigKill, "retrain", 19);
        Signal(run, whole, TrainProcess.SigKill, "control", 8);
        using var last = new TrainProcess(_task.Arguments(Recipe, run, Every, "--resume"));
        var end = last.End();
        Assert.True(end.Code == ExitCodes.Ok, end.ToString());
        RunFiles.AssertSame(whole, run);
    }

    /// <summary>
    /// Starts or resumes the run and sends a signal in a stage (or, for <c>ticket</c>, as soon as
    /// the ticket lies there). When it came too late, the folder is put back and it is tried again.
    /// </summary>
    private void Signal(string run, string whole, int signal, string stage, long after)
    {
        var before = _task.NewRun("before");
        var resume = Directory.Exists(run);
        if (resume)
            RunFiles.Copy(run, before);
        for (var attempt = 1; ; attempt++)
        {
            // The log still holds what the last kill cut off from its checkpoint: only a step
            // beyond is a step of this process.
            var known = RunFiles.Steps(run, stage).DefaultIfEmpty(0).Max();
            using var process = new TrainProcess(_task.Arguments(Recipe, run, Every, resume ? ["--resume"] : []));
            var end = process.SignalWhen(
                () =>
                    stage == "ticket"
                        ? File.Exists(Path.Combine(run, "ticket", "ticket.json"))
                        : RunFiles.Steps(run, stage).DefaultIfEmpty(0).Max() > Math.Max(known, after),
                signal
            );
            var steps = RunFiles.Steps(run, stage);
            if (end.Code == 128 + signal && (stage == "ticket" || steps.Max() < RunFiles.Steps(whole, stage).Max()))
            {
                Assert.False(File.Exists(Path.Combine(run, "result.json")));
                if (signal != TrainProcess.SigKill)
                    AssertStopped(run, stage, end);
                return;
            }
            Assert.True(
                attempt < Attempts
                    && end.Code
                        is ExitCodes.Ok
                            or (128 + TrainProcess.SigKill)
                            or ExitCodes.Interrupted
                            or ExitCodes.Terminated,
                $"attempt {attempt}, {stage}: {end}"
            );
            Directory.Delete(run, recursive: true);
            if (resume)
                RunFiles.Copy(before, run);
        }
    }

    /// <summary>A stop that was asked for wrote its last step's checkpoint and said so.</summary>
    private static void AssertStopped(string run, string stage, CommandLine.CommandResult end)
    {
        Assert.Contains("stopping; a checkpoint is written", end.Error, StringComparison.Ordinal);
        Assert.Contains("stopped\nresume with: ", end.Error, StringComparison.Ordinal);
        Assert.EndsWith(" --resume\n", end.Error, StringComparison.Ordinal);
        Assert.Empty(end.Out);
        var state = JsonNode.Parse(File.ReadAllText(Path.Combine(RunFiles.Checkpoints(run)[0], "state.json")))!;
        Assert.Equal(
            (stage, RunFiles.Steps(run, stage)[^1]),
            ((string)state["stage"]!, (long)state["tally"]!["steps"]!)
        );
        Assert.Equal(new FileInfo(Path.Combine(run, "events.jsonl")).Length, (long)state["events_length"]!);
        RunFiles.AssertNoLeftovers(run);
    }
}
