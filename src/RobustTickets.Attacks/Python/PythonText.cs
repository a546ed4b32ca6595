// Python's string methods where .NET's differ: lower(), islower()/isupper(), title case of one
// character, isdigit(), find() and slices with negative positions. Of the special upper-case
// expansions only the Latin ones and U+0587 are implemented.

using System.Globalization;
using System.Text;

namespace RobustTickets.Attacks.Python;

/// <summary>Python string semantics on .NET strings.</summary>
internal static class PythonText
{
    /// <summary><c>s.lower()</c>.</summary>
    public static string Lower(string s)
    {
        ArgumentNullException.ThrowIfNull(s);
        if (Ascii.IsValid(s) || s.AsSpan().IndexOfAny('\u0130', '\u03A3') < 0)
            return s.ToLowerInvariant();
        var result = new StringBuilder(s.Length + 4);
        for (var i = 0; i < s.Length; i++)
        {
            switch (s[i])
            {
                case '\u0130':
                    result.Append("i\u0307");
                    break;
                case '\u03A3':
                    result.Append(IsFinalSigma(s, i) ? '\u03C2' : '\u03C3');
                    break;
                default:
                    if (char.IsHighSurrogate(s[i]) && i + 1 < s.Length && char.IsLowSurrogate(s[i + 1]))
                    {
                        result.Append(s.AsSpan(i, 2).ToString().ToLowerInvariant());
                        i++;
                    }
                    else
                    {
                        result.Append(char.ToLowerInvariant(s[i]));
                    }
                    break;
            }
        }
        return result.ToString();
    }

    /// <summary><c>s.upper()</c>.</summary>
    public static string Upper(string s)
    {
        ArgumentNullException.ThrowIfNull(s);
        if (Ascii.IsValid(s))
            return s.ToUpperInvariant();
        var result = new StringBuilder(s.Length + 4);
        foreach (var rune in s.EnumerateRunes())
            result.Append(Expansion(rune.Value) ?? Rune.ToUpperInvariant(rune).ToString());
        return result.ToString();
    }

    /// <summary>
    /// <c>s.capitalize()</c>: the first character in title case, the rest lowered.
    /// </summary>
    public static string Capitalise(string s)
    {
        ArgumentNullException.ThrowIfNull(s);
        if (s.Length == 0)
            return s;
        Rune.DecodeFromUtf16(s, out var first, out var used);
        return Title(first) + Lower(s[used..]);
    }

    /// <summary>
    /// <c>s.islower()</c>: at least one cased character and none in upper or title case.
    /// </summary>
    public static bool IsLower(ReadOnlySpan<char> s)
    {
        var cased = false;
        foreach (var rune in s.EnumerateRunes())
        {
            if (IsUpperRune(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter)
                return false;
            cased = cased || IsLowerRune(rune);
        }
        return cased;
    }

    /// <summary>
    /// <c>s.isupper()</c>: at least one cased character and none in lower or title case.
    /// </summary>
    public static bool IsUpper(ReadOnlySpan<char> s)
    {
        var cased = false;
        foreach (var rune in s.EnumerateRunes())
        {
            if (IsLowerRune(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter)
                return false;
            cased = cased || IsUpperRune(rune);
        }
        return cased;
    }

    /// <summary>
    /// <c>c.isdigit()</c>: decimal digits, superscripts, subscripts and circled digits.
    /// </summary>
    public static bool IsDigit(Rune c) =>
        Rune.GetUnicodeCategory(c) switch
        {
            UnicodeCategory.DecimalDigitNumber => true,
            UnicodeCategory.OtherNumber => CharUnicodeInfo.GetDigitValue(c.ToString(), 0) >= 0,
            _ => false,
        };

    /// <summary>
    /// <c>s.find(what, start)</c>: a negative start counts from the end; -1 when absent.
    /// </summary>
    public static int Find(string s, string what, int start)
    {
        ArgumentNullException.ThrowIfNull(s);
        ArgumentNullException.ThrowIfNull(what);
        if (start < 0)
            start = Math.Max(0, s.Length + start);
        if (start > s.Length)
            return -1;
        return s.IndexOf(what, start, StringComparison.Ordinal);
    }

    /// <summary>
    /// <c>s[start:end]</c> with Python's rules for negative and excessive positions.
    /// </summary>
    public static string Slice(string s, int start, int end)
    {
        ArgumentNullException.ThrowIfNull(s);
        if (start < 0)
            start = Math.Max(0, s.Length + start);
        if (end < 0)
            end = Math.Max(0, s.Length + end);
        start = Math.Min(start, s.Length);
        end = Math.Min(end, s.Length);
        return end <= start ? "" : s[start..end];
    }

    internal static bool IsUpperRune(Rune c) =>
        Rune.GetUnicodeCategory(c) == UnicodeCategory.UppercaseLetter
        || c.Value
            is (>= 0x2160 and <= 0x216F)
                or (>= 0x24B6 and <= 0x24CF)
                or (>= 0x1F130 and <= 0x1F149)
                or (>= 0x1F150 and <= 0x1F169)
                or (>= 0x1F170 and <= 0x1F189);

    internal static bool IsLowerRune(Rune c) =>
        Rune.GetUnicodeCategory(c) == UnicodeCategory.LowercaseLetter
        || c.Value
            is 0xAA
                or 0xBA
                or (>= 0x2B0 and <= 0x2B8)
                or 0x2C0
                or 0x2C1
                or (>= 0x2E0 and <= 0x2E4)
                or 0x345
                or 0x37A
                or (>= 0x1D2C and <= 0x1D6A)
                or 0x1D78
                or (>= 0x1D9B and <= 0x1DBF)
                or 0x2071
                or 0x207F
                or (>= 0x2090 and <= 0x209C)
                or (>= 0x2170 and <= 0x217F)
                or (>= 0x24D0 and <= 0x24E9)
                or 0x2C7C
                or 0x2C7D
                or 0xA69C
                or 0xA69D
                or 0xA770
                or 0xA7F8
                or 0xA7F9
                or (>= 0xAB5C and <= 0xAB5F)
                or 0x10780
                or (>= 0x10783 and <= 0x10785)
                or (>= 0x10787 and <= 0x107B0)
                or (>= 0x107B2 and <= 0x107BA);

    private static string Title(Rune c) =>
        c.Value switch
        {
            >= 0x1C4 and <= 0x1C6 => "\u01C5",
            >= 0x1C7 and <= 0x1C9 => "\u01C8",
            >= 0x1CA and <= 0x1CC => "\u01CB",
            >= 0x1F1 and <= 0x1F3 => "\u01F2",
            0x149 => "\u02BCN",
            // Georgian has no title case.
            >= 0x10D0 and <= 0x10FF => c.ToString(),
            _ when Expansion(c.Value) is { } all => all[..1] + all[1..].ToLowerInvariant(),
            _ => Rune.ToUpperInvariant(c).ToString(),
        };

    private static string? Expansion(int c) =>
        c switch
        {
            0xDF => "SS",
            0x131 => "I",
            0x17F => "S",
            0x149 => "\u02BCN",
            0x1F0 => "J\u030C",
            0x587 => "\u0535\u0552",
            0x1E96 => "H\u0331",
            0x1E97 => "T\u0308",
            0x1E98 => "W\u030A",
            0x1E99 => "Y\u030A",
            0x1E9A => "A\u02BE",
            0xFB00 => "FF",
            0xFB01 => "FI",
            0xFB02 => "FL",
            0xFB03 => "FFI",
            0xFB04 => "FFL",
            0xFB05 or 0xFB06 => "ST",
            _ => null,
        };

    // A capital sigma is final when a cased letter precedes it and none follows, ignoring
    // case-ignorable characters.
    private static bool IsFinalSigma(string s, int i)
    {
        var before = i - 1;
        while (before >= 0 && IgnoresCase(s[before]))
            before--;
        if (before < 0 || !IsCased(s[before]))
            return false;
        var after = i + 1;
        while (after < s.Length && IgnoresCase(s[after]))
            after++;
        return after >= s.Length || !IsCased(s[after]);
    }

    private static bool IsCased(char c) =>
        char.IsUpper(c) || char.IsLower(c) || char.GetUnicodeCategory(c) == UnicodeCategory.TitlecaseLetter;

    private static bool IgnoresCase(char c) =>
        c is '\'' or '.' or ':' or '^' or '`' or '\u00B7' or '\u2019'
        || char.GetUnicodeCategory(c)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.EnclosingMark
                or UnicodeCategory.Format
                or UnicodeCategory.ModifierLetter
                or UnicodeCategory.ModifierSymbol;
}
