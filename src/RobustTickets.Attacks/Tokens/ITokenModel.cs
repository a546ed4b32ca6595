namespace RobustTickets.Attacks.Tokens;

/// <summary>
/// A network below a tokenizer: word pieces in, numbers out. What runs it is for the implementer to
/// know. Safe to call from many threads.
/// </summary>
public interface ITokenModel : IDisposable
{
    /// <summary>
    /// Runs texts as one batch, padded to the longest. One row a text, in input order, without the
    /// padding: logits <c>[C]</c>, or what the network gives for each piece, <c>[T, D]</c>
    /// row-major.
    /// </summary>
    float[][] Run(IReadOnlyList<TokenEncoding> batch);
}
