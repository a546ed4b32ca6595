// The two kinds of WordNet database files (wndb(5WN)), read in place: lemmas in index.POS by binary
// search, synsets in data.POS by byte offset. Lines of the licence start with two spaces.

using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace RobustTickets.Attacks.Resources;

/// <summary>
/// index.POS, sorted by lemma: "lemma pos synset_cnt p_cnt [ptr..] sense_cnt tagsense_cnt offset
/// [offset..]"; the offsets are those of its synsets, most frequent sense first.
/// </summary>
internal sealed class WordNetIndex
{
    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly int[] _lines;

    /// <summary>
    /// Creates the index and checks that its lemmas are sorted, as the binary search requires.
    /// </summary>
    public WordNetIndex(string path, byte[] bytes)
    {
        _path = path;
        _bytes = bytes;
        var lines = new List<int>();
        var number = 0;
        for (int start = 0, end; start < bytes.Length; start = end + 1)
        {
            number++;
            end = start + bytes.AsSpan(start).IndexOf((byte)'\n');
            if (end < start)
                throw new DataException($"WordNet '{path}' line {number}: unexpected end of file");
            if (bytes.AsSpan(start, end - start).StartsWith("  "u8))
                continue;
            if (bytes.AsSpan(start, end - start).IndexOf((byte)' ') <= 0)
                throw new DataException(
                    $"WordNet '{path}' line {number}: should be 'lemma pos counts .. offsets', no space found"
                );
            if (lines.Count > 0 && Lemma(lines[^1]).SequenceCompareTo(Lemma(start)) >= 0)
            {
                throw new DataException(
                    $"WordNet '{path}' line {number}: lemma '{Encoding.UTF8.GetString(Lemma(start))}' is out of "
                        + "order; the file must be sorted by bytes"
                );
            }
            lines.Add(start);
        }
        if (lines.Count == 0)
            throw new DataException($"WordNet '{path}': no lemmas");
        _lines = [.. lines];
    }

    /// <summary>Number of lemmas.</summary>
    public int Count => _lines.Length;

    /// <summary>Whether the lower-cased word is a lemma.</summary>
    public bool Contains(string lemma) => Find(lemma) >= 0;

    /// <summary>
    /// Offsets of the lemma's synsets in the data file; empty for an unknown lemma.
    /// </summary>
    /// <exception cref="DataException">The lemma's line is malformed.</exception>
    public int[] Synsets(string lemma)
    {
        var line = Find(lemma);
        if (line < 0)
            return [];
        var start = _lines[line];
        var text = Encoding.UTF8.GetString(_bytes.AsSpan(start, _bytes.AsSpan(start).IndexOf((byte)'\n')));
        var fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (
            fields.Length > 3
            && Number(fields[2]) is { } synsets
            && Number(fields[3]) is { } pointers
            && fields.Length == 6 + pointers + synsets
        )
        {
            var offsets = fields[(6 + pointers)..].Select(Number).ToArray();
            if (offsets.All(o => o is not null))
                return [.. offsets.Select(o => o!.Value)];
        }
        throw new DataException($"WordNet '{_path}' lemma '{lemma}': the counts do not match the fields of '{text}'");
    }

    private static int? Number(string field) =>
        int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : null;

    private ReadOnlySpan<byte> Lemma(int start) => _bytes.AsSpan(start, _bytes.AsSpan(start).IndexOf((byte)' '));

    private int Find(string lemma)
    {
        var key = Encoding.UTF8.GetBytes(lemma).AsSpan();
        var (low, high) = (0, _lines.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = Lemma(_lines[middle]).SequenceCompareTo(key);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return -1;
    }
}

/// <summary>An antonym pointer between words of two synsets, counted from 0.</summary>
/// <param name="Word">The source word.</param>
/// <param name="Offset">Offset of the target synset.</param>
/// <param name="Kind">Part of speech of the target synset: n, v, a, s or r.</param>
/// <param name="TargetWord">The target word.</param>
internal sealed record AntonymPointer(int Word, int Offset, char Kind, int TargetWord);

/// <summary>A set of synonyms, and their antonyms.</summary>
internal sealed record Synset(string[] Words, AntonymPointer[] Antonyms);

/// <summary>
/// data.POS: "offset lex_filenum ss_type w_cnt word lex_id [word lex_id..] p_cnt ptr..", w_cnt in
/// hex; a pointer is "symbol offset pos source/target" with the two words in hex, counted from 1.
/// </summary>
internal sealed class WordNetData(string path, byte[] bytes)
{
    private const int PointerFields = 4;

    /// <summary>
    /// The synset's words in order, in WordNet's spelling: phrases with underscores, adjectives
    /// without their marker ("early(a)").
    /// </summary>
    /// <exception cref="DataException">No synset starts at that offset.</exception>
    public IEnumerable<string> Words(int offset) => WordsOf(Fields(offset), offset);

    /// <summary>Every synset, in file order.</summary>
    /// <exception cref="DataException">A line is not a synset.</exception>
    public IEnumerable<Synset> Synsets()
    {
        for (int start = 0, end; start < bytes.Length; start = end + 1)
        {
            var length = bytes.AsSpan(start).IndexOf((byte)'\n');
            end = length < 0 ? bytes.Length : start + length;
            if (end == start || bytes.AsSpan(start).StartsWith("  "u8))
                continue;
            var fields = Fields(start);
            var words = WordsOf(fields, start);
            yield return new Synset(words, Antonyms(fields, words.Length, start));
        }
    }

    /// <summary>The error for an offset at which no synset starts.</summary>
    public DataException Broken(int offset) =>
        new($"WordNet '{path}': no synset starts at byte {offset}; do the index and data files match?");

    private string[] Fields(int offset)
    {
        var line = offset < bytes.Length ? bytes.AsSpan(offset) : [];
        if (!Utf8Parser.TryParse(line, out int written, out var digits) || digits != 8 || written != offset)
            throw Broken(offset);
        return Encoding
            .UTF8.GetString(line[..Math.Max(0, line.IndexOf((byte)'|'))])
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private string[] WordsOf(string[] fields, int offset)
    {
        if (fields.Length < 4 || Hex(fields[3]) is not { } count || fields.Length < 4 + 2 * count)
            throw Broken(offset);
        return [.. Enumerable.Range(0, count).Select(i => WithoutMarker(fields[4 + 2 * i]))];
    }

    private AntonymPointer[] Antonyms(string[] fields, int words, int offset)
    {
        var at = 4 + 2 * words;
        if (
            fields.Length <= at
            || !int.TryParse(fields[at], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || fields.Length < at + 1 + PointerFields * count
        )
            throw Broken(offset);
        var antonyms = new List<AntonymPointer>();
        for (var i = 0; i < count; i++)
        {
            var pointer = fields.AsSpan(at + 1 + PointerFields * i, PointerFields);
            if (pointer[0] != "!")
                continue;
            if (
                !int.TryParse(pointer[1], NumberStyles.None, CultureInfo.InvariantCulture, out var target)
                || pointer[3].Length != 4
                || Hex(pointer[3][..2]) is not { } source
                || Hex(pointer[3][2..]) is not { } word
                || source < 1
                || source > words
            )
                throw Broken(offset);
            antonyms.Add(new AntonymPointer(source - 1, target, pointer[2][0], word - 1));
        }
        return [.. antonyms];
    }

    private static int? Hex(string field) =>
        int.TryParse(field, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var n) && n >= 0
            ? n
            : null;

    private static string WithoutMarker(string word)
    {
        var marker = word.EndsWith(')') ? word.IndexOf('(', StringComparison.Ordinal) : -1;
        return marker < 0 ? word : word[..marker];
    }
}
