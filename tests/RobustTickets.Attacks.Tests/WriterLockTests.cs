using Xunit;

namespace RobustTickets.Attacks.Tests;

public sealed class WriterLockTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lock").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_has_one_writer_who_is_named_and_leaves_nothing()
    {
        using (WriterLock.Take(_folder))
        {
            var refused = Assert.Throws<FolderInUseException>(() => WriterLock.Take(_folder));
            Assert.Equal($"process {Environment.ProcessId} on {Environment.MachineName}", refused.Holder);
            Assert.StartsWith($"{_folder}: process ", refused.Message, StringComparison.Ordinal);
            Assert.Throws<FolderInUseException>(() => WriterLock.Take(_folder));
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
        using var again = WriterLock.Take(_folder);
        Assert.True(again.IsHeld);
    }

    [Fact]
    public void A_folder_that_was_replaced_is_not_held_any_more_and_the_new_one_is_left_alone()
    {
        var folder = Path.Combine(_folder, "run");
        Directory.CreateDirectory(folder);
        using var first = WriterLock.Take(folder);
        Directory.Delete(folder, recursive: true);
        Assert.False(first.IsHeld);
        Assert.Throws<OutputException>(first.Require);
        Directory.CreateDirectory(folder);
        using var second = WriterLock.Take(folder);
        Assert.False(first.IsHeld);
        Assert.True(second.IsHeld);
    }

    [Fact]
    public void A_lock_that_a_killed_process_left_is_free()
    {
        File.WriteAllText(Path.Combine(_folder, ".lock"), "");
        File.WriteAllText(Path.Combine(_folder, ".writer"), "process 1 on elsewhere\nmark\n");
        using var held = WriterLock.Take(_folder);
        Assert.True(held.IsHeld);
    }
}
