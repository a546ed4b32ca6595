// Like WholeFile, for weights: the folder is flushed too, so that the rename survives a power cut,
// and unusable paths are rejected before writing.
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.Checkpoints.Files;

/// <summary>Writes files that get their name only when complete and on disk.</summary>
internal static class AtomicFile
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Writes a file atomically.</summary>
    /// <param name="path">The file; replaced if it exists. Its folder must exist.</param>
    /// <param name="fill">Writes the content; if it throws, the old file, if any, stays
    /// unchanged.</param>
    /// <exception cref="CheckpointException">The folder is missing or cannot be written, or the
    /// disk is full; path and reason named.</exception>
    public static void Write(string path, Action<Stream> fill)
    {
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full) ?? throw Refused($"{path}: is a root folder; a file name is needed");
        if (Directory.Exists(full))
            throw Refused($"{path}: is a folder and cannot be replaced by a file");
        if (!Directory.Exists(folder))
            throw Refused($"{path}: cannot be written: folder {folder} does not exist");
        try
        {
            WholeFile.Write(path, fill, BufferBytes);
        }
        catch (OutputException e)
        {
            throw Refused(e.Message, e.InnerException);
        }
        Disk.FlushFolder(folder);
    }

    /// <summary>Writes bytes.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes)
    {
        // A span cannot be captured by a lambda; the content is small.
        var copy = bytes.ToArray();
        Write(path, stream => stream.Write(copy));
    }

    /// <summary>Writes text as UTF-8 without a byte order mark.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    public static void WriteAllText(string path, string text) => WriteAllBytes(path, Encoding.UTF8.GetBytes(text));

    private static CheckpointException Refused(string message, Exception? cause = null) =>
        new(message, cause!) { OfOutput = true };
}
