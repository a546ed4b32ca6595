// Splits a text for display into words with their index and the text between them, so that words
// can be highlighted in place.
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Playground.Attacks;

/// <summary>Splits texts into words as attacks do.</summary>
internal static class TextParts
{
    /// <summary>
    /// For each column its parts in order, <c>[text, word]</c>: word indices count across columns,
    /// -1 is text between words.
    /// </summary>
    public static object[][][] Of(IReadOnlyList<string> columns, TextAttackVersion version)
    {
        var word = 0;
        var result = new object[columns.Count][][];
        for (var c = 0; c < result.Length; c++)
        {
            var (text, from) = (columns[c], 0);
            var parts = new List<object[]>();
            foreach (var span in WordSplitter.Split(text, version))
            {
                Between(span.Start);
                from = span.Start + span.Length;
                parts.Add([VisibleText.Of(text[span.Start..from]), word++]);
            }
            Between(text.Length);
            result[c] = [.. parts];

            void Between(int end)
            {
                if (end > from)
                    parts.Add([VisibleText.Of(text[from..end]), -1]);
            }
        }
        return result;
    }
}
