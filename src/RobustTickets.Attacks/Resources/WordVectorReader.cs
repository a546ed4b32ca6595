// Reads word vectors, possibly gzipped: the text format of GloVe and counter-fitted vectors (one
// "word v1 .. vn" per line), or the word2vec binary format (name ends in .bin or .bin.gz).

using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using RobustTickets.Attacks.Data;

namespace RobustTickets.Attacks.Resources;

/// <summary>Readers of word-vector files.</summary>
internal static class WordVectorReader
{
    private const int MaxDimension = 100_000;
    private const string What = "word vectors";

    /// <summary>Reads a file in either format.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxUnpackedBytes">Maximum unpacked size of a gzipped file.</param>
    /// <exception cref="DataException">The file is missing, unreadable or malformed; the message
    /// names the line or entry.</exception>
    public static WordVectors Read(string path, long maxUnpackedBytes = DataOptions.UnpackedBytes)
    {
        ArgumentNullException.ThrowIfNull(path);
        var plain = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        if (!plain.EndsWith(".bin", StringComparison.OrdinalIgnoreCase))
            return ReadText(path, maxUnpackedBytes);
        using var stream = ResourceFile.Open(path, What, maxUnpackedBytes);
        try
        {
            return ReadBinary(stream, path);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new DataException($"{What} {path}: {e.Message}", e);
        }
    }

    // The first line may be "count dimension". A word may contain spaces: the last n fields are the
    // numbers, n from the header, otherwise the fields after the first in the first line.
    private static WordVectors ReadText(string path, long limit)
    {
        var words = new WordList(path);
        var numbers = new List<float>();
        var dimension = 0;
        (int Words, int Dimension)? header = null;
        foreach (var (line, text) in ResourceFile.Lines(path, What, limit))
        {
            var row = text.AsSpan().TrimEnd();
            if (row.Length == 0)
                continue;
            if (dimension == 0)
            {
                if (line == 1 && (header = Header(row)) is not null)
                    continue;
                dimension = header?.Dimension ?? row.Count(' ');
                if (dimension == 0)
                    throw new DataException($"{What} {path}:{line}: no numbers after the word");
                // Words may contain spaces, but the field before the numbers of the first row must
                // not be a number.
                if (row.Count(' ') > dimension && IsNumber(row, row.Count(' ') - dimension))
                    throw new DataException(
                        $"{What} {path}:{line}: {row.Count(' ')} numbers, the header says {dimension}"
                    );
            }
            var start = row.Length;
            for (var fields = 0; fields < dimension && start > 0; fields++)
                start = Math.Max(0, row[..start].LastIndexOf(' '));
            if (start <= 0 && row.Count(' ') < dimension)
                throw new DataException(
                    $"{What} {path}:{line}: {row.Count(' ')} numbers, "
                        + $"{(header is null ? "the first line has" : "the header says")} {dimension}"
                );
            words.Add(row[..start].ToString(), $"{line}");
            foreach (var range in row[(start + 1)..].Split(' '))
            {
                var field = row[(start + 1)..][range];
                if (
                    !float.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                    || !float.IsFinite(value)
                )
                {
                    throw new DataException($"{What} {path}:{line}: '{field}' is not a finite number");
                }
                numbers.Add(value);
            }
        }
        if (words.Count == 0)
            throw new DataException($"{What} {path}: no words");
        if (header is { } said && said.Words != words.Count)
            throw new DataException(
                $"{What} {path}:1: the header says {said.Words} words, but {words.Count} rows follow; the file is "
                    + "truncated or concatenated"
            );
        return new WordVectors(words.ToArray(), [.. numbers], dimension);
    }

    private static bool IsNumber(ReadOnlySpan<char> row, int field)
    {
        for (; field > 0; field--)
            row = row[(row.IndexOf(' ') + 1)..];
        return float.TryParse(row[..row.IndexOf(' ')], NumberStyles.Float, CultureInfo.InvariantCulture, out _);
    }

    private static (int Words, int Dimension)? Header(ReadOnlySpan<char> row)
    {
        var space = row.IndexOf(' ');
        return
            space > 0
            && int.TryParse(row[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var words)
            && int.TryParse(row[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var dimension)
            ? (words, dimension)
            : null;
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
                $"{What} {path}: the header should be 'count dimension', found "
                    + $"'{Encoding.UTF8.GetString(header)}'"
            );
        }
        if ((long)count * dimension > Array.MaxLength)
            throw new DataException($"{What} {path}: {count} x {dimension} numbers are too many");
        // Grown as entries arrive, so that a wrong header cannot allocate more memory than the file
        // fills.
        var words = new WordList(path);
        var numbers = new List<float>();
        var bytes = new byte[dimension * sizeof(float)];
        for (var i = 0; i < count; i++)
        {
            var entry = $"entry {i + 1} of {count}";
            var name = StrictText.Decode($"{What} {path}:{entry}", Field(stream, (byte)' ', path, entry));
            words.Add(name.TrimStart('\n'), entry);
            try
            {
                stream.ReadExactly(bytes);
            }
            catch (EndOfStreamException e)
            {
                throw new DataException($"{What} {path}: unexpected end of file in {entry} ('{words.Last}')", e);
            }
            for (var d = 0; d < dimension; d++)
            {
                var value = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(d * sizeof(float)));
                if (!float.IsFinite(value))
                    throw new DataException($"{What} {path}: number {d + 1} of {entry} ('{words.Last}') is not finite");
                numbers.Add(value);
            }
        }
        for (int b; (b = stream.ReadByte()) >= 0; )
        {
            if (b != '\n')
                throw new DataException(
                    $"{What} {path}: the header says {count} words, but more follow; is the file a concatenation?"
                );
        }
        return new WordVectors(words.ToArray(), [.. numbers], dimension);
    }

    private static byte[] Field(Stream stream, byte end, string path, string what)
    {
        var bytes = new List<byte>();
        for (int b; (b = stream.ReadByte()) != end; bytes.Add((byte)b))
        {
            if (b < 0)
                throw new DataException($"{What} {path}: unexpected end of file in {what}");
            if (bytes.Count > 4096)
                throw new DataException(
                    $"{What} {path}: no end of word in {what}; is this the word2vec binary format?"
                );
        }
        return [.. bytes];
    }

    // The words in file order. A word may be repeated (its first row counts), but a file of mostly
    // repeated words is damaged, or made to exhaust memory.
    private sealed class WordList(string path)
    {
        private const int Grace = 1000;
        private readonly List<string> _words = [];
        private readonly HashSet<string> _known = new(StringComparer.Ordinal);

        public int Count => _words.Count;

        public string Last => _words[^1];

        public void Add(string word, string place)
        {
            if (string.IsNullOrWhiteSpace(word))
                throw new DataException($"{What} {path}:{place}: the word is blank");
            _words.Add(word);
            _known.Add(word);
            if (_words.Count > Grace && _known.Count < _words.Count / 2)
                throw new DataException(
                    $"{What} {path}:{place}: '{word}' is repeated; more than half of the {_words.Count} rows so far "
                        + "are duplicates"
                );
        }

        public string[] ToArray() => [.. _words];
    }
}
