using System.Security.Cryptography;

namespace RobustTickets.Attacks.Data;

/// <summary>
/// A text file in memory: strict UTF-8 (a bad byte is refused with its line), byte order mark
/// dropped, <c>.gz</c> unpacked up to a limit. Whole files are read at once: the
/// largest task here (MNLI train with its parses) has 80 MB.
/// </summary>
/// <param name="Path">Where it came from.</param>
/// <param name="Content">The text; its lines end in LF or CR LF.</param>
/// <param name="Sha256">Hash of the bytes on disk.</param>
/// <param name="BrokenLines">Lines that are not UTF-8, with their first bad byte; empty unless they
/// were allowed.</param>
/// <param name="Notes">What a user should know about it.</param>
internal sealed record TextFile(
    string Path,
    string Content,
    string Sha256,
    IReadOnlyDictionary<int, byte> BrokenLines,
    IReadOnlyList<string> Notes
)
{
    // A string holds at most 2^30 characters.
    private const int MostBytes = 1_000_000_000;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Whether broken lines are allowed, and how far a packed file may
    /// unpack.</param>
    /// <param name="stop">Ends reading.</param>
    /// <exception cref="DataException">It is missing, empty, too large, or no text.</exception>
    public static TextFile Read(string path, DataOptions options, CancellationToken stop = default)
    {
        if (!File.Exists(path))
            throw new DataException($"{path}: no such file");
        try
        {
            var packed = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
            var bytes = packed
                ? UnpackedStream.Whole(path, Math.Min(options.MaxUnpackedBytes, MostBytes), stop)
                : Plain(path, stop);
            var hash = packed ? HashOf(path) : Convert.ToHexStringLower(SHA256.HashData(bytes));
            var broken = new Dictionary<int, byte>();
            var content = options.SkipBadRows ? StrictText.Decode(path, bytes, broken) : StrictText.Decode(path, bytes);
            if (content.AsSpan().Trim().IsEmpty)
                throw new DataException($"{path}: the file is empty");
            // A line feed after the last carriage return ends the file, no line.
            var body = content.AsSpan().TrimEnd("\r\n");
            if (body.Contains('\n') || !body.Contains('\r'))
                return new TextFile(path, content, hash, broken, []);
            return new TextFile(
                path,
                content.Replace('\r', '\n'),
                hash,
                broken,
                ["line ends are CR only; they were read as line ends"]
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// Lines with their numbers from 1. Only a line feed ends a line (texts hold U+2028 and lone
    /// carriage returns); a carriage return before it belongs to the end.
    /// Blank lines at the end of the file are no lines.
    /// </summary>
    public IEnumerable<(int Number, string Text)> Lines()
    {
        var end = Content.AsSpan().TrimEnd("\r\n").Length;
        var number = 0;
        for (var start = 0; start < end; )
        {
            number++;
            var stop = Content.IndexOf('\n', start, end - start);
            if (stop < 0)
                stop = end;
            var length = stop - start;
            if (length > 0 && Content[start + length - 1] == '\r')
                length--;
            yield return (number, Content.Substring(start, length));
            start = stop + 1;
        }
    }

    private static byte[] Plain(string path, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        // Of a pipe the length is 0, and it can be opened only once.
        var length = new FileInfo(path).Length;
        return length <= MostBytes
            ? File.ReadAllBytes(path)
            : throw new DataException(
                $"{path}: {DataOptionText.Size(length)}; a data file may have {DataOptionText.Size(MostBytes)} at "
                    + "most, split it"
            );
    }

    private static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
