// Reads word vectors: the text format ("word v1 .. vn" a line, an optional first line "count
// dimension"; GloVe, counter-fitted vectors) and the word2vec binary format (name ends in .bin or
// .bin.gz). Either may be gzipped. A word may hold spaces in the text format: the last n fields are
// the numbers, n being the count after the first field of the first line.

using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace RobustTickets.Attacks.Resources;

/// <summary>Readers of word vector files.</summary>
internal static class WordVectorReader
{
    private const int MaxDimension = 100_000;

    /// <summary>Reads a file of either format.</summary>
    /// <exception cref="DataException">Missing, unreadable or malformed; the message names the line
    /// or entry.</exception>
    public static WordVectors Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var stream = ResourceFile.Open(path, "word vectors");
        var plain = path.EndsWith(".gz", StringComparison.Ordinal) ? path[..^3] : path;
        try
        {
            return plain.EndsWith(".bin", StringComparison.Ordinal) ? ReadBinary(stream, path) : ReadText(stream, path);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new DataException($"word vectors '{path}': {e.Message}", e);
        }
    }

    private static WordVectors ReadText(Stream stream, string path)
    {
        using var reader = new StreamReader(stream, new UTF8Encoding(false, false), true, 1 << 16);
        var words = new List<string>();
        var numbers = new List<float>();
        var dimension = 0;
        var line = 0;
        while (reader.ReadLine() is { } text)
        {
            line++;
            var row = text.AsSpan().TrimEnd();
            if (row.Length == 0)
                continue;
            if (dimension == 0)
            {
                if (line == 1 && IsHeader(row))
                    continue;
                dimension = row.Count(' ');
                if (dimension == 0)
                    throw new DataException($"word vectors '{path}' line {line}: no numbers after the word");
            }
            var start = row.Length;
            for (var fields = 0; fields < dimension && start > 0; fields++)
                start = Math.Max(0, row[..start].LastIndexOf(' '));
            if (start <= 0)
                throw new DataException(
                    $"word vectors '{path}' line {line}: {row.Count(' ')} numbers, the first line has {dimension}"
                );
            words.Add(row[..start].ToString());
            foreach (var range in row[(start + 1)..].Split(' '))
            {
                var field = row[(start + 1)..][range];
                if (
                    !float.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                    || !float.IsFinite(value)
                )
                {
                    throw new DataException($"word vectors '{path}' line {line}: '{field}' is not a finite number");
                }
                numbers.Add(value);
            }
        }
        if (words.Count == 0)
            throw new DataException($"word vectors '{path}': no words");
        return new WordVectors([.. words], [.. numbers], dimension);
    }

    private static bool IsHeader(ReadOnlySpan<char> row)
    {
        var space = row.IndexOf(' ');
        return space > 0
            && int.TryParse(row[..space], NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && int.TryParse(row[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }

    private static WordVectors ReadBinary(Stream stream, string path)
    {
        var header = Field(stream, (byte)'\n', path, "the header");
        var space = header.AsSpan().IndexOf((byte)' ');
        if (
            space < 0
            || !Utf8Parser.TryParse(header.AsSpan(0, space), out int count, out _)
            || !Utf8Parser.TryParse(header.AsSpan(space + 1), out int dimension, out _)
            || count <= 0
            || dimension is <= 0 or > MaxDimension
        )
        {
            throw new DataException(
                $"word vectors '{path}': the header should be 'count dimension', found "
                    + $"'{Encoding.UTF8.GetString(header)}'"
            );
        }
        if ((long)count * dimension > Array.MaxLength)
            throw new DataException($"word vectors '{path}': {count} x {dimension} numbers are too many");
        // Grown as entries arrive, so that a header that lies cannot ask for memory the file does
        // not fill.
        var words = new List<string>();
        var numbers = new List<float>();
        var bytes = new byte[dimension * sizeof(float)];
        for (var i = 0; i < count; i++)
        {
            words.Add(
                Encoding.UTF8.GetString(Field(stream, (byte)' ', path, $"entry {i + 1} of {count}")).TrimStart('\n')
            );
            try
            {
                stream.ReadExactly(bytes);
            }
            catch (EndOfStreamException e)
            {
                throw new DataException(
                    $"word vectors '{path}': the file ends within entry {i + 1} of {count} ('{words[^1]}')",
                    e
                );
            }
            for (var d = 0; d < dimension; d++)
            {
                var value = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(d * sizeof(float)));
                if (!float.IsFinite(value))
                    throw new DataException(
                        $"word vectors '{path}': number {d + 1} of entry {i + 1} ('{words[^1]}') is not finite"
                    );
                numbers.Add(value);
            }
        }
        return new WordVectors([.. words], [.. numbers], dimension);
    }

    private static byte[] Field(Stream stream, byte end, string path, string what)
    {
        var bytes = new List<byte>();
        for (int b; (b = stream.ReadByte()) != end; bytes.Add((byte)b))
        {
            if (b < 0)
                throw new DataException($"word vectors '{path}': the file ends within {what}");
            if (bytes.Count > 4096)
                throw new DataException(
                    $"word vectors '{path}': no end of the word in {what}; is this the word2vec binary format?"
                );
        }
        return [.. bytes];
    }
}
