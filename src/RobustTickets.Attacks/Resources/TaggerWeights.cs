// The perceptron's weights, indexed by kind of feature: feature names are built once per word
// string, not per tagging.

using System.Collections.Concurrent;

namespace RobustTickets.Attacks.Resources;

/// <summary>The weights of one feature: class indices and values, in the file's order.</summary>
internal sealed record SparseWeights(int[] Classes, double[] Values);

/// <summary>The features of a word string at any position.</summary>
internal sealed class TaggedWord
{
    /// <summary>The tag dictionary's class, or -1.</summary>
    public required int FixedTag { get; init; }

    public required string Normal { get; init; }

    public required SparseWeights? Suffix { get; init; }

    public required SparseWeights? First { get; init; }

    public required SparseWeights? Word { get; init; }

    public required SparseWeights? AsLeft { get; init; }

    public required SparseWeights? AsLeftSuffix { get; init; }

    public required SparseWeights? AsSecondLeft { get; init; }

    public required SparseWeights? AsRight { get; init; }

    public required SparseWeights? AsRightSuffix { get; init; }

    public required SparseWeights? AsSecondRight { get; init; }

    /// <summary>"i-1 tag+i word" by the previous class (or start), filled lazily.</summary>
    public ConcurrentDictionary<int, SparseWeights?> AfterTag { get; } = new();
}

/// <summary>All weights, by kind of feature.</summary>
internal sealed class TaggerWeights
{
    private readonly Dictionary<string, SparseWeights> _all;
    private readonly string[] _tags;

    public TaggerWeights(Dictionary<string, SparseWeights> all, string[] classes)
    {
        _all = all;
        _tags = [.. classes, "-START-", "-START2-"];
        Start = classes.Length;
        Start2 = classes.Length + 1;
        Bias = Find("bias");
        PreviousTag = [.. _tags.Select(t => Find("i-1 tag " + t))];
        SecondTag = [.. _tags.Select(t => Find("i-2 tag " + t))];
        TagPair = [.. _tags.Select(p => _tags.Select(p2 => Find($"i tag+i-2 tag {p} {p2}")).ToArray())];
    }

    public int Count => _all.Count;

    /// <summary>Index of the tag before the first word.</summary>
    public int Start { get; }

    /// <summary>Index of the tag before that.</summary>
    public int Start2 { get; }

    public SparseWeights? Bias { get; }

    public SparseWeights?[] PreviousTag { get; }

    public SparseWeights?[] SecondTag { get; }

    public SparseWeights?[][] TagPair { get; }

    public SparseWeights? TagAndWord(int previous, TaggedWord word) =>
        word.AfterTag.TryGetValue(previous, out var known)
            ? known
            : word.AfterTag.GetOrAdd(previous, Find($"i-1 tag+i word {_tags[previous]} {word.Normal}"));

    public TaggedWord Describe(string raw, string normal, int fixedTag)
    {
        var suffix = LastThree(normal);
        return new TaggedWord
        {
            FixedTag = fixedTag,
            Normal = normal,
            Suffix = Find("i suffix " + LastThree(raw)),
            First = Find("i pref1 " + FirstOne(raw)),
            Word = Find("i word " + normal),
            AsLeft = Find("i-1 word " + normal),
            AsLeftSuffix = Find("i-1 suffix " + suffix),
            AsSecondLeft = Find("i-2 word " + normal),
            AsRight = Find("i+1 word " + normal),
            AsRightSuffix = Find("i+1 suffix " + suffix),
            AsSecondRight = Find("i+2 word " + normal),
        };
    }

    private SparseWeights? Find(string feature) => _all.GetValueOrDefault(feature);

    // Characters are Unicode code points.
    internal static string LastThree(string s)
    {
        var start = s.Length;
        for (var n = 0; n < 3 && start > 0; n++)
            start -= start >= 2 && char.IsSurrogatePair(s[start - 2], s[start - 1]) ? 2 : 1;
        return s[start..];
    }

    internal static string FirstOne(string s)
    {
        if (s.Length == 0)
            return "";
        return s.Length >= 2 && char.IsSurrogatePair(s[0], s[1]) ? s[..2] : s[..1];
    }
}
