// TextAttack `WordSwapHomoglyphSwap`: every character that has a look-alike is replaced by it, one
// at a time, left to right.

using System.Text;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Replaces one character of a word by one that looks like it.</summary>
public sealed record HomoglyphSwap : WordSwap
{
    /// <inheritdoc/>
    public override string Name => "homoglyph-swap";

    /// <inheritdoc/>
    public override IEnumerable<string> Substitutes(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        for (var i = 0; i < word.Length; i++)
        {
            // Only ASCII characters have look-alikes, so no pair of surrogates is ever cut.
            if (Homoglyphs.Of(word[i]) is { } other)
                yield return string.Concat(word.AsSpan(0, i), new Rune(other).ToString(), word.AsSpan(i + 1));
        }
    }
}
