// Finds the words that differ between an original and its perturbed text, and marks them ([[word]]
// in TextAttack's files, colours in reports). A word is equal when the word at its mapped position
// in the other text is the same string.

using System.Text;

namespace RobustTickets.Attacks;

/// <summary>Differences between a text and the text it was derived from.</summary>
internal static class TextDifference
{
    /// <summary>
    /// Positions of replaced or removed words in the original, and of new words in the perturbed
    /// text.
    /// </summary>
    /// <param name="original">The text the edits started from.</param>
    /// <param name="perturbed">A text derived from it by edits.</param>
    public static (int[] Original, int[] Perturbed) Marks(AttackedText original, AttackedText perturbed)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(perturbed);
        var map = perturbed.OriginalPositions();
        var equal = new bool[perturbed.WordArray.Length];
        var replaced = new List<int>();
        for (var i = 0; i < original.WordArray.Length; i++)
        {
            var at = i < map.Length ? map[i] : -1;
            if (at >= 0 && at < equal.Length && perturbed.WordArray[at] == original.WordArray[i])
                equal[at] = true;
            else
                replaced.Add(i);
        }
        return ([.. replaced], [.. Enumerable.Range(0, equal.Length).Where(i => !equal[i])]);
    }

    /// <summary>
    /// Each column with the words at the given positions enclosed in two strings.
    /// </summary>
    public static string[] Mark(
        IReadOnlyList<KeyValuePair<string, string>> columns,
        IReadOnlyList<int> positions,
        string open,
        string close,
        TextAttackVersion version = TextAttackVersion.V034
    )
    {
        ArgumentNullException.ThrowIfNull(columns);
        var marked = new HashSet<int>(positions);
        var result = new string[columns.Count];
        var word = 0;
        for (var c = 0; c < result.Length; c++)
        {
            var text = columns[c].Value;
            var line = new StringBuilder(text.Length + 16);
            var from = 0;
            foreach (var span in WordSplitter.Split(text, version))
            {
                if (marked.Contains(word++))
                {
                    line.Append(text, from, span.Start - from)
                        .Append(open)
                        .Append(text, span.Start, span.Length)
                        .Append(close);
                    from = span.Start + span.Length;
                }
            }
            result[c] = line.Append(text, from, text.Length - from).ToString();
        }
        return result;
    }
}
