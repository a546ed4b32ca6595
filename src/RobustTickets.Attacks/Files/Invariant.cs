// Text that is the same on every machine.
using System.Globalization;

namespace RobustTickets.Attacks;

/// <summary>Text with numbers in the invariant culture.</summary>
internal static class Invariant
{
    /// <summary>A text, in one part or several.</summary>
    public static string Text(params FormattableString[] parts) =>
        string.Concat(parts.Select(part => part.ToString(CultureInfo.InvariantCulture)));
}
