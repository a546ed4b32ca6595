// A crash between the two renames of AtomicFolder: both copies lie there under temporary names.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Runs;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class InterruptedReplacementTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static FileStreamOptions Held => new() { Access = FileAccess.ReadWrite, Share = FileShare.None };

    private string Checkpoints => RunFolder.At(folder.Path).CheckpointsFolder;

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_newest_checkpoint_is_the_one_that_was_being_replaced()
    {
        Make("checkpoint-5", events: 1);
        Make(".checkpoint-7.tmp-11-12", events: 3); // the old one, which stepped aside
        Make(".checkpoint-7.tmp-11-9", events: 2);
        var newest = RunCheckpoint.Newest(RunFolder.At(folder.Path));
        Assert.Equal(Path.Combine(Checkpoints, "checkpoint-7"), newest?.Path);
        Assert.Equal(2, newest?.State.EventsLength);
        Assert.Equal(["checkpoint-5", "checkpoint-7"], Names());
    }

    [Fact]
    public void Of_two_copies_the_whole_one_is_taken()
    {
        Make(".checkpoint-7.tmp-11-9", events: 2);
        Make(".checkpoint-7.tmp-11-12", events: 3);
        File.AppendAllText(Path.Combine(Checkpoints, ".checkpoint-7.tmp-11-9", "state.json"), " ");
        Assert.Equal(3, RunCheckpoint.Newest(RunFolder.At(folder.Path))?.State.EventsLength);
        Assert.Equal(["checkpoint-7"], Names());
    }

    [Fact]
    public void Copies_that_cannot_be_read_are_kept()
    {
        Make(".checkpoint-7.tmp-11-9", events: 2);
        Make(".checkpoint-7.tmp-11-12", events: 3);
        using (File.Open(Path.Combine(Checkpoints, ".checkpoint-7.tmp-11-9", "state.json"), Held))
            Assert.Contains(
                "cannot be restored",
                Assert.Throws<CheckpointException>(() => RunCheckpoint.Newest(RunFolder.At(folder.Path))).Message,
                StringComparison.Ordinal
            );
        Assert.Equal(2, RunCheckpoint.Newest(RunFolder.At(folder.Path))?.State.EventsLength);
    }

    [Fact]
    public void Of_more_than_two_copies_the_last_replacement_counts()
    {
        Make(".checkpoint-7.tmp-11-2", events: 1); // stepped aside once before, and could not be removed
        Make(".checkpoint-7.tmp-11-5", events: 2);
        Make(".checkpoint-7.tmp-11-6", events: 3);
        Assert.Equal(2, RunCheckpoint.Newest(RunFolder.At(folder.Path))?.State.EventsLength);
    }

    [Fact]
    public void What_never_had_the_name_or_is_replaced_already_is_a_leftover()
    {
        Make("checkpoint-5", events: 1);
        Make(".checkpoint-5.tmp-11-2", events: 4);
        Make(".checkpoint-5.tmp-11-3", events: 5);
        Make(".checkpoint-7.tmp-11-9", events: 2);
        Make(".checkpoint-7.tmp-12-9", events: 2);
        Assert.Equal(1, RunCheckpoint.Newest(RunFolder.At(folder.Path))?.State.EventsLength);
        Assert.Equal(["checkpoint-5"], Names());
    }

    private string[] Names() =>
        [.. Directory.EnumerateFileSystemEntries(Checkpoints).Select(e => Path.GetFileName(e)!).Order()];

    private void Make(string name, int events)
    {
        var path = Directory.CreateDirectory(Path.Combine(Checkpoints, name)).FullName;
        var state = new RunState("search", 1, 5, events, "r", "d", StageTally.Zero, [], null);
        WholeFile.Write(
            Path.Combine(path, "state.json"),
            System.Text.Json.JsonSerializer.Serialize(state, RunStateJson.Default.RunState)
        );
        FolderChecksums.Write(path);
    }
}
