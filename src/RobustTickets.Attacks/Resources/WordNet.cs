// WordNet's database as distributed by Princeton and Debian (wordnet-base, /usr/share/wordnet),
// read as by NLTK 3.8: the synsets of all base forms of a word (docs/methods/attacks.md, Recipe
// `pwws`).

using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks.Resources;

/// <summary>WordNet's synonyms and antonyms. Thread-safe.</summary>
public sealed class WordNet
{
    // Longer words have no forms. NLTK has no limit, and its list can grow without bound
    // ("eseses...").
    private const int LongestWord = 256;

    // Limits the cache: attacks generate unlimited new spellings.
    private const int MaxKnownWords = 1 << 17;

    private static readonly (string Name, (string Suffix, string Base)[] Rules)[] Kinds =
    [
        (
            "noun",
            [
                ("s", ""),
                ("ses", "s"),
                ("ves", "f"),
                ("xes", "x"),
                ("zes", "z"),
                ("ches", "ch"),
                ("shes", "sh"),
                ("men", "man"),
                ("ies", "y"),
            ]
        ),
        (
            "verb",
            [("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")]
        ),
        ("adj", [("er", ""), ("est", ""), ("er", "e"), ("est", "e")]),
        ("adv", []),
    ];

    private readonly Part[] _parts;
    private readonly ConcurrentDictionary<string, string[]> _known = new(StringComparer.Ordinal);
    private int _remembered;

    private WordNet(Part[] parts, ResourceInfo info)
    {
        _parts = parts;
        Info = info;
    }

    /// <summary>
    /// Name, hash and content. The hash is that of the lines "hash, two spaces, file name" of the
    /// twelve files, sorted by name.
    /// </summary>
    public ResourceInfo Info { get; }

    /// <summary>Reads a folder with index, data and exc files of noun, verb, adj and adv.</summary>
    /// <exception cref="DataException">A file is missing or malformed.</exception>
    public static WordNet Read(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder))
            throw new DataException(
                $"WordNet: no folder '{folder}'; install Debian's package wordnet-base, or use the 'dict' folder of "
                    + "Princeton's WordNet 3.0"
            );
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var parts = Kinds
            .Select(kind =>
            {
                var (index, data, exceptions) = ($"index.{kind.Name}", $"data.{kind.Name}", $"{kind.Name}.exc");
                return new Part(
                    new WordNetIndex(Path.Combine(folder, index), Bytes(index)),
                    new WordNetData(Path.Combine(folder, data), Bytes(data)),
                    Exceptions(Path.Combine(folder, exceptions), Bytes(exceptions)),
                    kind.Rules
                );
            })
            .ToArray();
        var list = string.Concat(hashes.Select(h => $"{h.Value}  {h.Key}\n"));
        return new WordNet(
            parts,
            new ResourceInfo(
                "wordnet",
                Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)),
                Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(list))),
                $"{parts.Sum(p => p.Index.Count)} lemmas"
            )
        );

        byte[] Bytes(string name)
        {
            using var stream = ResourceFile.Open(Path.Combine(folder, name), "WordNet");
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            hashes.Add(name, Convert.ToHexStringLower(SHA256.HashData(bytes)));
            return bytes;
        }
    }

    /// <summary>Number of words in the cache.</summary>
    internal int RememberedWords => _known.Count;

    /// <summary>A named placeholder without words, for recipe descriptions.</summary>
    internal static WordNet Named(ResourceInfo info) => new([], info);

    /// <summary>
    /// The distinct words of all synsets of the word, in WordNet's spelling; may include the word
    /// itself and phrases (with underscores).
    /// </summary>
    public IReadOnlyList<string> Synonyms(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        var lower = PythonText.Lower(word);
        if (lower.Length > LongestWord)
            return [];
        if (_known.TryGetValue(lower, out var known))
            return known;
        var found = Find(lower);
        if (Volatile.Read(ref _remembered) < MaxKnownWords && _known.TryAdd(lower, found))
            Interlocked.Increment(ref _remembered);
        return found;
    }

    /// <summary>All pairs of different words within every synset.</summary>
    internal IEnumerable<(string First, string Second)> SynonymPairs() =>
        from part in _parts
        from synset in part.Data.Synsets()
        from first in Enumerable.Range(0, synset.Words.Length)
        from second in Enumerable.Range(first + 1, synset.Words.Length - first - 1)
        where synset.Words[first] != synset.Words[second]
        select (synset.Words[first], synset.Words[second]);

    /// <summary>
    /// Every word with each of its antonyms (pointer "!"), so each pair occurs twice.
    /// </summary>
    /// <exception cref="DataException">A pointer refers to a missing synset or word.</exception>
    internal IEnumerable<(string First, string Second)> AntonymPairs() =>
        from part in _parts
        from synset in part.Data.Synsets()
        from pointer in synset.Antonyms
        select (synset.Words[pointer.Word], Target(pointer));

    private string Target(AntonymPointer pointer)
    {
        var data = _parts[
            pointer.Kind switch
            {
                'n' => 0,
                'v' => 1,
                'r' => 3,
                _ => 2,
            }
        ].Data;
        return data.Words(pointer.Offset).ElementAtOrDefault(pointer.TargetWord) ?? throw data.Broken(pointer.Offset);
    }

    private string[] Find(string word) =>
        [
            .. _parts
                .SelectMany(p => Forms(p, word).SelectMany(p.Index.Synsets).SelectMany(p.Data.Words))
                .Distinct(StringComparer.Ordinal),
        ];

    // Base forms. For an exception: its bases and itself. Otherwise the lemmas among the word and
    // the results of the suffix rules; while there are none, the rules are applied to their own
    // results.
    private static List<string> Forms(Part part, string word)
    {
        if (part.Exceptions.TryGetValue(word, out var bases))
            return Known(part, [word, .. bases]);
        var forms = Reduce(part, [word]);
        var found = Known(part, [word, .. forms]);
        while (found.Count == 0 && forms.Count > 0)
        {
            forms = Reduce(part, forms);
            found = Known(part, forms);
        }
        return found;
    }

    // Duplicate forms are dropped: they would only produce the same results again.
    private static List<string> Reduce(Part part, List<string> forms) =>
        [
            .. forms
                .SelectMany(form =>
                    part.Rules.Where(rule => form.EndsWith(rule.Suffix, StringComparison.Ordinal))
                        .Select(rule => form[..^rule.Suffix.Length] + rule.Base)
                )
                .Distinct(StringComparer.Ordinal),
        ];

    private static List<string> Known(Part part, IEnumerable<string> forms) =>
        [.. forms.Distinct(StringComparer.Ordinal).Where(part.Index.Contains)];

    private static Dictionary<string, string[]> Exceptions(string path, byte[] bytes)
    {
        var exceptions = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in Encoding.UTF8.GetString(bytes).Split('\n'))
        {
            number++;
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 1)
                throw new DataException(
                    $"WordNet '{path}' line {number}: should be 'form base [base..]', found '{line}'"
                );
            if (words.Length > 1)
                exceptions[words[0]] = words[1..];
        }
        return exceptions;
    }

    private sealed record Part(
        WordNetIndex Index,
        WordNetData Data,
        Dictionary<string, string[]> Exceptions,
        (string Suffix, string Base)[] Rules
    );
}
