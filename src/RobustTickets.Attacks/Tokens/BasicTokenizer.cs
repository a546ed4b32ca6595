using System.Text;

namespace RobustTickets.Attacks.Tokens;

/// <summary>
/// Splits text into words before WordPiece, with the steps of the slow BertTokenizer of
/// transformers 4.4.2, one method per step, in order: (1) lower-case each character of the text
/// except special tokens; (2) split the text at special tokens, if they are matched anywhere; (3)
/// drop control characters, turn whitespace into spaces, put spaces around ideographs; (4) split at
/// whitespace; (5) unless the word is a special token, lower-case it and strip accents, then make
/// every punctuation character a word. All steps work on code points (a lone surrogate is a control
/// character and is dropped).
/// </summary>
internal sealed class BasicTokenizer
{
    private readonly bool _lower,
        _strip,
        _ideographs;
    private readonly bool _anywhere;
    private readonly string[] _special;
    private readonly string[] _cutOrder;

    public BasicTokenizer(TokenizerOptions options, IReadOnlyList<string> special)
    {
        _lower = options.DoLowerCase;
        _strip = options.StripAccents ?? options.DoLowerCase;
        _ideographs = options.TokenizeChineseChars;
        _anywhere = options.Matching == SpecialTokenMatching.Anywhere;
        _special = [.. special];
        // Python sorts by code point; only special tokens beyond the BMP would make a difference to
        // ordinal order.
        _cutOrder = [.. _special.Order(StringComparer.Ordinal)];
    }

    /// <summary>
    /// Words of <paramref name="text"/> in order. A word may be the string of a special token,
    /// which WordPiece finds whole in the vocabulary.
    /// </summary>
    public List<string> Words(ReadOnlySpan<char> text)
    {
        var points = new List<int>(text.Length);
        foreach (var (point, isSpecial) in Characters(text))
        {
            if (_lower && !isSpecial)
                UnicodeTable.AppendLower(points, point);
            else
                points.Add(point);
        }

        var words = new List<string>();
        if (!_anywhere)
        {
            AddWords(words, points);
            return words;
        }
        foreach (var (piece, isSpecial) in Cut(ToText(points)))
        {
            if (isSpecial)
                words.Add(piece);
            else
                AddWords(words, ToPoints(piece));
        }
        return words;
    }

    /// <summary>
    /// Step 1: the code points, each with a flag for whether it is inside a special token (leftmost
    /// first, non-overlapping).
    /// </summary>
    private List<(int Point, bool IsSpecial)> Characters(ReadOnlySpan<char> text)
    {
        var output = new List<(int, bool)>(text.Length);
        var specialEnd = 0;
        for (var i = 0; i < text.Length; )
        {
            if (i >= specialEnd && SpecialAt(text[i..]) is { } length)
                specialEnd = i + length;
            var point = PointAt(text, ref i);
            output.Add((point, i <= specialEnd));
        }
        return output;
    }

    private int? SpecialAt(ReadOnlySpan<char> text)
    {
        foreach (var special in _special)
        {
            if (text.StartsWith(special, StringComparison.Ordinal))
                return special.Length;
        }
        return null;
    }

    /// <summary>Step 2: splits the text at each special token in turn.</summary>
    private List<(string Piece, bool IsSpecial)> Cut(string text)
    {
        List<(string Piece, bool IsSpecial)> pieces = [(text, false)];
        foreach (var special in _cutOrder)
        {
            var next = new List<(string, bool)>(pieces.Count);
            foreach (var (piece, isSpecial) in pieces)
            {
                if (isSpecial || !piece.Contains(special, StringComparison.Ordinal))
                {
                    next.Add((piece, isSpecial));
                    continue;
                }
                var parts = piece.Split(special);
                for (var i = 0; i < parts.Length; i++)
                {
                    if (i > 0)
                        next.Add((special, true));
                    if (parts[i].Length > 0)
                        next.Add((parts[i], false));
                }
            }
            pieces = next;
        }
        return pieces;
    }

    /// <summary>Steps 3 to 5.</summary>
    private void AddWords(List<string> words, List<int> points)
    {
        var word = new List<int>();
        foreach (var point in points)
        {
            if (IsBlank(point))
            {
                Finish();
            }
            else if (point is 0xFFFD || UnicodeTable.IsControl(point))
            {
                continue;
            }
            else if (_ideographs && IsIdeograph(point))
            {
                Finish();
                word.Add(point);
                Finish();
            }
            else
            {
                word.Add(point);
            }
        }
        Finish();

        void Finish()
        {
            if (word.Count == 0)
                return;
            AddWord(words, word);
            word.Clear();
        }
    }

    /// <summary>Step 5 for one word between whitespace.</summary>
    private void AddWord(List<string> words, List<int> word)
    {
        if (SpecialSpelling(ToText(word)) is { } spelling)
        {
            words.Add(spelling);
            return;
        }
        if (_lower)
        {
            // Lower-cases again: a special token that is only part of this word kept its capitals
            // in step 1.
            var lowered = new List<int>(word.Count);
            foreach (var point in word)
                UnicodeTable.AppendLower(lowered, point);
            word = lowered;
        }
        if (_strip)
            word = UnicodeTable.Decompose(word).FindAll(point => !UnicodeTable.IsAccent(point));
        if (SpecialSpelling(ToText(word)) is { } bare)
        {
            // A special token with accents.
            words.Add(bare);
            return;
        }

        var current = new StringBuilder();
        foreach (var point in word)
        {
            if (IsPunctuation(point))
            {
                Finish();
                Append(current, point);
                Finish();
            }
            else
            {
                Append(current, point);
            }
        }
        Finish();

        void Finish()
        {
            if (current.Length == 0)
                return;
            words.Add(current.ToString());
            current.Clear();
        }
    }

    private string? SpecialSpelling(string word) => Array.IndexOf(_special, word) >= 0 ? word : null;

    /// <summary>
    /// Whitespace of <c>_is_whitespace</c> (tab, line feed, carriage return, Zs), plus what
    /// <c>str.split</c> splits at.
    /// </summary>
    internal static bool IsBlank(int point) =>
        point is ' ' or '\t' or '\n' or '\r' or 0x2028 or 0x2029 || UnicodeTable.IsBlank(point);

    /// <summary>
    /// Category P*, and every ASCII character that is neither letter, digit, whitespace nor
    /// control.
    /// </summary>
    internal static bool IsPunctuation(int point) =>
        point < 128
            ? point is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126)
            : UnicodeTable.IsPunctuation(point);

    /// <summary>The CJK blocks of the BERT tokenizer (not Hangul, Hiragana or Katakana).</summary>
    internal static bool IsIdeograph(int point) =>
        point
            is (>= 0x4E00 and <= 0x9FFF)
                or (>= 0x3400 and <= 0x4DBF)
                or (>= 0x20000 and <= 0x2A6DF)
                or (>= 0x2A700 and <= 0x2B73F)
                or (>= 0x2B740 and <= 0x2B81F)
                or (>= 0x2B820 and <= 0x2CEAF)
                or (>= 0xF900 and <= 0xFAFF)
                or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>
    /// The code point at <paramref name="i"/>, which is advanced; a lone surrogate is returned as
    /// itself.
    /// </summary>
    private static int PointAt(ReadOnlySpan<char> text, ref int i)
    {
        var c = text[i++];
        return char.IsHighSurrogate(c) && i < text.Length && char.IsLowSurrogate(text[i])
            ? char.ConvertToUtf32(c, text[i++])
            : c;
    }

    private static List<int> ToPoints(string text)
    {
        var points = new List<int>(text.Length);
        for (var i = 0; i < text.Length; )
            points.Add(PointAt(text, ref i));
        return points;
    }

    private static string ToText(List<int> points)
    {
        var text = new StringBuilder(points.Count);
        foreach (var point in points)
            Append(text, point);
        return text.ToString();
    }

    private static void Append(StringBuilder text, int point)
    {
        if (point < 0x10000)
            text.Append((char)point);
        else
            text.Append(new Rune(point).ToString());
    }
}
