// Names of a run's files must be found after a power cut: the folder is flushed after each.
using RobustTickets.Checkpoints.Files;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Runs;

public sealed class FlushedNamesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flushed").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public void A_log_that_is_made_or_cut_is_in_its_folder_on_disk()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "flushes are seen by inotify");
        var path = Path.Combine(_folder, "events.jsonl");
        using var watch = new FolderWatch(_folder);
        long length;
        using (var log = EventLogWriter.Open(path, 0))
        {
            log.Append(new StageEntry("search", "begin"));
            length = log.Position;
            log.Append(new StageEntry("search", "end"));
        }
        Assert.Equal(["create events.jsonl", "open ."], watch.Events());
        EventLogWriter.Open(path, length).Dispose();
        Assert.Equal(["move events.jsonl", "open ."], watch.Events()[^2..]);
    }

    [SkippableFact]
    public void A_folder_that_is_made_is_in_its_parent_on_disk()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "flushes are seen by inotify");
        using var watch = new FolderWatch(_folder);
        var inner = Path.Combine(_folder, "runs", "a", "checkpoints");
        Disk.CreateFolder(inner);
        Assert.True(Directory.Exists(inner));
        Assert.Equal(["create runs", "open ."], watch.Events());
        Disk.CreateFolder(inner);
        Assert.Empty(watch.Events());
        AtomicFolder.Create(Path.Combine(_folder, "other", "model"), _ => { });
        Assert.Equal(["create other", "open ."], watch.Events());
    }

    [SkippableFact]
    public void What_says_that_a_run_is_finished_is_in_its_folder_on_disk()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "flushes are seen by inotify");
        using var watch = new FolderWatch(_folder);
        (EnvironmentStamp.Collect() with { Started = null }).Save(Path.Combine(_folder, "environment.json"));
        Assert.Equal(["move environment.json", "open ."], watch.Events()[^2..]);
        RunFile.Write(Path.Combine(_folder, "result.json"), "{}");
        Assert.Equal(["move result.json", "open ."], watch.Events()[^2..]);
    }
}
