// Checks free space and write permission before the work starts, so that a run does not fail at its
// first checkpoint after an hour.
using RobustTickets.Attacks;

namespace RobustTickets.Checkpoints.Files;

/// <summary>Checks in advance that a location can be written.</summary>
internal static class DiskSpace
{
    /// <summary>
    /// Throws if a location has less free space than needed, or cannot be written.
    /// </summary>
    /// <param name="path">A file or folder; if missing, its nearest existing parent is
    /// checked.</param>
    /// <param name="bytesNeeded">Bytes to be written.</param>
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
    /// <exception cref="CheckpointException">The free space cannot be determined.</exception>
    public static long Free(string path)
    {
        var folder = NearestFolder(path);
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CheckpointException($"{path}: cannot determine the free space of {folder}: {e.Message}", e)
            {
                OfOutput = true,
            };
        }
    }

    /// <summary>
    /// Throws if the nearest existing folder cannot be written; tested by creating and deleting a
    /// file, since permissions alone are not conclusive.
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
        throw new CheckpointException($"{path}: none of its parent folders exists") { OfOutput = true };
    }
}
