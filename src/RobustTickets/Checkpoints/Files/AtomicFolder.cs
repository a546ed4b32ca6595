// Like AtomicFile, for a folder: a checkpoint or model is complete or absent. The folder is filled
// under a temporary name next to its final one, all its files and folders are flushed, and one
// rename publishes it.
using RobustTickets.Attacks;

namespace RobustTickets.Checkpoints.Files;

/// <summary>Creates folders that get their name only when complete and on disk.</summary>
internal static class AtomicFolder
{
    /// <summary>
    /// Restores folder names after a crash between the two renames of a replacement, when the new
    /// and the old folder both have temporary names. Only folders with valid checksums are
    /// restored. Call before deleting leftovers.
    /// </summary>
    /// <param name="parent">Their parent folder; it may be missing.</param>
    /// <exception cref="CheckpointException">A folder cannot be read or renamed.</exception>
    public static void Recover(string parent)
    {
        if (!Directory.Exists(parent))
            return;
        var pairs = Directory
            .EnumerateDirectories(parent)
            .Select(path => (Path: path, Of: WholeFile.Temporary(Path.GetFileName(path))))
            .Where(folder => folder.Of is not null)
            .GroupBy(folder => (folder.Of!.Value.Name, folder.Of.Value.Writer))
            .Where(pair => pair.Count() > 1)
            .ToArray();
        foreach (var pair in pairs)
        {
            var full = Path.Combine(parent, pair.Key.Name);
            if (Path.Exists(full))
                continue;
            // The two folders of the last replacement; the new one, named first, is preferred.
            var last = pair.OrderBy(folder => folder.Of!.Value.Serial).TakeLast(2);
            try
            {
                if (last.FirstOrDefault(folder => IsWhole(folder.Path)).Path is not { } whole)
                    continue;
                WholeFile.Rename(() => Directory.Move(whole, full));
                Disk.FlushFolder(parent);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CheckpointException(
                    $"{full}: was being replaced when the program crashed, and cannot be restored: {e.Message}",
                    e
                );
            }
        }
    }

    private static bool IsWhole(string folder)
    {
        try
        {
            FolderChecksums.Verify(folder);
            return File.Exists(Path.Combine(folder, FolderChecksums.FileName));
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    /// <summary>Creates a folder atomically.</summary>
    /// <param name="path">The new folder. Missing parents are created.</param>
    /// <param name="fill">Fills the temporary folder; if it throws, the old folder, if any, stays
    /// unchanged. Its exceptions are not changed: it reads with <see cref="SourceFile"/> and writes
    /// with <see cref="AtomicFile"/>, whose errors name the file.</param>
    /// <param name="replace">Whether an existing, non-empty folder may be replaced; an empty one
    /// always may.</param>
    /// <exception cref="CheckpointException">The folder exists, its parent cannot be written, or
    /// the disk is full; path and reason named.</exception>
    public static void Create(string path, Action<string> fill, bool replace = false)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var parent =
            Path.GetDirectoryName(full)
            ?? throw new CheckpointException($"{path}: is a root folder; a folder name below it is needed")
            {
                OfOutput = true,
            };
        if (File.Exists(full))
            throw new CheckpointException($"{path}: is a file and cannot be replaced by a folder") { OfOutput = true };
        var occupied = Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any();
        if (occupied && !replace)
            throw new CheckpointException($"{path}: exists and is not empty; choose another folder or remove it")
            {
                OfOutput = true,
            };

        var temporary = WholeFile.TemporaryName(full);
        string? aside = null;
        var (done, isEmpty) = (false, false);
        try
        {
            Disk.Writing(
                path,
                () =>
                {
                    Disk.CreateFolder(parent);
                    Directory.CreateDirectory(temporary);
                }
            );
            fill(temporary);
            Disk.Writing(
                path,
                () =>
                {
                    Disk.FlushTree(temporary);
                    if (Directory.Exists(full) && !replace)
                    {
                        // Fails if another program has filled the folder in the meantime.
                        Directory.Delete(full, recursive: false);
                        isEmpty = true;
                    }
                    else if (Directory.Exists(full))
                    {
                        // A rename cannot replace a non-empty folder: the old one is renamed first.
                        aside = WholeFile.TemporaryName(full);
                        WholeFile.Rename(() => Directory.Move(full, aside));
                    }
                    WholeFile.Rename(() => Directory.Move(temporary, full));
                    done = true;
                    Disk.FlushFolder(parent);
                }
            );
        }
        finally
        {
            if (!done)
            {
                WholeFile.TryDelete(temporary);
                if (aside is not null && Directory.Exists(aside) && !Directory.Exists(full))
                    WholeFile.Rename(() => Directory.Move(aside, full));
                if (isEmpty)
                    Directory.CreateDirectory(full);
            }
            else if (aside is not null)
            {
                WholeFile.TryDelete(aside);
            }
        }
    }
}
