// A file is either the old one or the complete new one, also after a crash: the bytes go to a
// temporary name in the same folder, are flushed to the disk (fsync), and only then take the final
// name (rename); then the folder itself is flushed so that the rename survives a power cut.

using System.Text;

namespace RobustTickets.Checkpoints;

/// <summary>Writes files that appear under their name only when complete and on disk.</summary>
internal static class AtomicFile
{
    /// <summary>The part of a temporary name that marks it: <c>.NAME.tmp-PID-N</c>.</summary>
    internal const string TemporaryMark = ".tmp-";

    private const int BufferBytes = 1 << 20;
    private static int serial;

    /// <summary>Writes what <paramref name="fill"/> writes into the stream.</summary>
    /// <param name="path">The file; replaced if it exists. Its folder must exist.</param>
    /// <param name="fill">Writes the content; if it throws, nothing is left behind and an old file
    /// stays.</param>
    /// <exception cref="CheckpointException">The folder is missing or cannot be written, or the
    /// disk is full; path and reason named.</exception>
    public static void Write(string path, Action<Stream> fill)
    {
        var full = Path.GetFullPath(path);
        var folder =
            Path.GetDirectoryName(full)
            ?? throw new CheckpointException($"{path}: is a root folder; a file name is needed") { OfOutput = true };
        if (Directory.Exists(full))
            throw new CheckpointException($"{path}: is a folder; a file cannot take its place") { OfOutput = true };
        if (!Directory.Exists(folder))
            throw new CheckpointException($"{path}: cannot be written: folder {folder} does not exist")
            {
                OfOutput = true,
            };
        var temporary = TemporaryName(full);
        var done = false;
        try
        {
            using (
                var stream = new FileStream(
                    temporary,
                    FileMode.CreateNew,
                    FileAccess.Write,
                    FileShare.None,
                    BufferBytes
                )
            )
            {
                fill(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
            done = true;
            Disk.FlushFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be written: {e.Message}", e) { OfOutput = true };
        }
        finally
        {
            if (!done)
                Disk.TryDelete(temporary);
        }
    }

    /// <summary>Writes bytes.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes)
    {
        // A span cannot be captured; what is written this way is small.
        var copy = bytes.ToArray();
        Write(path, stream => stream.Write(copy));
    }

    /// <summary>Writes text as UTF-8 without a byte order mark.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    public static void WriteAllText(string path, string text) => WriteAllBytes(path, Encoding.UTF8.GetBytes(text));

    internal static string TemporaryName(string full) =>
        Path.Combine(
            Path.GetDirectoryName(full)!,
            $".{Path.GetFileName(full)}{TemporaryMark}{Environment.ProcessId}-{Interlocked.Increment(ref serial)}"
        );
}
