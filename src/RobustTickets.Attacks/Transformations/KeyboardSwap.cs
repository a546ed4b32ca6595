// TextAttack's WordSwapQWERTY at every place: a letter becomes each of its neighbours on an
// American keyboard, in the letter's own case. No published recipe here uses it; it is a
// transformation for attacks of one's own.

using System.Text;
using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Replaces one letter of a word by a neighbouring key.</summary>
public sealed record KeyboardSwap : WordSwap
{
    // Neighbours in TextAttack's order, which is not always the keyboard's.
    private static readonly Dictionary<char, string> Keys = new()
    {
        ['a'] = "qwszx",
        ['b'] = "vghn",
        ['c'] = "xdfv",
        ['d'] = "werfcxs",
        ['e'] = "wsdfr",
        ['f'] = "ertgvcd",
        ['g'] = "rtyhbvd",
        ['h'] = "tyugjbn",
        ['i'] = "ujklo",
        ['j'] = "yuikmnh",
        ['k'] = "uiolmj",
        ['l'] = "iopk",
        ['m'] = "njk",
        ['n'] = "bhjm",
        ['o'] = "iklp",
        ['p'] = "ol",
        ['q'] = "was",
        ['r'] = "edfgt",
        ['s'] = "qweadzx",
        ['t'] = "rfghy",
        ['u'] = "yhjki",
        ['v'] = "cfgb",
        ['w'] = "qeasd",
        ['x'] = "sdzc",
        ['y'] = "tghju",
        ['z'] = "asx",
    };

    /// <inheritdoc/>
    public override string Name => "keyboard-swap";

    /// <inheritdoc/>
    public override IEnumerable<string> Substitutes(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        if (word.Length <= 1)
            yield break;
        for (var i = 0; i < word.Length; i++)
        {
            if (!Keys.TryGetValue(char.ToLowerInvariant(word[i]), out var keys))
                continue;
            var isUpper = PythonText.IsUpperRune(new Rune(word[i]));
            foreach (var key in keys)
            {
                yield return string.Concat(
                    word.AsSpan(0, i),
                    [isUpper ? char.ToUpperInvariant(key) : key],
                    word.AsSpan(i + 1)
                );
            }
        }
    }
}
