using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Models;

namespace RobustTickets.Training;

/// <summary>
/// A split of a data set as token ids, tokenised once and shared by all stages and seeds.
/// </summary>
/// <param name="Examples">Tokenised examples in file order; <see cref="EncodedExample.Id"/> is the
/// position.</param>
/// <param name="Tokens">Number of tokens over all examples.</param>
/// <param name="Truncated">Number of examples truncated to the maximum length.</param>
/// <param name="Unknown">Word pieces that are unknown to the vocabulary.</param>
internal sealed record EncodedSplit(
    IReadOnlyList<EncodedExample> Examples,
    long Tokens,
    int Truncated,
    UnknownPieces Unknown
)
{
    /// <summary>
    /// Tokenises a split, truncating to <paramref name="maxLength"/> word pieces (longest first for
    /// pairs).
    /// </summary>
    public static EncodedSplit From(IReadOnlyList<Example> examples, WordPieceTokenizer tokenizer, int maxLength)
    {
        var encoded = new EncodedExample[examples.Count];
        var truncated = 0;
        Parallel.For(
            0,
            encoded.Length,
            i =>
            {
                var example = examples[i];
                var pieces = tokenizer.Encode(example.Text, maxLength);
                encoded[i] = new EncodedExample(i, pieces.Ids, pieces.Segments, example.Label);
                if (pieces.Ids.Length == maxLength && Length(example.Text, tokenizer) > maxLength)
                    Interlocked.Increment(ref truncated);
            }
        );
        var tokens = encoded.Sum(e => (long)e.Ids.Length);
        var unknown = new UnknownPieces(
            encoded.Sum(e => (long)e.Ids.AsSpan().Count(tokenizer.UnknownId)),
            tokens - examples.Sum(e => e.Text.Second is null ? 2L : 3L)
        );
        return new EncodedSplit(encoded, tokens, truncated, unknown);
    }

    /// <summary>
    /// Number of tokens without truncation: [CLS] text [SEP], and pair [SEP] for a pair.
    /// </summary>
    private static int Length(TextPair text, WordPieceTokenizer tokenizer) =>
        tokenizer.TokenIds(text.First).Length
        + 2
        + (text.Second is null ? 0 : tokenizer.TokenIds(text.Second).Length + 1);
}
