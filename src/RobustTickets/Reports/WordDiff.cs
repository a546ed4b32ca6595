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
    /// <summary>The words of both texts, with differing ones marked.</summary>
    /// <param name="first">The first text.</param>
    /// <param name="second">The second text.</param>
    public static (IReadOnlyList<DiffWord> First, IReadOnlyList<DiffWord> Second) Compare(string first, string second)
    {
        var a = first.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var b = second.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var common = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                common[i, j] = a[i] == b[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }
        var inFirst = new bool[a.Length];
        var inSecond = new bool[b.Length];
        for (int i = 0, j = 0; i < a.Length && j < b.Length; )
        {
            if (a[i] == b[j])
                inFirst[i++] = inSecond[j++] = true;
            else if (common[i + 1, j] >= common[i, j + 1])
                i++;
            else
                j++;
        }
        return (
            [.. a.Select((w, i) => new DiffWord(w, !inFirst[i]))],
            [.. b.Select((w, i) => new DiffWord(w, !inSecond[i]))]
        );
    }
}
