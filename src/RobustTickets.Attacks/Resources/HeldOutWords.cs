// A fraction of all words, selected by hash, that defences do not train on, so that an attack with
// only these shows generalisation beyond the training table (docs/methods/augmentation.md and
// attacks.md, Held-out words). Training and attacks both use this class.
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks.Resources;

/// <summary>Which words are held out.</summary>
/// <param name="Share">Fraction of all words, in [0, 1).</param>
internal readonly record struct HeldOutWords(double Share)
{
    /// <summary>An attack's default fraction.</summary>
    public const double Third = 1.0 / 3;

    /// <summary>
    /// Whether a lower-cased word is held out: the first four bytes of the SHA-256 of its UTF-8
    /// form, read as a fraction, are below the share.
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
    /// Whether a substitution is held out: its word or its substitute is, ignoring case.
    /// </summary>
    public bool Covers(string word, string substitute) =>
        Contains(PythonText.Lower(word)) || Contains(PythonText.Lower(substitute));
}
