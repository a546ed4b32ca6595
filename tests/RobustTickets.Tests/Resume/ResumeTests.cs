// What --resume does with the folders it may meet: finished, without a checkpoint, killed between
// stages, damaged, begun with something else. In this process, by exit code.
using RobustTickets.Cli;
using RobustTickets.Pipeline;
using RobustTickets.Tests.Cli;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class ResumeTests(WholeRun whole) : IClassFixture<WholeRun>, IDisposable
{
    private static readonly Recipe Recipe = TinyTask.SearchRecipe;
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    private string Whole => whole.Of(Recipe).Folder;

    [Fact]
    public void A_finished_run_prints_its_result_and_changes_nothing()
    {
        var run = _task.NewRun();
        var first = Train(Recipe, run, resume: false);
        Assert.True(first.Code == ExitCodes.Ok, first.ToString());
        var before = Contents(run);
        var again = Train(Recipe, run);
        Assert.Equal((ExitCodes.Ok, first.Out), (again.Code, again.Out));
        Assert.Equal(before, Contents(run));
        Assert.Contains("tiny-ticket on sst2", again.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_finished_run_is_not_passed_off_as_the_result_of_another_recipe()
    {
        var run = _task.NewRun();
        Assert.Equal(ExitCodes.Ok, Train(Recipe, run, resume: false).Code);
        AssertRefused(ExitCodes.Usage, "another recipe", Train(Recipe with { Seed = 8 }, run));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_a_checkpoint_it_starts_afresh(bool beforeTheRecipeWasWritten)
    {
        var run = _task.NewRun();
        Crash(run, "search", step: 3, every: 0);
        Assert.Empty(RunFiles.Checkpoints(run));
        Assert.Equal(3, RunFiles.Steps(run, "search").Length);
        if (beforeTheRecipeWasWritten)
            File.Delete(Path.Combine(run, "recipe.json"));
        else
            AssertRefused(ExitCodes.Usage, "another recipe", Train(Recipe with { Seed = 8 }, run));
        AssertOk(Train(Recipe, run));
        RunFiles.AssertSame(Whole, run);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Killed_between_ticket_and_retraining_it_goes_on(bool ticketWritten)
    {
        // The moment between two stages, made from its parts: the search's last checkpoint, the
        // whole search in the log, and the ticket already there or not yet.
        var run = _task.NewRun();
        Crash(run, "search", step: 6, every: 4);
        var log = Path.Combine(run, "events.jsonl");
        var search = File.ReadAllLines(Path.Combine(Whole, "events.jsonl"))
            .TakeWhile(line => !line.Contains("\"stage\":\"retrain\"", StringComparison.Ordinal));
        File.AppendAllLines(log, search.Skip(File.ReadAllLines(log).Length));
        if (ticketWritten)
            RunFiles.Copy(Path.Combine(Whole, "ticket"), Path.Combine(run, "ticket"));
        Assert.Single(RunFiles.Checkpoints(run));
        AssertOk(Train(Recipe, run));
        RunFiles.AssertSame(Whole, run);
    }

    [Fact]
    public void Killed_between_model_and_result_it_goes_on()
    {
        var run = _task.NewRun();
        RunFiles.Copy(Whole, run);
        File.Delete(Path.Combine(run, "result.json"));
        AssertOk(Train(Recipe, run));
        RunFiles.AssertSame(Whole, run);
    }

    [Fact]
    public void A_torn_last_line_of_the_log_does_not_matter()
    {
        foreach (var every in new[] { 0, 4 })
        {
            var run = _task.NewRun();
            Crash(run, "search", step: 6, every);
            File.AppendAllText(Path.Combine(run, "events.jsonl"), "{\"event\":\"step\",\"sta");
            AssertOk(Train(Recipe, run));
            RunFiles.AssertSame(Whole, run);
        }
    }

    [Fact]
    public void A_log_shorter_than_the_checkpoint_says_is_refused()
    {
        var run = Crashed();
        var log = Path.Combine(run, "events.jsonl");
        File.WriteAllLines(log, File.ReadAllLines(log)[..2]);
        AssertRefused(ExitCodes.Data, "events.jsonl", Train(Recipe, run));
    }

    [Fact]
    public void What_a_killed_writer_left_behind_is_removed()
    {
        var run = Crashed();
        foreach (
            var left in new[]
            {
                ".ticket.tmp-77-1",
                ".model.tmp-77-2",
                Path.Combine("checkpoints", ".checkpoint-9.tmp-77-3"),
            }
        )
        {
            Directory.CreateDirectory(Path.Combine(run, left));
            File.WriteAllText(Path.Combine(run, left, "model.safetensors"), "half");
        }
        foreach (var left in new[] { ".recipe.json.tmp-77-0", ".result.json.tmp-77-0", ".environment.json.tmp-77-0" })
            File.WriteAllText(Path.Combine(run, left), "{");
        AssertOk(Train(Recipe, run));
        RunFiles.AssertSame(Whole, run);
    }

    public static TheoryData<string, int> Damages() =>
        new()
        {
            { "state.json", 100 },
            { "state.json", 0 },
            { "state.json", -1 },
            { "model.safetensors", 5000 },
            { "optimizer.safetensors", 4 },
            { "snapshots.safetensors", 0 },
        };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_checkpoint_is_refused_by_name_and_the_older_one_still_serves(string file, int keep)
    {
        var run = _task.NewRun();
        Crash(run, "search", step: 7, every: 3);
        var checkpoints = RunFiles.Checkpoints(run);
        Assert.Equal(["checkpoint-6", "checkpoint-3"], checkpoints.Select(Path.GetFileName));
        var damaged = Path.Combine(checkpoints[0], file);
        if (keep < 0)
            File.Delete(damaged);
        else
            File.WriteAllBytes(damaged, File.ReadAllBytes(damaged)[..keep]);
        AssertRefused(ExitCodes.Data, damaged, Train(Recipe, run));
        Directory.Delete(checkpoints[0], recursive: true);
        AssertOk(Train(Recipe, run));
        RunFiles.AssertSame(Whole, run);
    }

    [Fact]
    public void A_state_that_is_json_but_no_state_is_refused_by_name()
    {
        var run = Crashed();
        var file = Path.Combine(RunFiles.Unsealed(run), "state.json");
        File.WriteAllText(file, "{}");
        AssertRefused(ExitCodes.Data, file, Train(Recipe, run));
    }

    [Fact]
    public void A_missing_or_broken_ticket_is_refused_by_name_once_it_is_needed()
    {
        var run = _task.NewRun();
        Crash(run, "retrain", step: 2, every: 0);
        var ticket = Path.Combine(run, "ticket", "ticket.json");
        var good = File.ReadAllText(ticket);
        foreach (
            var bad in new[]
            {
                "{",
                "{}",
                "[]",
                good.Replace("\"heads_kept\":[[", "\"heads_kept\":[[99,", StringComparison.Ordinal),
                good.Replace("\"heads_kept\":[[", "\"heads_kept\":[[0.5,", StringComparison.Ordinal),
            }
        )
        {
            File.WriteAllText(ticket, bad);
            AssertRefused(ExitCodes.Data, ticket, Train(Recipe, run));
        }
        File.Delete(ticket);
        AssertRefused(ExitCodes.Data, ticket, Train(Recipe, run));
        File.WriteAllText(ticket, good);
        AssertOk(Train(Recipe, run));
        RunFiles.AssertSame(Whole, run);
    }

    [Fact]
    public void Another_recipe_is_refused()
    {
        var run = Crashed();
        AssertRefused(ExitCodes.Usage, "another recipe", Train(Recipe with { BatchSize = 16 }, run));
        var refused = AssertRefused(
            ExitCodes.Usage,
            "another recipe",
            Train(Recipe, run, true, "--set", "retrain.optimizer.learning-rate=1e-4")
        );
        Assert.Contains(run, refused.Error, StringComparison.Ordinal);
        AssertOk(Train(Recipe, run));
    }

    [Theory]
    [InlineData("train")]
    [InlineData("dev")]
    [InlineData("limit")]
    [InlineData("vocabulary")]
    [InlineData("weights")]
    public void Other_inputs_are_refused(string changed)
    {
        var run = Crashed();
        var more = Array.Empty<string>();
        switch (changed)
        {
            case "train":
                File.AppendAllText(_task.TrainFile, "a good film .\t1\n");
                break;
            case "dev":
                File.AppendAllText(_task.DevFile, "a good film .\t1\n");
                break;
            case "limit":
                more = ["--limit", "150"];
                break;
            case "vocabulary":
                var vocabulary = Path.Combine(_task.Model, "vocab.txt");
                var words = File.ReadAllLines(vocabulary);
                (words[5], words[6]) = (words[6], words[5]);
                File.WriteAllLines(vocabulary, words);
                break;
            case "weights":
                var weights = Path.Combine(_task.Model, "model.safetensors");
                var bytes = File.ReadAllBytes(weights);
                bytes[^2] ^= 0x40;
                File.WriteAllBytes(weights, bytes);
                break;
        }
        AssertRefused(ExitCodes.Data, "changed", Train(Recipe, run, true, more));
    }

    [Fact]
    public void Without_resume_a_run_is_not_overwritten()
    {
        var run = Crashed();
        var before = Contents(run);
        AssertRefused(ExitCodes.Usage, "--resume", Train(Recipe, run, resume: false));
        Assert.Equal(before, Contents(run));
        AssertRefused(ExitCodes.Usage, "no such run", Train(Recipe, _task.Below("nowhere")));
    }

    private string Crashed()
    {
        var run = _task.NewRun();
        Crash(run, "search", step: 6, every: 4);
        Assert.Single(RunFiles.Checkpoints(run));
        return run;
    }

    /// <summary>A run that ended without a checkpoint after a step.</summary>
    private void Crash(string run, string stage, long step, int every) =>
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(_task.Request(Recipe, run, every: every), new Crash(stage, step), CancellationToken.None)
        );

    private CliRun Train(Recipe recipe, string run, bool resume = true, params string[] more) =>
        CliRun.Of([.. _task.Arguments(recipe, run, 4, more), .. resume ? new[] { "--resume" } : []]);

    private static void AssertOk(CliRun run) => Assert.True(run.Code == ExitCodes.Ok, run.ToString());

    private static CliRun AssertRefused(int code, string named, CliRun run)
    {
        Assert.True(run.Code == code, run.ToString());
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Out);
        return run;
    }

    private static Dictionary<string, string> Contents(string run) =>
        Directory
            .EnumerateFiles(run, "*", SearchOption.AllDirectories)
            .ToDictionary(f => f, f => Convert.ToBase64String(File.ReadAllBytes(f)));
}
