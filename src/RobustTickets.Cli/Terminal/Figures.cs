using System.Globalization;

namespace RobustTickets.Cli.Terminal;

/// <summary>Culture-independent number formats of the program.</summary>
public static class Figures
{
    /// <summary>A fraction in [0, 1] as percent with two decimals.</summary>
    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.00} %");

    /// <summary>A count with thousands separators.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
