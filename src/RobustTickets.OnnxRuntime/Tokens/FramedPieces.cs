using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;

namespace RobustTickets.OnnxRuntime.Tokens;

/// <summary>
/// Tokenizers that enclose tokens between a first and a last one: <c>a x b</c>, and pairs as <c>a x
/// b b y b</c> (RoBERTa, XLM-R) or <c>a x b y b</c> with segments (DeBERTa).
/// </summary>
internal abstract class FramedPieces : PieceEncoder
{
    /// <summary>Token before a text.</summary>
    protected abstract int First { get; }

    /// <summary>Token after each text.</summary>
    protected abstract int Last { get; }

    /// <summary>Whether a pair has two tokens between its texts, and no segments.</summary>
    protected abstract bool DoublesLast { get; }

    /// <summary>Token ids of a text, without special tokens.</summary>
    protected abstract IReadOnlyList<int> Pieces(string text);

    /// <inheritdoc/>
    public override TokenEncoding Encode(TextPair text, int maxLength)
    {
        var special =
            text.Second is null ? 2
            : DoublesLast ? 4
            : 3;
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, special);
        var first = Pieces(text.First);
        var second = text.Second is null ? [] : Pieces(text.Second);
        var (a, b) = TokenEncoding.LongestFirst(first.Count, second.Count, maxLength - special);
        List<int> ids = [First, .. first.Take(a), Last];
        var start = ids.Count;
        if (text.Second is not null)
        {
            if (DoublesLast)
                ids.Add(Last);
            ids.AddRange([.. second.Take(b), Last]);
        }
        var segments = new int[ids.Count];
        if (!DoublesLast)
            segments.AsSpan(start).Fill(1);
        return new TokenEncoding([.. ids], segments);
    }
}
