// The third of all words that a defence leaves alone, by hash, so that training and attack agree on
// it without sharing a list (docs/methods/attacks.md, Held-out words).

using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks;

/// <summary>
/// Which words, and which substitutions, are held out of training: an attack with these alone shows
/// what a defence learned beyond its dictionary.
/// </summary>
public static class WordPart
{
    /// <summary>The words fall into so many parts, one of which is held out.</summary>
    public const int Parts = 3;

    /// <summary>
    /// True for words of the held-out part: the first byte of the SHA-256 of the word in lower
    /// case, UTF-8, is a multiple of <see cref="Parts"/>.
    /// </summary>
    /// <param name="word">The word, in any letter case.</param>
    public static bool IsHeldOut(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(PythonText.Lower(word)), hash);
        return hash[0] % Parts == 0;
    }

    /// <summary>
    /// True for substitutions that are held out: the word or its substitute is. A defence trains on
    /// the others alone.
    /// </summary>
    /// <param name="word">The word that is replaced.</param>
    /// <param name="substitute">What it is replaced by.</param>
    public static bool IsHeldOut(string word, string substitute) => IsHeldOut(word) || IsHeldOut(substitute);
}
