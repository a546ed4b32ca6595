// TextAttack up to 0.3.4 joins columns with "<SPLIT>" and finds each word at its first occurrence
// after the previous one. A first word of a later column that occurs in "SPLIT" (I, S, IT) is found
// inside the marker, which the edit damages (TextAttack issue 631).

namespace RobustTickets.Attacks;

/// <summary>
/// Reproduces edits of the joined form of TextAttack up to 0.3.4, for texts where it matters.
/// </summary>
internal static class MarkedText
{
    public const string Marker = "<SPLIT>";

    /// <summary>
    /// Whether some word is not found at its own position in the joined form. A marker in the text
    /// itself would move text between columns, so such a text is never joined
    /// (docs/methods/attacks.md, Text).
    /// </summary>
    public static bool IsDamaged(string[] columns, AttackedText text)
    {
        if (columns.Length == 1 || columns.Any(c => c.Contains(Marker, StringComparison.Ordinal)))
            return false;
        var joined = string.Join(Marker, columns);
        var words = text.WordArray;
        var starts = text.WordStarts;
        var from = 0;
        var column = 0;
        var columnEnd = columns[0].Length;
        for (var i = 0; i < words.Length; i++)
        {
            while (starts[i] > columnEnd)
            {
                column++;
                columnEnd += columns[column].Length + 1;
            }
            var found = joined.IndexOf(words[i], from, StringComparison.Ordinal);
            // In the joined form every column boundary is Marker.Length units long instead of one.
            if (found != starts[i] + column * (Marker.Length - 1))
                return true;
            from = found + words[i].Length;
        }
        return false;
    }

    /// <summary>Replaces a word in the joined form and splits it again.</summary>
    public static (string[] Names, string[] Columns) Replace(
        string[] names,
        string[] columns,
        string[] words,
        int position,
        string replacement,
        int added
    )
    {
        var joined = string.Join(Marker, columns);
        var from = 0;
        var start = 0;
        for (var i = 0; i <= position; i++)
        {
            start = joined.IndexOf(words[i], from, StringComparison.Ordinal);
            if (start < 0)
                throw new InvalidOperationException(
                    $"word {i} '{words[i]}' is not found in '{joined}' after position {from}"
                );
            from = start + words[i].Length;
        }
        var prefix = joined.AsSpan(0, start);
        var suffix = joined.AsSpan(from);
        if (added == 0 && suffix.Length > 0)
        {
            if (position == 0)
            {
                if (suffix[0] == ' ')
                    suffix = suffix[1..];
            }
            else if (prefix.EndsWith(' '))
            {
                prefix = prefix[..^1];
            }
        }
        return Split(names, string.Concat(prefix, replacement, suffix));
    }

    private static (string[] Names, string[] Columns) Split(string[] names, string joined)
    {
        var parts = joined.Split(Marker);
        var kept = Math.Min(parts.Length, names.Length);
        return (names[..kept], parts[..kept]);
    }
}
