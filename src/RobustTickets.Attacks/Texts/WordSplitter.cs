// TextAttack `words_from_text`. 0.3.x: a word starts with an alphanumeric character or a homoglyph
// and may continue with ' - _ * @. Main branch: runs of the same characters, stripped of those five
// at both ends.

using System.Globalization;
using System.Text;

namespace RobustTickets.Attacks;

/// <summary>Span of a word in a text, in UTF-16 units.</summary>
/// <param name="Start">First unit.</param>
/// <param name="Length">Number of units.</param>
public readonly record struct WordSpan(int Start, int Length);

/// <summary>Splits texts into words exactly as the given TextAttack release.</summary>
internal static class WordSplitter
{
    /// <summary>The spans of all words, left to right.</summary>
    public static List<WordSpan> Split(string text, TextAttackVersion version)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = new List<WordSpan>(text.Length / 5 + 1);
        var start = -1;
        for (var i = 0; i < text.Length; )
        {
            var (isWord, length) = Classify(text, i);
            if (isWord || (IsExtra(text[i]) && (start >= 0 || version == TextAttackVersion.Head)))
            {
                if (start < 0)
                    start = i;
            }
            else if (start >= 0)
            {
                Close(text, version, start, i, words);
                start = -1;
            }
            i += length;
        }
        if (start >= 0)
            Close(text, version, start, text.Length, words);
        return words;
    }

    /// <summary>The words as strings.</summary>
    public static string[] Words(string text, TextAttackVersion version)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. Split(text, version).Select(w => text.Substring(w.Start, w.Length))];
    }

    /// <summary>Whether the string is exactly one word.</summary>
    public static bool IsOneWord(string text, TextAttackVersion version)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0 || IsExtra(text[0]))
            return false;
        if (version == TextAttackVersion.Head && IsExtra(text[^1]))
            return false;
        for (var i = 0; i < text.Length; )
        {
            var (isWord, length) = Classify(text, i);
            if (!isWord && !IsExtra(text[i]))
                return false;
            i += length;
        }
        return true;
    }

    /// <summary>
    /// Whether the string contains exactly one word, whatever surrounds it (TextAttack's
    /// <c>is_one_word</c>).
    /// </summary>
    public static bool HasOneWord(string text, TextAttackVersion version) => Split(text, version).Count == 1;

    /// <summary>The kind of the character at a position, and its length in UTF-16 units.</summary>
    internal static (CharacterKind Kind, int Length) KindAt(string text, int i)
    {
        var (isWord, length) = Classify(text, i);
        return (
            isWord ? CharacterKind.Word
            : IsExtra(text[i]) ? CharacterKind.Inner
            : CharacterKind.Other,
            length
        );
    }

    private static void Close(string text, TextAttackVersion version, int start, int end, List<WordSpan> words)
    {
        if (version == TextAttackVersion.Head)
        {
            while (start < end && IsExtra(text[start]))
                start++;
            while (end > start && IsExtra(text[end - 1]))
                end--;
        }
        if (end > start)
            words.Add(new WordSpan(start, end - start));
    }

    private static bool IsExtra(char c) => c is '\'' or '-' or '_' or '*' or '@';

    private static (bool IsWord, int Length) Classify(string text, int i)
    {
        var c = text[i];
        if (c < 128)
            return (char.IsAsciiLetterOrDigit(c) || c == '`', 1);
        if (!char.IsSurrogate(c))
            return (IsAlphanumeric(char.GetUnicodeCategory(c)) || Homoglyphs.IsLookAlike(c), 1);
        // A lone surrogate is not a character: it ends the word.
        if (!Rune.TryGetRuneAt(text, i, out var rune))
            return (false, 1);
        return (IsAlphanumeric(Rune.GetUnicodeCategory(rune)) || Homoglyphs.IsLookAlike(rune.Value), 2);
    }

    // Python's isalnum(): letters, decimal digits and all other characters with a numeric value;
    // not combining marks.
    private static bool IsAlphanumeric(UnicodeCategory c) =>
        c
            is UnicodeCategory.UppercaseLetter
                or UnicodeCategory.LowercaseLetter
                or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter
                or UnicodeCategory.OtherLetter
                or UnicodeCategory.DecimalDigitNumber
                or UnicodeCategory.LetterNumber
                or UnicodeCategory.OtherNumber;
}

/// <summary>Effect of a character on words.</summary>
internal enum CharacterKind
{
    /// <summary>Ends a word.</summary>
    Other,

    /// <summary>Continues a word, but does not start one.</summary>
    Inner,

    /// <summary>Starts or continues a word.</summary>
    Word,
}
