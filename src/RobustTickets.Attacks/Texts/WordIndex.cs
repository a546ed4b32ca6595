// The words of a text and their start positions. After an edit they are derived from the previous
// words (a candidate costs one string concatenation); the full scan is the reference, and a fuzz
// test compares both.

namespace RobustTickets.Attacks;

/// <summary>The words of a text across its columns.</summary>
/// <param name="Words">The words.</param>
/// <param name="Starts">Start of each word, in UTF-16 units, in the columns joined by a line
/// feed.</param>
internal sealed record WordIndex(string[] Words, int[] Starts)
{
    /// <summary>Splits a text into words.</summary>
    public static WordIndex Scan(string text, TextAttackVersion version)
    {
        var spans = WordSplitter.Split(text, version);
        var words = new string[spans.Count];
        var starts = new int[spans.Count];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = text.Substring(spans[i].Start, spans[i].Length);
            starts[i] = spans[i].Start;
        }
        return new WordIndex(words, starts);
    }

    /// <summary>The words after a derivable edit.</summary>
    public WordIndex After(in TextEdit edit, TextAttackVersion version)
    {
        var at = edit.Position;
        var words = new string[Words.Length + edit.Shift];
        var starts = new int[words.Length];
        Array.Copy(Words, words, at);
        Array.Copy(Starts, starts, at);
        var start = Starts[at] - edit.RemovedBefore;
        if (edit.Added == 1 && WordSplitter.IsOneWord(edit.Replacement, version))
        {
            words[at] = edit.Replacement;
            starts[at] = start;
        }
        else if (edit.Added > 0)
        {
            var spans = WordSplitter.Split(edit.Replacement, version);
            for (var j = 0; j < spans.Count; j++)
            {
                words[at + j] = edit.Replacement.Substring(spans[j].Start, spans[j].Length);
                starts[at + j] = start + spans[j].Start;
            }
        }
        var delta = edit.Replacement.Length - Words[at].Length - edit.Removed;
        Array.Copy(Words, at + 1, words, at + 1 + edit.Shift, Words.Length - at - 1);
        for (var j = at + 1; j < Starts.Length; j++)
            starts[j + edit.Shift] = Starts[j] + delta;
        return new WordIndex(words, starts);
    }

    /// <summary>
    /// Whether <see cref="After"/> is valid: splitting the new text gives old words + words of the
    /// replacement + old words, unless the pieces join. They join for two halves of a surrogate
    /// pair, or (0.3.x) when the replacement is not a word but extends the preceding one ("foo" +
    /// "-").
    /// </summary>
    public static bool CanFollow(ReadOnlySpan<char> prefix, string replacement, ReadOnlySpan<char> suffix, int added)
    {
        if (added == 0)
            return replacement.Length == 0
                && !(
                    prefix.Length > 0
                    && suffix.Length > 0
                    && char.IsHighSurrogate(prefix[^1])
                    && char.IsLowSurrogate(suffix[0])
                );
        return !char.IsLowSurrogate(replacement[0]) && !char.IsHighSurrogate(replacement[^1]);
    }
}
