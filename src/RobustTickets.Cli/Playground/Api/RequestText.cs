using System.Globalization;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Playground.Api;

/// <summary>Validates the text of a request.</summary>
internal static class RequestText
{
    /// <summary>The text, or pair.</summary>
    /// <param name="text">The first text.</param>
    /// <param name="pair">The second text; null or empty: none.</param>
    /// <param name="limits">The length limits.</param>
    /// <exception cref="RefusedException">The text is blank or too long.</exception>
    public static TextPair Of(string? text, string? pair, PlaygroundLimits limits)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw RefusedException.Malformed("the text is blank");
        Check("the text", text, limits);
        if (string.IsNullOrEmpty(pair))
            return text;
        Check("the second text", pair, limits);
        return new TextPair(text, pair);
    }

    private static void Check(string what, string text, PlaygroundLimits limits)
    {
        if (text.Length > limits.TextLength)
            throw RefusedException.Malformed(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what} has {text.Length:N0} characters; at most {limits.TextLength:N0} are accepted"
                )
            );
    }
}
