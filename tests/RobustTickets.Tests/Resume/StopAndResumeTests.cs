// Interrupted + resumed = uninterrupted, in this process, where an interrupt can be put between any
// two steps: by a stop that writes a checkpoint, and by an exception in place of a crash, which
// writes none. Real signals and kill -9 are in KilledRunTests.
using RobustTickets.Pipeline;
using RobustTickets.Runs;
using RobustTickets.Testing;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class StopAndResumeTests(WholeRun whole) : IClassFixture<WholeRun>, IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    /// <summary>Every stage there is: search, ticket, retraining, control.</summary>
    private static Recipe EveryStage =>
        TinyTask.SearchRecipe with
        {
            Evaluate = new EvaluateStage(EqualEpochControl: true),
        };

    [Theory]
    [InlineData("search")]
    [InlineData("retrain")]
    [InlineData("control")]
    public void A_run_that_is_stopped_frees_its_network(string stage)
    {
        using var stop = new CancellationTokenSource();
        var before = LiveTensors.Settled();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            RecipeRunner.Run(
                _task.Request(EveryStage, _task.NewRun()),
                new SyncProgress<RunEvent>(p =>
                {
                    if (p is StepDone && p.Stage == stage)
                        stop.Cancel();
                }),
                stop.Token
            )
        );
        Assert.InRange(Tensor.LiveCount, 0, before);
    }

    [Theory]
    [InlineData(true, 4)]
    [InlineData(false, 3)]
    public void A_run_stopped_after_every_step_equals_one_that_never_was(bool search, int every)
    {
        var recipe = search ? EveryStage : TinyTask.FineTuneRecipe;
        var (expected, result) = whole.Of(recipe);
        var run = _task.NewRun();
        var stops = new List<string>();
        for (var finished = false; !finished; )
        {
            using var stop = new CancellationTokenSource();
            var steps = 0;
            try
            {
                RecipeRunner.Run(
                    _task.Request(recipe, run, resume: stops.Count > 0, every),
                    new SyncProgress<RunEvent>(p =>
                    {
                        if (p is not StepDone)
                            return;
                        steps++;
                        stops.Add(p.Stage);
                        stop.Cancel();
                    }),
                    stop.Token
                );
                finished = true;
            }
            catch (OperationCanceledException)
            {
                Assert.Equal(1, steps);
                Assert.False(File.Exists(Path.Combine(run, "result.json")));
            }
        }
        RunFiles.AssertSame(expected, run);
        Assert.Equal(result.Stages.SelectMany(s => Enumerable.Repeat(s.Stage, (int)s.Steps)), stops);
    }

    [Theory]
    [InlineData(true, 4)]
    [InlineData(false, 1)]
    public void A_run_that_crashed_at_every_moment_once_equals_one_that_never_did(bool search, int every)
    {
        var recipe = search ? EveryStage : TinyTask.FineTuneRecipe;
        var (expected, result) = whole.Of(recipe);
        var run = _task.NewRun();
        var moments = new HashSet<(string, long, string?)>();
        var finished = false;
        while (!finished)
        {
            try
            {
                RecipeRunner.Run(
                    _task.Request(recipe, run, resume: moments.Count > 0, every),
                    new SyncProgress<RunEvent>(p =>
                    {
                        if (moments.Add((p.Stage, p.Step, p.Message)))
                            throw new CrashException();
                    }),
                    CancellationToken.None
                );
                finished = true;
            }
            catch (CrashException)
            {
                Assert.False(File.Exists(Path.Combine(run, "result.json")));
            }
        }
        RunFiles.AssertSame(expected, run);
        Assert.Equal(result.Stages.Sum(s => s.Steps), moments.Count(m => m.Item3 is null));
    }

    [Fact]
    public void Only_the_newest_two_checkpoints_are_kept_and_none_is_written_between_stages_when_not_asked()
    {
        var run = _task.NewRun();
        var seen = new SortedSet<long>();
        RecipeRunner.Run(
            _task.Request(EveryStage, run, every: 0),
            new SyncProgress<RunEvent>(_ => seen.UnionWith(RunFiles.Checkpoints(run).Select(Number))),
            CancellationToken.None
        );
        var stages = RunResult.Load(Path.Combine(run, "result.json")).Stages;
        var borders = stages.Select((_, i) => stages.Take(i + 1).Sum(s => s.Steps)).ToArray();
        Assert.Equal(borders[..2], seen);
        Assert.Equal([borders[2], borders[1]], RunFiles.Checkpoints(run).Select(Number));

        var often = _task.NewRun();
        var most = 0;
        RecipeRunner.Run(
            _task.Request(EveryStage, often, every: 1),
            new SyncProgress<RunEvent>(_ => most = Math.Max(most, RunFiles.Checkpoints(often).Length)),
            CancellationToken.None
        );
        Assert.Equal(2, most);
        RunFiles.AssertSame(run, often);

        static long Number(string path) => long.Parse(path[(path.LastIndexOf('-') + 1)..]);
    }

    [Fact]
    public void The_comparison_notices_another_seed_and_a_step_done_twice()
    {
        var expected = whole.Of(TinyTask.FineTuneRecipe).Folder;
        var other = _task.NewRun();
        RecipeRunner.Run(_task.Request(TinyTask.FineTuneRecipe with { Seed = 8 }, other), null, CancellationToken.None);
        Assert.ThrowsAny<Exception>(() => RunFiles.AssertSame(expected, other));
        var twice = _task.NewRun();
        RunFiles.Copy(expected, twice);
        RunFiles.AssertSame(expected, twice);
        var events = Path.Combine(twice, "events.jsonl");
        var lines = File.ReadAllLines(events);
        File.WriteAllLines(events, [.. lines[..3], .. lines[2..]]);
        Assert.ThrowsAny<Exception>(() => RunFiles.AssertSame(expected, twice));
    }

    private sealed class CrashException : Exception;
}
