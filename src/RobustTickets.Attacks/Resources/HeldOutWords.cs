// A share of all words, by hash: kept out of the tables that a defence trains with, so that an
// attack from them alone shows what was learned beyond the table (docs/methods/augmentation.md).
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks.Resources;

/// <summary>Which words are held out.</summary>
/// <param name="Share">Share of all words, in [0, 1).</param>
internal readonly record struct HeldOutWords(double Share)
{
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
}

/// <summary>Only those neighbours that are held out of training.</summary>
/// <param name="all">All neighbours.</param>
/// <param name="words">Which words are held out.</param>
internal sealed class HeldOutNeighbours(INeighbourSource all, HeldOutWords words) : INeighbourSource
{
    /// <inheritdoc/>
    public string Description =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{all.Description}; only the {words.Share:0.###} of all words that are held out by hash"
        );

    /// <inheritdoc/>
    public IReadOnlyList<string> Nearest(string word, int count) =>
        [.. all.Nearest(word, count).Where(n => words.Contains(PythonText.Lower(n)))];

    /// <inheritdoc/>
    public void Prepare(IReadOnlyCollection<string> words, int count, CancellationToken cancellation) =>
        all.Prepare(words, count, cancellation);
}
