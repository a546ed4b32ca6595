// The averaged perceptron tagger (docs/methods/attacks.md, Part-of-speech tagger): greedy from left
// to right, 14 features per word, sums in double precision in feature order.

using System.Collections.Concurrent;
using RobustTickets.Attacks.Data;

namespace RobustTickets.Attacks.Resources;

/// <summary>Part-of-speech tagger. Thread-safe.</summary>
public sealed class PerceptronTagger
{
    private const int MaxKnownWords = 1 << 17;
    private readonly string[] _classes;
    private readonly string[] _universal;
    private readonly Dictionary<string, int> _tagDictionary;
    private readonly TaggerWeights _weights;
    private readonly ConcurrentDictionary<string, TaggedWord> _words = new(StringComparer.Ordinal);
    private readonly TaggedWord[] _before;
    private readonly TaggedWord[] _after;

    private PerceptronTagger(
        string[] classes,
        Dictionary<string, int> tagDictionary,
        Dictionary<string, SparseWeights> weights,
        UniversalTags tags
    )
    {
        _classes = classes;
        _universal = [.. classes.Select(tags.Of)];
        _tagDictionary = tagDictionary;
        _weights = new TaggerWeights(weights, classes);
        _before = [Boundary("-START-"), Boundary("-START2-")];
        _after = [Boundary("-END-"), Boundary("-END2-")];
    }

    /// <summary>A tagger without weights, for recipe descriptions.</summary>
    internal static PerceptronTagger Untrained { get; } = new([], [], [], UniversalTags.PennTreebank);

    /// <summary>Number of features with weights.</summary>
    public int FeatureCount => _weights.Count;

    /// <summary>Reads the weights (JSON, possibly gzipped).</summary>
    /// <param name="path">The weights file.</param>
    /// <param name="tags">Map to universal tags; null: the built-in Penn Treebank map.</param>
    /// <param name="maxUnpackedBytes">Maximum unpacked size of a gzipped file.</param>
    /// <exception cref="DataException">The file is missing or malformed.</exception>
    public static PerceptronTagger Read(
        string path,
        UniversalTags? tags = null,
        long maxUnpackedBytes = DataOptions.UnpackedBytes
    )
    {
        ArgumentNullException.ThrowIfNull(path);
        using var document = ResourceFile.Json(path, "tagger", maxUnpackedBytes);
        var (classes, dictionary, weights) = TaggerJson.Read($"tagger {path}", document.RootElement);
        return new PerceptronTagger(classes, dictionary, weights, tags ?? UniversalTags.PennTreebank);
    }

    /// <summary>The Penn Treebank tags of the words.</summary>
    public string[] Tag(IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        var tags = new int[words.Count];
        Predict([.. words.Select(Known)], tags, 0, tags.Length);
        return [.. tags.Select(t => _classes[t])];
    }

    /// <summary>The universal tag of a Penn Treebank tag.</summary>
    public string Universal(string tag) => Array.IndexOf(_classes, tag) is var i and >= 0 ? _universal[i] : "X";

    /// <summary>
    /// The universal tag of the first occurrence of <paramref name="word"/>, after placing it at
    /// <paramref name="position"/>.
    /// </summary>
    internal string TagOfFirst(ReadOnlySpan<string> words, int position, string word)
    {
        var first = words[..position].IndexOf(word);
        if (first < 0)
            first = position;
        // A tag depends on the tags to its left and on the next two words only.
        var entries = new TaggedWord[Math.Min(first + 3, words.Length)];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = Known(i == position ? word : words[i]);
        Span<int> tags = stackalloc int[first + 1];
        Predict(entries, tags, 0, first + 1);
        return _universal[tags[first]];
    }

    private void Predict(TaggedWord[] words, Span<int> tags, int from, int to)
    {
        Span<double> scores = stackalloc double[_classes.Length];
        for (var i = from; i < to; i++)
        {
            if (words[i].FixedTag >= 0)
            {
                tags[i] = words[i].FixedTag;
                continue;
            }
            var previous = i >= 1 ? tags[i - 1] : _weights.Start;
            var previous2 =
                i >= 2 ? tags[i - 2]
                : i == 1 ? _weights.Start
                : _weights.Start2;
            scores.Clear();
            var word = words[i];
            var left = At(words, i - 1);
            var right = At(words, i + 1);
            Add(_weights.Bias, scores);
            Add(word.Suffix, scores);
            Add(word.First, scores);
            Add(_weights.PreviousTag[previous], scores);
            Add(_weights.SecondTag[previous2], scores);
            Add(_weights.TagPair[previous][previous2], scores);
            Add(word.Word, scores);
            Add(_weights.TagAndWord(previous, word), scores);
            Add(left.AsLeft, scores);
            Add(left.AsLeftSuffix, scores);
            Add(At(words, i - 2).AsSecondLeft, scores);
            Add(right.AsRight, scores);
            Add(right.AsRightSuffix, scores);
            Add(At(words, i + 2).AsSecondRight, scores);
            var best = 0;
            for (var c = 1; c < scores.Length; c++)
            {
                if (scores[c] >= scores[best])
                    best = c;
            }
            tags[i] = best;
        }
    }

    // Boundary words surround the sentence. TagOfFirst truncates the sentence after the second word
    // to the right; later words are not read.
    private TaggedWord At(TaggedWord[] words, int i) =>
        i < 0 ? _before[i + 2]
        : i >= words.Length ? _after[i - words.Length]
        : words[i];

    private static void Add(SparseWeights? weights, Span<double> scores)
    {
        if (weights is null)
            return;
        for (var k = 0; k < weights.Classes.Length; k++)
            scores[weights.Classes[k]] += weights.Values[k];
    }

    // Features of a word string are cached; tagging a word then takes 14 sparse sums.
    private TaggedWord Known(string word)
    {
        if (_words.TryGetValue(word, out var known))
            return known;
        var made = _weights.Describe(word, Normalise(word), _tagDictionary.GetValueOrDefault(word, -1));
        if (_words.Count < MaxKnownWords)
            _words.TryAdd(word, made);
        return made;
    }

    private TaggedWord Boundary(string name) => _weights.Describe(name, name, -1);

    internal static string Normalise(string word)
    {
        if (word.Length == 0)
            return "";
        if (word.IndexOf('-', StringComparison.Ordinal) > 0)
            return "!HYPHEN";
        var runes = word.EnumerateRunes().ToArray();
        if (runes.Length == 4 && runes.All(Python.PythonText.IsDigit))
            return "!YEAR";
        return Python.PythonText.IsDigit(runes[0]) ? "!DIGITS" : Python.PythonText.Lower(word);
    }
}
