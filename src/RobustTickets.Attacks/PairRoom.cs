using System.Globalization;

namespace RobustTickets.Attacks;

/// <summary>
/// Least maximum length of pairs of texts: below it, a text of a pair would not be read at all.
/// </summary>
internal static class PairRoom
{
    /// <summary>Word pieces, special tokens included.</summary>
    public const int Least = 5;

    /// <summary>The reason for an error.</summary>
    public const string Reason =
        "must be 5 or more for pairs of texts: three special tokens and a word piece of each text";

    /// <summary>Throws if a text is a pair and the length too short.</summary>
    /// <exception cref="RequestException">It is.</exception>
    public static void Require(IEnumerable<TextPair> texts, int maxLength)
    {
        if (maxLength < Least && texts.Any(text => text.Second is not null))
            throw new RequestException(
                nameof(ITextClassifier.MaxLength),
                maxLength.ToString(CultureInfo.InvariantCulture),
                Reason
            );
    }
}
