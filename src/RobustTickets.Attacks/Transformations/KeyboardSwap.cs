// TextAttack's WordSwapQWERTY at every position: replaces a letter by each of its neighbours on a
// US keyboard, in the letter's case. No published recipe here uses it; it is for custom attacks.

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
            // Only ASCII letters have keys, so no surrogate pair is split.
            if (char.IsSurrogate(word[i]))
                continue;
            foreach (var key in KeysBeside(new Rune(word[i])))
                yield return string.Concat(word.AsSpan(0, i), [key], word.AsSpan(i + 1));
        }
    }

    /// <summary>
    /// The neighbouring keys of a letter, in its case; empty for other characters.
    /// </summary>
    internal static string KeysBeside(Rune letter)
    {
        var lower = Rune.ToLowerInvariant(letter);
        if (!lower.IsAscii || !Keys.TryGetValue((char)lower.Value, out var keys))
            return "";
        return PythonText.IsUpperRune(letter) ? keys.ToUpperInvariant() : keys;
    }
}
