using System.Security.Cryptography;
using System.Text;

namespace RobustTickets.Attacks.Data;

/// <summary>
/// A text file in memory: strict UTF-8 (a bad byte is refused with its line), byte order mark
/// dropped, <c>.gz</c> unpacked. Whole files are read at once: the
/// largest task here (MNLI train with its parses) has 80 MB.
/// </summary>
/// <param name="Path">Where it came from.</param>
/// <param name="Content">The text.</param>
/// <param name="Sha256">Hash of the bytes on disk.</param>
internal sealed record TextFile(string Path, string Content, string Sha256)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static TextFile Read(string path)
    {
        if (!File.Exists(path))
            throw new DataException($"{path}: no such file");
        var bytes = File.ReadAllBytes(path);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            bytes = Unpack(path, bytes);
        var content = Decode(path, bytes);
        if (content.AsSpan().Trim().IsEmpty)
            throw new DataException($"{path}: the file is empty");
        return new TextFile(path, content, hash);
    }

    /// <summary>Strict UTF-8 to text.</summary>
    public static string Decode(string place, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            var line = bytes[..Math.Min(bytes.Length, e.Index)].Count((byte)'\n') + 1;
            throw new DataException(
                $"{place}:{line}: byte 0x{e.BytesUnknown?.FirstOrDefault():x2} is not UTF-8; convert the file to UTF-8",
                e
            );
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

    private static byte[] Unpack(string path, byte[] bytes)
    {
        try
        {
            using var unpacked = new MemoryStream();
            using var gzip = WholeGzip.Open(bytes);
            gzip.CopyTo(unpacked);
            return unpacked.ToArray();
        }
        catch (InvalidDataException e)
        {
            throw new DataException($"{path}: not a whole gzip file: {e.Message}", e);
        }
    }
}
