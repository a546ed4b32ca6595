// Wilson's score interval (1927) for a proportion k / n: centre (p + z^2/2n) / (1 + z^2/n), half
// width z sqrt(p(1-p)/n + z^2/4n^2) / (1 + z^2/n).
using System.Globalization;

namespace RobustTickets.Attacks.Metrics;

/// <summary>
/// A confidence interval for a proportion, in [0, 1]. Unlike p +- 1.96 sqrt(p(1-p)/n) it stays
/// within [0, 1] and is valid for few examples and for proportions near 0.
/// </summary>
/// <param name="Low">Lower bound.</param>
/// <param name="High">Upper bound.</param>
public readonly record struct WilsonInterval(double Low, double High)
{
    /// <summary>The two-sided 95 % quantile of the standard normal.</summary>
    internal const double Z = 1.959963984540054;

    /// <summary>
    /// The 95 % interval of <paramref name="hits"/> of <paramref name="total"/>; [0, 1] when the
    /// total is 0.
    /// </summary>
    public static WilsonInterval Of(long hits, long total)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(hits);
        ArgumentOutOfRangeException.ThrowIfLessThan(total, hits);
        if (total == 0)
            return new WilsonInterval(0, 1);
        return OfShare((double)hits / total, total);
    }

    /// <summary>The 95 % interval of a proportion of independent trials.</summary>
    internal static WilsonInterval OfShare(double p, double total)
    {
        var zz = Z * Z / total;
        var centre = (p + zz / 2) / (1 + zz);
        var half = Z * Math.Sqrt(p * (1 - p) / total + zz / (4 * total)) / (1 + zz);
        return new WilsonInterval(Math.Max(0, centre - half), Math.Min(1, centre + half));
    }

    /// <summary>Both bounds in percent, as <c>12.3 to 45.6</c>.</summary>
    internal string Percent => string.Create(CultureInfo.InvariantCulture, $"{100 * Low:0.0} to {100 * High:0.0}");

    /// <summary>Whether two intervals overlap.</summary>
    public bool Overlaps(WilsonInterval other) => Low <= other.High && other.Low <= High;
}
