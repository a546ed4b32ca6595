// Escapes untrusted text for terminals and pages: characters that would move the cursor, change
// colours or the reading direction.
using System.Buffers;
using System.Globalization;
using System.Text;

namespace RobustTickets.Attacks;

/// <summary>Makes control characters and bidirectional controls visible.</summary>
internal static class VisibleText
{
    // C0 without tab and line feed, DEL, C1; U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
    // U+2069.
    private static readonly SearchValues<char> Hidden = SearchValues.Create([
        .. Enumerable.Range(0, 0x20).Where(c => c is not ('\t' or '\n')).Select(c => (char)c),
        .. Enumerable.Range(0x7f, 0x21).Select(c => (char)c),
        '\u061c',
        '\u200e',
        '\u200f',
        .. Enumerable.Range(0x202a, 5).Select(c => (char)c),
        .. Enumerable.Range(0x2066, 4).Select(c => (char)c),
    ]);

    /// <summary>Whether a character is shown as an escape.</summary>
    public static bool IsHidden(char c) => Hidden.Contains(c);

    /// <summary>
    /// Replaces each such character by an escape such as <c>\u001b</c>, which JSON can read back;
    /// tabs and line feeds are kept.
    /// </summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var first = text.AsSpan().IndexOfAny(Hidden);
        if (first < 0)
            return text;
        var visible = new StringBuilder(text.Length + 16).Append(text, 0, first);
        foreach (var c in text.AsSpan(first))
        {
            if (IsHidden(c))
                visible.Append(Escape(c));
            else
                visible.Append(c);
        }
        return visible.ToString();
    }

    /// <summary>Escapes line feeds too, so that the text is on one line.</summary>
    public static string OnOneLine(string text) => Of(text).Replace("\n", Escape('\n'), StringComparison.Ordinal);

    /// <summary>A character as <c>\u001b</c>.</summary>
    public static string Escape(char c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
}
