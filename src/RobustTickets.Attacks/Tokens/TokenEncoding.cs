namespace RobustTickets.Attacks.Tokens;

/// <summary>
/// One encoded text or pair: <c>[CLS] a [SEP]</c> or <c>[CLS] a [SEP] b [SEP]</c>, without padding.
/// </summary>
/// <param name="Ids">Vocabulary indices, <c>[T]</c>.</param>
/// <param name="Segments">0 up to and including the first [SEP], 1 after it, <c>[T]</c>.</param>
public sealed record TokenEncoding(int[] Ids, int[] Segments)
{
    /// <summary>Number of tokens T, special tokens included.</summary>
    public int Length => Ids.Length;

    /// <summary>
    /// Hugging Face's "longest first" truncation: removes one token at a time from the end of the
    /// longer text, or from the second on equal length, until both together have at most
    /// <paramref name="room"/> tokens. Returns the tokens kept of each.
    /// </summary>
    internal static (int First, int Second) LongestFirst(int first, int second, int room)
    {
        while (first + second > room)
        {
            if (first > second)
                first--;
            else
                second--;
        }
        return (first, second);
    }
}
