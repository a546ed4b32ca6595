// Sources of a word's neighbours: a stored table, or word vectors (computed once per requested
// word).

using System.Collections.Concurrent;
using System.Text.Json;
using RobustTickets.Attacks.Data;

namespace RobustTickets.Attacks.Resources;

/// <summary>Nearest neighbours of words, nearest first. Thread-safe.</summary>
public interface INeighbourSource
{
    /// <summary>Description in settings.</summary>
    string Description { get; }

    /// <summary>
    /// At most <paramref name="count"/> neighbours of a lower-cased word, excluding itself; empty
    /// for an unknown word.
    /// </summary>
    IReadOnlyList<string> Nearest(string word, int count);

    /// <summary>Precomputes the neighbours of many words.</summary>
    void Prepare(IReadOnlyCollection<string> words, int count, CancellationToken stop);
}

/// <summary>A stored table: word -> neighbours, nearest first.</summary>
public sealed class NeighbourTable : INeighbourSource
{
    private readonly Dictionary<string, string[]> _rows;
    private readonly ConcurrentDictionary<(string, int), IReadOnlyList<string>> _cut = new();

    /// <summary>Creates a table from its rows.</summary>
    /// <exception cref="ArgumentException">A neighbour is blank.</exception>
    public NeighbourTable(Dictionary<string, string[]> rows)
        : this(rows, null) { }

    private NeighbourTable(Dictionary<string, string[]> rows, string? file)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (Blank(rows) is { } blank)
            throw file is null
                ? new ArgumentException(blank, nameof(rows))
                : new DataException($"{What} {file}: {blank}");
        _rows = rows;
        Longest = rows.Count == 0 ? 0 : rows.Values.Max(r => r.Length);
    }

    /// <summary>Number of words.</summary>
    public int Count => _rows.Count;

    /// <summary>Length of the longest row.</summary>
    public int Longest { get; }

    /// <inheritdoc/>
    public string Description => $"stored table, {_rows.Count} words, at most {Longest} neighbours a word";

    /// <inheritdoc/>
    public IReadOnlyList<string> Nearest(string word, int count)
    {
        if (!_rows.TryGetValue(word, out var row))
            return [];
        return row.Length <= count ? row : _cut.GetOrAdd((word, count), _ => row[..count]);
    }

    /// <inheritdoc/>
    public void Prepare(IReadOnlyCollection<string> words, int count, CancellationToken stop) { }

    /// <summary>
    /// Reads a table: JSON (one object, word -> array of words; .json) or text (word, TAB,
    /// neighbours separated by spaces; anything else). Either may be gzipped.
    /// </summary>
    /// <exception cref="DataException">The file is missing, malformed or without neighbours, or a
    /// neighbour is blank.</exception>
    /// <param name="path">The file.</param>
    /// <param name="maxUnpackedBytes">Maximum unpacked size of a gzipped file.</param>
    public static NeighbourTable Read(string path, long maxUnpackedBytes = DataOptions.UnpackedBytes)
    {
        ArgumentNullException.ThrowIfNull(path);
        var plain = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        var table = new NeighbourTable(
            plain.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
                ? ReadJson(path, maxUnpackedBytes)
                : ReadText(path, maxUnpackedBytes),
            path
        );
        return table.Longest > 0
            ? table
            : throw new DataException($"{What} {path}: no word has a neighbour; nothing could be substituted");
    }

    private const string What = "neighbour table";

    // A blank neighbour would delete its word, and no constraint would see a changed word. A blank
    // word is harmless: published tables have some, and no text contains them.
    private static string? Blank(Dictionary<string, string[]> rows) =>
        rows.FirstOrDefault(row => row.Value.Any(string.IsNullOrWhiteSpace)).Key is { } word
            ? $"word '{word}': a neighbour is blank; expected words"
            : null;

    private static Dictionary<string, string[]> ReadJson(string path, long limit)
    {
        using var document = ResourceFile.Json(path, What, limit);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new DataException($"{What} {path}: the root should be an object of word -> words");
        var rows = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var row in document.RootElement.EnumerateObject())
        {
            if (
                row.Value.ValueKind != JsonValueKind.Array
                || row.Value.EnumerateArray().Any(w => w.ValueKind != JsonValueKind.String)
            )
            {
                throw new DataException($"{What} {path}: word '{row.Name}': the value should be an array of words");
            }
            rows.TryAdd(row.Name, [.. row.Value.EnumerateArray().Select(w => w.GetString()!)]);
        }
        return rows;
    }

    private static Dictionary<string, string[]> ReadText(string path, long limit)
    {
        var rows = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var (line, text) in ResourceFile.Lines(path, What, limit))
        {
            if (text.Length == 0)
                continue;
            var tab = text.IndexOf('\t', StringComparison.Ordinal);
            if (tab < 0)
                throw new DataException($"{What} {path}:{line}: should be 'word TAB neighbours', no tab found");
            if (string.IsNullOrWhiteSpace(text[..tab]))
                throw new DataException($"{What} {path}:{line}: should be 'word TAB neighbours', the word is blank");
            rows.TryAdd(text[..tab], text[(tab + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        return rows;
    }
}
