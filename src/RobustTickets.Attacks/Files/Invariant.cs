// Culture-independent formatting.
using System.Globalization;

namespace RobustTickets.Attacks;

/// <summary>Formats text with the invariant culture.</summary>
internal static class Invariant
{
    /// <summary>Formats and concatenates the parts.</summary>
    public static string Text(params FormattableString[] parts) =>
        string.Concat(parts.Select(part => part.ToString(CultureInfo.InvariantCulture)));
}
