// Share of texts that a vocabulary cannot express: texts of another language become rows of [UNK],
// which no edit changes.
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Attacks.Tokens;

/// <summary>A model whose texts become word pieces of one vocabulary.</summary>
internal interface IHasWordPieces
{
    /// <summary>The tokenizer, or null if it is not WordPiece.</summary>
    WordPieceTokenizer? Tokenizer { get; }
}

/// <summary>Number of unknown word pieces in texts.</summary>
/// <param name="Unknown">Unknown word pieces.</param>
/// <param name="Pieces">All word pieces, without special tokens.</param>
internal readonly record struct UnknownPieces(long Unknown, long Pieces)
{
    // Texts of the vocabulary's own language have hardly any.
    private const double Many = 0.2;

    /// <summary>Those of both texts.</summary>
    public static UnknownPieces operator +(UnknownPieces a, UnknownPieces b) =>
        new(a.Unknown + b.Unknown, a.Pieces + b.Pieces);

    /// <summary>Counts those of texts; none if the model's tokenizer is not WordPiece.</summary>
    public static UnknownPieces Of(object model, IEnumerable<TextPair> texts)
    {
        var sum = default(UnknownPieces);
        if (model is IHasWordPieces { Tokenizer: { } tokenizer })
            foreach (var text in texts)
                sum += Of(tokenizer, text);
        return sum;
    }

    /// <summary>Counts those of a text (pair).</summary>
    public static UnknownPieces Of(WordPieceTokenizer tokenizer, TextPair text) =>
        text.Second is { } second
            ? Of(tokenizer, tokenizer.TokenIds(text.First)) + Of(tokenizer, tokenizer.TokenIds(second))
            : Of(tokenizer, tokenizer.TokenIds(text.First));

    /// <summary>A note for the user if many are unknown, else null.</summary>
    /// <param name="vocabulary">Whose vocabulary it is, for display.</param>
    /// <param name="texts">Which texts, for display, or null.</param>
    public string? Note(string vocabulary, string? texts = null) =>
        Pieces > 0 && (double)Unknown / Pieces is > Many and var share
            ? Text($"{100 * share:0} % of the word pieces{(texts is null ? "" : $" of the {texts}")} are unknown to ")
                + $"the vocabulary of {vocabulary}: it was made for other texts"
            : null;

    private static UnknownPieces Of(WordPieceTokenizer tokenizer, ReadOnlySpan<int> ids) =>
        new(ids.Count(tokenizer.UnknownId), ids.Length);
}
