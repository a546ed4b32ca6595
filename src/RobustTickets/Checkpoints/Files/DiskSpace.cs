// A training run that dies at its first checkpoint after an hour because the disk is full, or the
// folder belongs to someone else, has wasted the hour: these checks run before the work.
using RobustTickets.Attacks;

namespace RobustTickets.Checkpoints.Files;

/// <summary>Early refusal of places that cannot take what is going to be written.</summary>
internal static class DiskSpace
{
    /// <summary>
    /// Refuses a place with less free space than needed, or that cannot be written.
    /// </summary>
    /// <param name="path">A file or folder, existing or not: the nearest existing folder is looked
    /// at.</param>
    /// <param name="bytesNeeded">Bytes going to be written.</param>
    /// <exception cref="CheckpointException">Too little space (path, free and needed bytes named),
    /// or the folder cannot be written (named).</exception>
    public static void Check(string path, long bytesNeeded)
    {
        var folder = NearestFolder(path);
        var free = Free(path);
        if (free < bytesNeeded)
        {
            throw new CheckpointException(
                $"{path}: {bytesNeeded} bytes are needed, {free} are free on the file system of {folder}; free "
                    + "some space or choose another place"
            )
            {
                OfOutput = true,
            };
        }
        CheckWritable(path);
    }

    /// <summary>
    /// Bytes free for this user on the file system of <paramref name="path"/> (or of its nearest
    /// existing parent).
    /// </summary>
    /// <exception cref="CheckpointException">The file system cannot be asked.</exception>
    public static long Free(string path)
    {
        var folder = NearestFolder(path);
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CheckpointException($"{path}: free space of {folder} is not known: {e.Message}", e)
            {
                OfOutput = true,
            };
        }
    }

    /// <summary>
    /// Refuses a place whose nearest existing folder cannot be written, by creating and removing a
    /// file there (rights alone do not tell).
    /// </summary>
    /// <exception cref="CheckpointException">The folder cannot be written; named with the
    /// reason.</exception>
    public static void CheckWritable(string path)
    {
        var folder = NearestFolder(path);
        var probe = WholeFile.TemporaryName(Path.Combine(folder, "write-check"));
        try
        {
            using (
                new FileStream(
                    probe,
                    FileMode.CreateNew,
                    FileAccess.Write,
                    FileShare.None,
                    1,
                    FileOptions.DeleteOnClose
                )
            ) { }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: folder {folder} cannot be written: {e.Message}", e)
            {
                OfOutput = true,
            };
        }
    }

    private static string NearestFolder(string path)
    {
        var full = Path.GetFullPath(path);
        for (var at = full; at is not null; at = Path.GetDirectoryName(at))
        {
            if (Directory.Exists(at))
                return at;
            if (at != full && File.Exists(at))
                throw new CheckpointException($"{path}: {at} is a file; a folder is needed there") { OfOutput = true };
        }
        throw new CheckpointException($"{path}: no existing folder above it") { OfOutput = true };
    }
}
