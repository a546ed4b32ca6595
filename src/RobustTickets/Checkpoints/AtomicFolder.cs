// As AtomicFile, for a folder: a checkpoint or a model is there completely or not at all. The
// folder is filled under a temporary name beside its final one, every file and folder in it is
// flushed to the disk, and one rename makes it visible.

namespace RobustTickets.Checkpoints;

/// <summary>Creates folders that appear under their name only when complete and on disk.</summary>
internal static class AtomicFolder
{
    /// <summary>Creates a folder with what <paramref name="fill"/> puts into it.</summary>
    /// <param name="path">The new folder. Missing parents are created.</param>
    /// <param name="fill">Is given the temporary folder and fills it; if it throws, nothing is left
    /// behind and an old folder stays.</param>
    /// <param name="replace">Whether an existing, non-empty folder may be replaced; otherwise it is
    /// refused. An empty one always may.</param>
    /// <exception cref="CheckpointException">The folder exists, the place cannot be written, or the
    /// disk is full; path and reason named.</exception>
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
            throw new CheckpointException($"{path}: is a file; a folder cannot take its place") { OfOutput = true };
        var occupied = Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any();
        if (occupied && !replace)
            throw new CheckpointException($"{path}: exists and is not empty; choose another folder or remove it")
            {
                OfOutput = true,
            };

        var temporary = AtomicFile.TemporaryName(full);
        string? aside = null;
        var done = false;
        try
        {
            Directory.CreateDirectory(parent);
            Directory.CreateDirectory(temporary);
            fill(temporary);
            Disk.FlushTree(temporary);
            if (Directory.Exists(full))
            {
                // A non-empty folder cannot be renamed over in one step: the old one steps aside
                // for the moment between two renames.
                aside = AtomicFile.TemporaryName(full);
                Directory.Move(full, aside);
            }
            Directory.Move(temporary, full);
            done = true;
            Disk.FlushFolder(parent);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be written: {e.Message}", e) { OfOutput = true };
        }
        finally
        {
            if (!done)
            {
                Disk.TryDelete(temporary);
                if (aside is not null && Directory.Exists(aside) && !Directory.Exists(full))
                    Directory.Move(aside, full);
            }
            else if (aside is not null)
            {
                Disk.TryDelete(aside);
            }
        }
    }

    /// <summary>
    /// Removes what writers killed in the middle left in <paramref name="parent"/> (temporary files
    /// and folders). Only for the owner of the folder, while
    /// nothing else writes to it: at the start of a run or of its continuation.
    /// </summary>
    /// <returns>The names removed.</returns>
    public static IReadOnlyList<string> RemoveLeftovers(string parent)
    {
        if (!Directory.Exists(parent))
            return [];
        var removed = new List<string>();
        foreach (var entry in Directory.EnumerateFileSystemEntries(parent).Order(StringComparer.Ordinal).ToArray())
        {
            var name = Path.GetFileName(entry);
            if (!IsTemporary(name))
                continue;
            Disk.TryDelete(entry);
            removed.Add(name);
        }
        return removed;
    }

    private static bool IsTemporary(string name)
    {
        var at = name.LastIndexOf(AtomicFile.TemporaryMark, StringComparison.Ordinal);
        if (at <= 0 || name[0] != '.')
            return false;
        var numbers = name[(at + AtomicFile.TemporaryMark.Length)..].Split('-');
        return numbers.Length == 2 && numbers.All(n => n.Length > 0 && n.All(char.IsAsciiDigit));
    }
}
