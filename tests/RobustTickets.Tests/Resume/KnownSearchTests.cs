// A search that another run made before is taken from there: what comes out is, byte for byte, what
// a search of one's own gives, and whatever stands in the way leads to a search of one's own.
using System.Text.Json.Nodes;
using RobustTickets.Pipeline;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class KnownSearchTests : IDisposable
{
    private static readonly SlimmingSearchOptions Search = (SlimmingSearchOptions)TinyTask.SearchRecipe.Search!;
    private static readonly Recipe Whole = Stopping(new AnchorStop(Epsilon: 1e-9, Next: 2));

    private readonly TinyTask _task = new();

    private string Runs => _task.Below("runs");

    public void Dispose() => _task.Dispose();

    public static TheoryData<string> Others => ["settles early", "never settles", "half an epoch", "draws otherwise"];

    private static Recipe Other(string name) =>
        name switch
        {
            "settles early" => Stopping(new ConsecutiveStop(Gamma: 1, Times: 3)),
            "never settles" => Stopping(new ConsecutiveStop(Gamma: 1e-9, Times: 4)),
            "half an epoch" => Stopping(new FixedStop(0.5)),
            _ => Stopping(Search.Stop) with { Draw = new DrawOptions(0.5, 0.2), Name = "other-ratios" },
        };

    [Theory]
    [MemberData(nameof(Others))]
    public void A_search_that_was_made_is_not_made_again_and_gives_the_same(string other)
    {
        var source = Run(Whole, "source");
        var taken = Run(Other(other), "taken", Runs);
        var own = Run(Other(other), "own");
        Assert.Equal(Path.GetFileName(source), Fact(taken, EnvironmentFacts.SearchSource));
        Assert.Null(Fact(own, EnvironmentFacts.SearchSource));
        Assert.Equal(Fact(source, EnvironmentFacts.Search), Fact(own, EnvironmentFacts.Search));
        RunFiles.AssertSame(own, taken);
        // The steps are those of the source, their seconds among them.
        Assert.Equal(Seconds(source).Take(Seconds(taken).Length), Seconds(taken));
        Assert.NotEmpty(Seconds(taken));
    }

    [Fact]
    public void A_search_that_settled_says_from_where()
    {
        var notes = new List<string>();
        var request = Request(Other("settles early"), _task.NewRun("settled"), null);
        RecipeRunner.Run(request, new SyncProgress<RunEvent>(e => Say(e, notes)), default);
        var masks = RunFiles
            .Events(request.Output)
            .Select(l => JsonNode.Parse(l)!)
            .Where(e => (string?)e["event"] == "mask")
            .Select(e => (long)e["step"]!)
            .ToArray();
        // Three distances between four snapshots.
        Assert.Equal(4, masks.Length);
        Assert.Contains(notes, n => n.Contains($"masks settled from step {masks[0]} (", StringComparison.Ordinal));
    }

    [Fact]
    public void A_run_that_goes_on_in_another_precision_says_so_and_hands_its_search_to_nobody()
    {
        var request = Request(Whole, _task.NewRun("mixed"), null);
        StopAt(request, "search", 3);
        var file = Path.Combine(request.Output, "environment.json");
        var stamp = EnvironmentStamp.Load(file);
        Assert.NotNull(Fact(request.Output, EnvironmentFacts.Search));
        // As if it had been begun on a machine that multiplies in bf16.
        (stamp with { Extra = new Dictionary<string, string>(stamp.Extra) { ["precision"] = "bf16" } }).Save(file);
        var notes = new List<string>();
        StopAt(request with { Resume = true }, "search", 5, notes);
        Assert.Contains($"started with precision bf16, resumed with {stamp.Extra["precision"]}", notes);
        notes.Clear();
        RecipeRunner.Run(request with { Resume = true }, new SyncProgress<RunEvent>(e => Say(e, notes)), default);
        Assert.DoesNotContain(notes, n => n.Contains("resumed with", StringComparison.Ordinal));
        Assert.Equal($"bf16, then {stamp.Extra["precision"]}", Fact(request.Output, "precision"));
        Assert.Null(Fact(request.Output, EnvironmentFacts.Search));
    }

    private static void Say(RunEvent e, List<string> notes)
    {
        if (e is Note note)
            notes.Add(note.Text);
    }

    private static void StopAt(TrainRequest request, string stage, int step, List<string>? notes = null)
    {
        using var stop = new CancellationTokenSource();
        var progress = new SyncProgress<RunEvent>(e =>
        {
            Say(e, notes ?? []);
            if (e is StepDone done && done.Stage == stage && done.Step == step)
                stop.Cancel();
        });
        Assert.ThrowsAny<OperationCanceledException>(() => RecipeRunner.Run(request, progress, stop.Token));
    }

    [Fact]
    public void Stopped_after_it_the_run_goes_on_to_the_same()
    {
        Run(Whole, "source");
        var request = Request(Other("settles early"), _task.NewRun("stopped"), Runs);
        StopAt(request, "retrain", 3);
        RecipeRunner.Run(request with { Resume = true }, null, default);
        RunFiles.AssertSame(Run(Other("settles early"), "own"), request.Output);
    }

    [Fact]
    public void What_sees_something_else_or_needs_more_steps_searches_itself()
    {
        var source = Run(Other("settles early"), "source");
        foreach (
            var recipe in new[]
            {
                Whole, // longer than what was made
                Other("settles early") with
                {
                    Seed = 8,
                },
                Other("settles early") with
                {
                    MaxLength = 16,
                },
                Other("settles early") with
                {
                    Search = Searching(new ConsecutiveStop(1, 3)) with { Shuffle = false },
                },
            }
        )
            Assert.Null(Fact(Run(recipe, "other", Runs), EnvironmentFacts.SearchSource));

        // A run that is not finished, or broken, gives nothing, and fails nothing.
        var log = Path.Combine(source, "events.jsonl");
        var whole = File.ReadAllText(log);
        foreach (var broken in new[] { "{", whole.Replace("\"flops\"", "\"flips\"", StringComparison.Ordinal) })
        {
            File.WriteAllText(log, broken + "\n" + broken);
            Assert.Null(Fact(Run(Other("settles early"), "beside", source: source), EnvironmentFacts.SearchSource));
        }
        File.WriteAllText(log, whole);
        File.Delete(Path.Combine(source, "result.json"));
        Assert.Null(Fact(Run(Other("settles early"), "beside", source: source), EnvironmentFacts.SearchSource));
    }

    private static SlimmingSearchOptions Searching(StopOptions stop) => Search with { Stop = stop };

    private static Recipe Stopping(StopOptions stop) => TinyTask.SearchRecipe with { Search = Searching(stop) };

    private TrainRequest Request(Recipe recipe, string run, string? searches) =>
        _task.Request(recipe, run) with
        {
            Searches = searches,
        };

    // With a source, in a folder where that is the only other run.
    private string Run(Recipe recipe, string name, string? searches = null, string? source = null)
    {
        var run = _task.NewRun(name);
        if (source is not null)
        {
            searches = _task.Below(Path.GetFileName(run) + "-alone");
            RunFiles.Copy(source, Path.Combine(searches, "source"));
        }
        RecipeRunner.Run(Request(recipe, run, searches), null, default);
        return run;
    }

    private static string? Fact(string run, string name) =>
        (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(run, "environment.json")))!["extra"]![name];

    private static double[] Seconds(string run) =>
        [
            .. EventLog
                .ReadEntries(Path.Combine(run, "events.jsonl"))
                .OfType<StepEntry>()
                .Where(s => s.Stage == "search")
                .Select(s => s.Seconds),
        ];
}
