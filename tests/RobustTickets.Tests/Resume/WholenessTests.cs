// What a run folder is safe from: a second writer, a flipped bit, its own removal.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Pipeline;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class WholenessTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Fact]
    public void A_second_writer_is_refused_by_name_and_touches_nothing()
    {
        var run = _task.NewRun();
        var checkedAt = 0;
        var progress = new SyncProgress<RunEvent>(happened =>
        {
            if (happened is not StepDone { Step: 5 } || checkedAt++ > 0)
                return;
            var before = Snapshot(run);
            var refused = Assert.Throws<FolderInUseException>(() =>
                RecipeRunner.Run(_task.Request(TinyTask.FineTuneRecipe, run, resume: true), null, default)
            );
            Assert.Equal($"process {Environment.ProcessId} on {Environment.MachineName}", refused.Holder);
            Assert.Equal(before, Snapshot(run));
        });
        RecipeRunner.Run(_task.Request(TinyTask.FineTuneRecipe, run), progress, default);
        Assert.Equal(1, checkedAt);
        // Given back in the end, and nothing of the lock is left.
        RecipeRunner.Run(_task.Request(TinyTask.FineTuneRecipe, run, resume: true), null, default);
        Assert.DoesNotContain(Directory.EnumerateFiles(run), f => Path.GetFileName(f)[0] == '.');
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("state.json")]
    public void Flipped_bit_in_newest_checkpoint_is_refused_and_the_older_one_goes_on(string file)
    {
        var recipe = TinyTask.FineTuneRecipe;
        var whole = _task.NewRun("whole");
        RecipeRunner.Run(_task.Request(recipe, whole), null, default);
        var run = _task.NewRun();
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(_task.Request(recipe, run), new Crash("retrain", 9), default)
        );
        var checkpoints = RunFiles.Checkpoints(run);
        Assert.Equal(2, checkpoints.Length);
        var damaged = Path.Combine(checkpoints[0], file);
        Flip(damaged);
        var refused = Assert.Throws<CheckpointException>(() =>
            RecipeRunner.Run(_task.Request(recipe, run, resume: true), null, default)
        );
        Assert.StartsWith($"{damaged}: does not match its checksum", refused.Message, StringComparison.Ordinal);
        Assert.Contains(
            $"to resume from {Path.GetFileName(checkpoints[1])}",
            refused.Message,
            StringComparison.Ordinal
        );
        Directory.Delete(checkpoints[0], recursive: true);
        RecipeRunner.Run(_task.Request(recipe, run, resume: true), null, default);
        RunFiles.AssertSame(whole, run);
    }

    [Fact]
    public void Checkpoints_of_before_there_were_checksums_go_on()
    {
        var run = _task.NewRun();
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(_task.Request(TinyTask.FineTuneRecipe, run), new Crash("retrain", 9), default)
        );
        foreach (var checkpoint in RunFiles.Checkpoints(run))
            File.Delete(Path.Combine(checkpoint, FolderChecksums.FileName));
        RecipeRunner.Run(_task.Request(TinyTask.FineTuneRecipe, run, resume: true), null, default);
        Assert.True(File.Exists(RunFolder.Open(run).ResultFile));
    }

    [Fact]
    public void Flipped_bit_in_the_model_of_a_finished_run_is_refused_wherever_it_is_opened()
    {
        var run = _task.NewRun();
        RecipeRunner.Run(_task.Request(TinyTask.FineTuneRecipe, run), null, default);
        var folder = RunFolder.Open(run);
        Flip(Path.Combine(folder.ModelFolder, "model.safetensors"));
        foreach (
            var open in new Action[]
            {
                () => Classifier.Load(folder.ModelFolder).Dispose(),
                () => HuggingFaceFolder.Open(folder.ModelFolder).Dispose(),
                () => RecipeRunner.Run(_task.Request(TinyTask.FineTuneRecipe, run, resume: true), null, default),
            }
        )
            Assert.Contains(
                "model.safetensors: does not match its checksum",
                Assert.Throws<CheckpointException>(open).Message,
                StringComparison.Ordinal
            );
    }

    [Theory]
    [InlineData(3, "")]
    [InlineData(9, "")]
    [InlineData(9, "events.jsonl")]
    public void Run_whose_files_are_removed_under_it_does_not_finish(int step, string file)
    {
        var run = _task.NewRun();
        var progress = new SyncProgress<RunEvent>(happened =>
        {
            if (happened is not StepDone done || done.Step != step)
                return;
            if (file.Length > 0)
                File.Delete(Path.Combine(run, file));
            else
                Directory.Delete(run, recursive: true);
        });
        Assert.Contains(
            "removed",
            Assert
                .Throws<OutputException>(() =>
                    RecipeRunner.Run(_task.Request(TinyTask.FineTuneRecipe, run), progress, default)
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.False(File.Exists(Path.Combine(run, "result.json")));
    }

    [Fact]
    public void Finished_run_drops_its_checkpoints_unless_they_are_kept_and_still_says_it_is_finished()
    {
        var run = _task.NewRun();
        var request = _task.Request(TinyTask.FineTuneRecipe, run) with { KeepCheckpoints = false };
        var result = RecipeRunner.Run(request, null, default);
        Assert.Empty(RunFiles.Checkpoints(run));
        var notes = new List<string>();
        var again = RecipeRunner.Run(
            request with
            {
                Resume = true,
            },
            new SyncProgress<RunEvent>(happened => notes.AddRange(happened.Message is { } text ? [text] : [])),
            default
        );
        Assert.Equal(result.Finished, again.Finished);
        Assert.Contains(notes, n => n.Contains("is finished", StringComparison.Ordinal));

        // Of other data or another model it is not, and the run is left as it was.
        var before = Snapshot(run);
        var model = _task.Below("other");
        TinyTask.WriteModel(model, TinyTask.Config with { IntermediateSize = TinyTask.Neurons / 2 });
        var data = Directory.CreateDirectory(_task.Below("fewer")).FullName;
        foreach (var file in new[] { _task.TrainFile, _task.DevFile })
            File.WriteAllLines(Path.Combine(data, Path.GetFileName(file)), File.ReadLines(file).SkipLast(1));
        foreach (var other in new[] { request with { Model = model }, request with { Data = data } })
            Assert.Contains(
                "changed since",
                Assert
                    .Throws<DataException>(() => RecipeRunner.Run(other with { Resume = true }, null, default))
                    .Message
            );
        Assert.Equal(before, Snapshot(run));

        var kept = _task.NewRun();
        RecipeRunner.Run(_task.Request(TinyTask.FineTuneRecipe, kept), null, default);
        Assert.NotEmpty(RunFiles.Checkpoints(kept));
    }

    private static void Flip(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[^3] ^= 4;
        File.WriteAllBytes(file, bytes);
    }

    private static string[] Snapshot(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Where(f => Path.GetFileName(f) != ".lock")
                .Order(StringComparer.Ordinal)
                .Select(f => $"{f} {new FileInfo(f).Length} {File.GetLastWriteTimeUtc(f):O}"),
        ];
}
