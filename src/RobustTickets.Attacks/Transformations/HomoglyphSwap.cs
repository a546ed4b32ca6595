// TextAttack `WordSwapHomoglyphSwap`: replaces every character that has a homoglyph by it, one at a
// time, left to right. Words of more than 256 UTF-16 units have no substitutes.

using System.Text;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Replaces one character of a word by its homoglyph.</summary>
public sealed record HomoglyphSwap : WordSwap
{
    /// <inheritdoc/>
    public override string Name => "homoglyph-swap";

    /// <inheritdoc/>
    public override IEnumerable<string> Substitutes(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        if (word.Length > LongestWord)
            yield break;
        for (var i = 0; i < word.Length; i++)
        {
            // Only ASCII characters have homoglyphs, so no surrogate pair is split.
            if (Homoglyphs.Of(word[i]) is { } other)
                yield return string.Concat(word.AsSpan(0, i), new Rune(other).ToString(), word.AsSpan(i + 1));
        }
    }
}
