using RobustTickets.Attacks;
using RobustTickets.Cli;
using RobustTickets.Models;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Runs;
using RobustTickets.Tests.Cli;
using Xunit;

namespace RobustTickets.Tests.Runs;

public sealed class RunFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("runs").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string In(string name) => Path.Combine(_root, name);

    [Fact]
    public void A_new_folder_is_made_with_its_parents_and_left_empty()
    {
        var run = RunFolder.Create(In("a/b/c"));
        Assert.True(Directory.Exists(run.Path));
        Assert.Empty(Directory.GetFileSystemEntries(run.Path));
        Assert.Equal(In("a/b/c/attacks/textfooler"), run.AttackFolder("textfooler"));
    }

    [Fact]
    public void A_folder_with_a_run_is_refused_unless_resumed()
    {
        var run = RunFolder.Create(In("run"));
        File.WriteAllText(run.RecipeFile, "{}");
        Assert.Equal((true, false), (run.HoldsRun, run.IsFinished));
        var error = Assert.Throws<RunFolderException>(() => RunFolder.Create(In("run")));
        Assert.Contains("resume", error.Message);
        Assert.Equal(["Resume", "Output"], error.Fields);
        Assert.Equal(run.Path, RunFolder.Create(In("run"), allowExisting: true).Path);
        Assert.Equal(run.Path, RunFolder.Open(In("run")).Path);
        File.WriteAllText(run.ResultFile, "{}");
        Assert.Equal((true, true), (run.HoldsRun, run.IsFinished));
    }

    [Fact]
    public void A_file_a_missing_folder_and_an_empty_folder_are_refused()
    {
        File.WriteAllText(In("file"), "");
        Assert.Contains("is a file", Assert.Throws<RunFolderException>(() => RunFolder.Create(In("file"))).Message);
        Assert.Contains(
            "cannot write",
            Assert.Throws<RunFolderException>(() => RunFolder.Create(In("file/below"))).Message
        );
        Assert.Contains(
            "no such run folder",
            Assert.Throws<RunFolderException>(() => RunFolder.Open(In("none"))).Message
        );
        Assert.Contains("holds no run", Assert.Throws<RunFolderException>(() => RunFolder.Open(_root)).Message);
        // A part of a run is not the run, and leads to it.
        var run = Directory.CreateDirectory(Path.Combine(_root, "run"));
        File.WriteAllText(Path.Combine(run.FullName, "recipe.json"), "{}");
        var model = run.CreateSubdirectory("model").FullName;
        foreach (var name in new[] { model, model + "/" })
            Assert.Equal(
                $"{name}: is part of the run {run.FullName}; name that folder",
                Assert.Throws<RunFolderException>(() => RunFolder.Open(name)).Message
            );
    }

    [Fact]
    public void A_run_without_a_model_yet_is_missing_data()
    {
        var run = RunFolder.Create(In("run"));
        File.WriteAllText(run.RecipeFile, "{}");
        var tokenize = CliRun.Of("tokenize", "--model", run.Path);
        Assert.Equal(ExitCodes.Data, tokenize.Code);
        Assert.Contains("this run has no model yet; resume it until it is finished, or name", tokenize.Error);
        Assert.Equal(["Model"], Assert.Throws<RunFolderException>(() => RunFolder.ModelOf(run.Path)).Fields);
        // A folder to write to is another matter.
        Assert.Equal(
            ExitCodes.Usage,
            ExitCodes.Of(Assert.Throws<RunFolderException>(() => RunFolder.Create(run.Path)), 0)
        );
    }

    [SkippableFact]
    public void An_unwritable_folder_is_refused()
    {
        // /proc refuses new folders for every user, root included.
        Skip.IfNot(Directory.Exists("/proc/self"), "this system has no /proc");
        Assert.Contains(
            "cannot write",
            Assert.Throws<RunFolderException>(() => RunFolder.Create("/proc/robust-tickets-run")).Message
        );
    }

    [Fact]
    public void Too_little_disk_is_refused_early()
    {
        var needs = new MachineNeeds(new TrainingMemory(1, 1), DiskBytes: 1 << 20);
        needs.RequireDisk("run", 1 << 20);
        var refused = Assert.Throws<RunFolderException>(() => needs.RequireDisk("run", (1 << 20) - 1));
        Assert.Contains("run: not enough disk space: this run needs up to 1 MiB", refused.Message);
        Assert.Equal(["Output"], refused.Fields);
    }

    [Fact]
    public void A_result_survives_a_round_trip()
    {
        var result = new RunResult(
            1,
            "early-robust",
            "sst2",
            "source",
            42,
            "finished",
            new ModelSummary("base", 10, 5, 2, 4, 2, 8, 2),
            [new StageSummary("search", 3, 0.3, 100, 1.5, 66.7, 15, 15, 15, 1e9, double.NaN)],
            new TicketSummary("consecutive5", 3, 0.3, 3, 0.3, true, 4, 3, 16, 12, [1, 2], [6, 6]),
            0.9,
            null,
            "dev",
            872,
            DateTimeOffset.UnixEpoch
        );
        var file = In("result.json");
        result.Save(file);
        Assert.Equivalent(result, RunResult.Load(file), strict: true);
        Assert.Contains("\"clean_test\": null", File.ReadAllText(file));
        Assert.Single(Directory.GetFiles(_root));

        (result with { SchemaVersion = 99 }).Save(file);
        Assert.Contains("schema_version is 99", Assert.Throws<DataException>(() => RunResult.Load(file)).Message);
        File.WriteAllText(file, """{ "schema_version": "2026", "of": "other members" }""");
        Assert.Contains(
            "schema_version is \"2026\", but this program reads 1",
            Assert.Throws<DataException>(() => RunResult.Load(file)).Message
        );
        File.WriteAllText(file, "{");
        Assert.Contains(file, Assert.Throws<DataException>(() => RunResult.Load(file)).Message);
        Assert.Contains("no such file", Assert.Throws<DataException>(() => RunResult.Load(In("none.json"))).Message);
    }

    [Fact]
    public void The_environment_is_stamped_with_the_callers_facts()
    {
        var stamp = EnvironmentStamp.Collect(
            new Dictionary<string, string> { ["libtorch"] = "1.13.1", ["blas"] = "x" }
        );
        stamp.Save(In("environment.json"));
        var read = EnvironmentStamp.Load(In("environment.json"));
        Assert.Equal(["blas", "libtorch"], read.Extra.Keys);
        Assert.True(read.Cores >= 1 && read.MemoryBytes > 0);
        Assert.StartsWith(".NET", read.Framework);
        Assert.Matches(@"^\d+\.\d+\.\d+", read.Version);
    }

    [Fact]
    public void The_base_checkpoint_is_found_where_it_was_given()
    {
        var there = Directory.CreateDirectory(In("some bert")).FullName;
        EnvironmentStamp.Collect(start: BaseCheckpoint.Of(there + "/")).Save(In("environment.json"));
        var read = EnvironmentStamp.Load(In("environment.json"));
        Assert.Equal(new BaseCheckpoint("some bert", there + "/", there), read.Base);
        Assert.Equal(there, read.BaseFolder());
        Directory.Delete(there);
        Assert.Null(read.BaseFolder());
    }
}
