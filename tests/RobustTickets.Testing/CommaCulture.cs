using System.Globalization;

namespace RobustTickets.Testing;

/// <summary>
/// A culture that writes 1,5 as German does, of the current thread and what it awaits until it is
/// disposed of; it can be made without a machine's tables of cultures.
/// </summary>
public sealed class CommaCulture : IDisposable
{
    private readonly CultureInfo _before = CultureInfo.CurrentCulture;

    public CommaCulture()
    {
        var german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (german.NumberFormat.NumberDecimalSeparator, german.NumberFormat.NumberGroupSeparator) = (",", ".");
        german.NumberFormat.PositiveInfinitySymbol = "\u221e";
        CultureInfo.CurrentCulture = german;
    }

    /// <summary>The culture of before.</summary>
    public void Dispose() => CultureInfo.CurrentCulture = _before;
}
