// A file is either the old one or the complete new one, also after a crash: the bytes go to a
// temporary name in the same folder, are flushed to the disk, and only then take the final name.
using System.Globalization;
using System.Text;

namespace RobustTickets.Attacks;

/// <summary>Files that are the old one or the whole new one, also after a crash.</summary>
internal static class WholeFile
{
    // A temporary name is .NAME.tmp-PROCESS-N, PROCESS a random number: machines that share a
    // folder number their processes alike.
    private const string Mark = ".tmp-";
    private static readonly long Process = Random.Shared.NextInt64(long.MaxValue);
    private static int _serial;

    /// <summary>Writes text as UTF-8 without a byte order mark.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream}, int)"/>
    public static void Write(string path, string text) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes what <paramref name="fill"/> writes into the stream.</summary>
    /// <param name="path">The file; replaced if it exists. Its folder must exist.</param>
    /// <param name="fill">Writes the content; if it throws, nothing is left behind and an old file
    /// stays.</param>
    /// <param name="buffer">Bytes written at once.</param>
    /// <exception cref="OutputException">It cannot be written; path and reason named.</exception>
    public static void Write(string path, Action<Stream> fill, int buffer = 1 << 12)
    {
        var temporary = TemporaryName(path);
        var done = false;
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, buffer))
            {
                fill(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
            done = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"{path}: cannot be written: {e.Message}", e);
        }
        finally
        {
            if (!done)
                TryDelete(temporary);
        }
    }

    /// <summary>Makes a folder with its parents, where it is not there.</summary>
    /// <exception cref="OutputException">It cannot be made; path and reason named.</exception>
    public static void CreateFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"{path}: cannot be made: {e.Message}", e);
        }
    }

    /// <summary>A name beside a file or folder that no other writer takes.</summary>
    public static string TemporaryName(string path) =>
        Path.Combine(
            Path.GetDirectoryName(path) ?? "",
            $".{Path.GetFileName(path)}{Mark}{Process}-{Interlocked.Increment(ref _serial)}"
        );

    /// <summary>
    /// Removes what writers killed in the middle left in a folder (temporary files and folders).
    /// Only for the owner of the folder, while nothing else writes to it.
    /// </summary>
    /// <returns>The names removed.</returns>
    public static IReadOnlyList<string> RemoveLeftovers(string folder)
    {
        if (!Directory.Exists(folder))
            return [];
        var removed = new List<string>();
        foreach (var entry in Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal).ToArray())
        {
            var name = Path.GetFileName(entry);
            if (Temporary(name) is null)
                continue;
            TryDelete(entry);
            removed.Add(name);
        }
        return removed;
    }

    /// <summary>
    /// Removes a file or folder if it is there; never throws, because it runs while another error
    /// is on its way.
    /// </summary>
    public static void TryDelete(string path)
    {
        try
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The place is gone or read-only: the error on its way says so.
        }
    }

    /// <summary>
    /// What a temporary name stands for: the final name, who took it, and as how manieth; null for
    /// other names.
    /// </summary>
    public static (string Name, string Writer, long Serial)? Temporary(string name)
    {
        var at = name.LastIndexOf(Mark, StringComparison.Ordinal);
        if (at <= 0 || name[0] != '.')
            return null;
        return
            name[(at + Mark.Length)..].Split('-') is [{ Length: > 0 } writer, var number]
            && writer.All(char.IsAsciiDigit)
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var serial)
            ? (name[1..at], writer, serial)
            : null;
    }
}
