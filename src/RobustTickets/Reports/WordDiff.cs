// Finds the differing words of two texts: the longest common subsequence of whitespace-separated
// words. Independent of the attack's own bookkeeping, so that the report shows the actual
// differences.
namespace RobustTickets.Reports;

/// <summary>A word, and whether the other text lacks it at this position.</summary>
/// <param name="Text">The word with adjacent punctuation.</param>
/// <param name="Changed">Whether it was replaced, removed or inserted.</param>
internal readonly record struct DiffWord(string Text, bool Changed);

/// <summary>Compares two texts word by word.</summary>
internal static class WordDiff
{
    // Entries of the table of common lengths: texts of 4000 words, 64 MiB.
    private const int LargestTable = 1 << 24;

    /// <summary>The words of both texts, with differing ones marked.</summary>
    /// <remarks>Of texts whose table would be too large, equal words at the end are matched first;
    /// if that is not enough, the rest is compared by position.</remarks>
    /// <param name="first">The first text.</param>
    /// <param name="second">The second text.</param>
    public static (IReadOnlyList<DiffWord> First, IReadOnlyList<DiffWord> Second) Compare(string first, string second)
    {
        var a = first.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var b = second.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var inFirst = new bool[a.Length];
        var inSecond = new bool[b.Length];
        // Matching equal words at the start never changes the result.
        var start = a.AsSpan().CommonPrefixLength(b);
        var (endA, endB) = (a.Length, b.Length);
        bool IsTooLarge() => (endA - start + 1L) * (endB - start + 1L) > LargestTable;
        if (IsTooLarge())
            for (; endA > start && endB > start && a[endA - 1] == b[endB - 1]; endA--, endB--)
                inFirst[endA - 1] = inSecond[endB - 1] = true;
        inFirst.AsSpan(0, start).Fill(true);
        inSecond.AsSpan(0, start).Fill(true);
        if (IsTooLarge())
        {
            for (var i = start; i < Math.Min(endA, endB); i++)
                inFirst[i] = inSecond[i] = a[i] == b[i];
        }
        else
        {
            var (middleA, middleB) = (start..endA, start..endB);
            MatchLongest(a.AsSpan(middleA), b.AsSpan(middleB), inFirst.AsSpan(middleA), inSecond.AsSpan(middleB));
        }
        return (
            [.. a.Select((w, i) => new DiffWord(w, !inFirst[i]))],
            [.. b.Select((w, i) => new DiffWord(w, !inSecond[i]))]
        );
    }

    // Marks the words of a longest common subsequence.
    private static void MatchLongest(
        ReadOnlySpan<string> a,
        ReadOnlySpan<string> b,
        Span<bool> inFirst,
        Span<bool> inSecond
    )
    {
        var common = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                common[i, j] = a[i] == b[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }
        for (int i = 0, j = 0; i < a.Length && j < b.Length; )
        {
            if (a[i] == b[j])
                inFirst[i++] = inSecond[j++] = true;
            else if (common[i + 1, j] >= common[i, j + 1])
                i++;
            else
                j++;
        }
    }
}
