// A share of all words, by hash: kept out of the tables that a defence trains with, so that an
// attack with these alone shows what was learned beyond the table (docs/methods/augmentation.md and
// attacks.md, Held-out words). Training and attacks ask here and nowhere else.
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks.Resources;

/// <summary>Which words are held out.</summary>
/// <param name="Share">Share of all words, in [0, 1).</param>
internal readonly record struct HeldOutWords(double Share)
{
    /// <summary>The share that an attack takes when none is named.</summary>
    public const double Third = 1.0 / 3;

    /// <summary>
    /// Whether a lower-cased word is held out: the first four bytes of the SHA-256 of its UTF-8
    /// form, read as a fraction, lie below the share.
    /// </summary>
    public bool Contains(string word)
    {
        if (Share <= 0)
            return false;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(word), hash);
        return BinaryPrimitives.ReadUInt32BigEndian(hash) < Share * (1L << 32);
    }

    /// <summary>
    /// Whether a substitution is held out: its word or its substitute is, in any letter case.
    /// </summary>
    public bool Covers(string word, string substitute) =>
        Contains(PythonText.Lower(word)) || Contains(PythonText.Lower(substitute));
}
