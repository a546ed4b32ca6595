// TextAttack `words_from_text`. 0.3.x: a word is opened by an alphanumeric character or a homoglyph
// and keeps any of ' - _ * @ once open. Main branch: runs of the same characters, stripped of those
// five at both ends.

using System.Globalization;
using System.Text;

namespace RobustTickets.Attacks;

/// <summary>A word's place in a text, in UTF-16 units.</summary>
/// <param name="Start">First unit.</param>
/// <param name="Length">Number of units.</param>
public readonly record struct WordSpan(int Start, int Length);

/// <summary>Cuts texts into words exactly as a release of TextAttack does.</summary>
internal static class WordSplitter
{
    /// <summary>The places of all words, left to right.</summary>
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

    /// <summary>The words themselves.</summary>
    public static string[] Words(string text, TextAttackVersion version)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. Split(text, version).Select(w => text.Substring(w.Start, w.Length))];
    }

    /// <summary>True when the whole string is exactly one word.</summary>
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
    /// True when the string holds exactly one word, whatever stands around it (TextAttack's
    /// <c>is_one_word</c>).
    /// </summary>
    public static bool HasOneWord(string text, TextAttackVersion version) => Split(text, version).Count == 1;

    /// <summary>
    /// What the character at a place does to words, and its length in UTF-16 units.
    /// </summary>
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
        // A lone surrogate is no character: it closes the word.
        if (!Rune.TryGetRuneAt(text, i, out var rune))
            return (false, 1);
        return (IsAlphanumeric(Rune.GetUnicodeCategory(rune)) || Homoglyphs.IsLookAlike(rune.Value), 2);
    }

    // Python's isalnum(): letters, decimal digits and every other character with a numeric value;
    // combining marks are not included.
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

/// <summary>What a character does to words.</summary>
internal enum CharacterKind
{
    /// <summary>Closes a word.</summary>
    Other,

    /// <summary>Continues an open word, opens none.</summary>
    Inner,

    /// <summary>Opens or continues a word.</summary>
    Word,
}
