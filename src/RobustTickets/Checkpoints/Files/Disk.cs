// Flushing for the atomic writers. A rename is durable only after its parent folder is flushed.

using RobustTickets.Torch.Native;

namespace RobustTickets.Checkpoints.Files;

/// <summary>Flushes files and folders to disk.</summary>
internal static class Disk
{
    /// <summary>Runs what writes a file or folder.</summary>
    /// <param name="path">The file or folder, for the message.</param>
    /// <param name="write">Writes it.</param>
    /// <exception cref="CheckpointException">It cannot be written.</exception>
    public static void Writing(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be written: {e.Message}", e) { OfOutput = true };
        }
    }

    /// <summary>
    /// Flushes a folder's entries; does nothing where the system cannot (some network file systems,
    /// Windows).
    /// </summary>
    public static void FlushFolder(string folder) => _ = FolderSync.TryFlush(folder);

    /// <summary>
    /// Creates a missing folder and its parents; their names are on disk on return.
    /// </summary>
    public static void CreateFolder(string folder)
    {
        var missing = new List<string>();
        string? at = Path.GetFullPath(folder);
        for (; at is not null && !Directory.Exists(at); at = Path.GetDirectoryName(at))
            missing.Add(at);
        Directory.CreateDirectory(folder);
        foreach (var made in missing)
            FlushFolder(Path.GetDirectoryName(made) ?? made);
    }

    /// <summary>Flushes <paramref name="folder"/> and every file and folder below it.</summary>
    public static void FlushTree(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            // Unix flushes through any descriptor, and a copied file may be read-only; Windows
            // needs a writable one.
            var access = OperatingSystem.IsWindows() ? FileAccess.ReadWrite : FileAccess.Read;
            using var handle = File.OpenHandle(file, FileMode.Open, access, FileShare.ReadWrite);
            RandomAccess.FlushToDisk(handle);
        }
        foreach (var inner in Directory.EnumerateDirectories(folder))
            FlushTree(inner);
        FlushFolder(folder);
    }
}
