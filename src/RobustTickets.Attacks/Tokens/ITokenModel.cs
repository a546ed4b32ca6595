namespace RobustTickets.Attacks.Tokens;

/// <summary>
/// A network that takes token ids and returns numbers, with any backend. Thread-safe.
/// </summary>
public interface ITokenModel : IDisposable
{
    /// <summary>
    /// Runs texts as one batch, padded to the longest. Returns one row per text, in input order and
    /// without padding: logits <c>[C]</c>, or the network's output per token, <c>[T, D]</c>
    /// row-major.
    /// </summary>
    float[][] Run(IReadOnlyList<TokenEncoding> batch);
}
