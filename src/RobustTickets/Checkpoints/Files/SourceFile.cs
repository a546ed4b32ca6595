// Reading the sources of a folder that is being written: an unreadable source must not be reported
// as an output that cannot be written.
using System.Text;

namespace RobustTickets.Checkpoints.Files;

/// <summary>Reads files whose content goes into another file.</summary>
internal static class SourceFile
{
    private const int BufferBytes = 1 << 16;

    /// <summary>Reads a file.</summary>
    /// <exception cref="CheckpointException">It cannot be read; path and reason named.</exception>
    public static byte[] ReadAllBytes(string path) => Reading(path, () => File.ReadAllBytes(path));

    /// <summary>Reads a text file: UTF-8, or as its byte order mark says.</summary>
    /// <inheritdoc cref="ReadAllBytes(string)" path="/exception"/>
    public static string ReadAllText(string path) => Reading(path, () => File.ReadAllText(path, Encoding.UTF8));

    /// <summary>Copies a file; the copy is writable.</summary>
    /// <param name="from">The source.</param>
    /// <param name="to">The copy; replaced if it exists. Its folder must exist.</param>
    /// <exception cref="CheckpointException">The source cannot be read, or the copy cannot be
    /// written.</exception>
    public static void Copy(string from, string to)
    {
        using var source = Reading(from, () => File.OpenRead(from));
        AtomicFile.Write(
            to,
            target =>
            {
                var buffer = new byte[BufferBytes];
                while (Reading(from, () => source.Read(buffer)) is > 0 and var count)
                    target.Write(buffer, 0, count);
            }
        );
    }

    private static T Reading<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
