using System.Globalization;

namespace RobustTickets.Cli.Terminal;

/// <summary>Numbers as the program prints them, in every culture the same.</summary>
public static class Figures
{
    /// <summary>A share in [0, 1] as percent with two decimals.</summary>
    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.00} %");

    /// <summary>A count with thousands separators.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
