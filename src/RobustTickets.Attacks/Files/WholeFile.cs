// Atomic file writes: bytes go to a temporary name in the same folder, are flushed to disk, and are
// then renamed, so that after a crash a file is either the old or the complete new one.
using System.Globalization;
using System.Text;

namespace RobustTickets.Attacks;

/// <summary>
/// Writes files atomically: after a crash, the old or the complete new file exists.
/// </summary>
internal static class WholeFile
{
    // Temporary names are .NAME.tmp-PROCESS-N. PROCESS is a random number, because process ids may
    // coincide on machines that share a folder.
    private const string Mark = ".tmp-";
    private const int Tries = 10;
    private const int SharingViolation = unchecked((int)0x80070020); // ERROR_SHARING_VIOLATION
    private const int AccessDenied = unchecked((int)0x80070005); // ERROR_ACCESS_DENIED, of folders
    private static readonly long Process = Random.Shared.NextInt64(long.MaxValue);
    private static int _serial;

    /// <summary>Writes text as UTF-8 without a byte order mark.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream}, int)"/>
    public static void Write(string path, string text) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes the output of <paramref name="fill"/> to a file.</summary>
    /// <param name="path">The file; replaced if it exists. Its folder must exist.</param>
    /// <param name="fill">Writes the content; if it throws, the temporary file is removed and the
    /// old file kept.</param>
    /// <param name="buffer">Buffer size in bytes.</param>
    /// <exception cref="OutputException">The file cannot be written; the message names path and
    /// reason.</exception>
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
            Rename(() => File.Move(temporary, path, overwrite: true));
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

    /// <summary>
    /// Renames a file or folder that others may read: Windows refuses it while one of them does not
    /// share it, also a virus scanner or an indexer.
    /// </summary>
    /// <param name="move">Renames it, or throws.</param>
    public static void Rename(Action move) =>
        Rename(move, OperatingSystem.IsWindows() ? Tries : 1, () => Thread.Sleep(100));

    /// <summary>Renames it, at the latest at the last of some tries.</summary>
    internal static void Rename(Action move, int tries, Action wait)
    {
        for (var left = tries - 1; ; left--)
        {
            try
            {
                move();
                return;
            }
            catch (Exception e)
                when (left > 0
                    && e is UnauthorizedAccessException or IOException { HResult: SharingViolation or AccessDenied }
                )
            {
                wait();
            }
        }
    }

    /// <summary>
    /// Opens a file for reading while others may write, replace or delete it; Windows would
    /// otherwise refuse them.
    /// </summary>
    public static FileStream OpenShared(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Reads a file as <see cref="OpenShared"/> opens it.</summary>
    public static byte[] ReadShared(string path)
    {
        using var file = OpenShared(path);
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>Creates a folder with its parents if it does not exist.</summary>
    /// <exception cref="OutputException">It cannot be created; the message names path and
    /// reason.</exception>
    public static void CreateFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"{path}: cannot be created: {e.Message}", e);
        }
    }

    /// <summary>A unique temporary name next to a file or folder.</summary>
    public static string TemporaryName(string path) =>
        Path.Combine(
            Path.GetDirectoryName(path) ?? "",
            $".{Path.GetFileName(path)}{Mark}{Process}-{Interlocked.Increment(ref _serial)}"
        );

    /// <summary>
    /// Removes temporary files and folders left by killed writers. Only for the owner of the
    /// folder, while nothing else writes to it.
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
    /// Removes a file or folder if it exists; never throws, because it runs while another exception
    /// propagates.
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
            // The folder is gone or read-only: the propagating exception reports it.
        }
    }

    /// <summary>
    /// Parses a temporary name into final name, writer and serial number; null for other names.
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
