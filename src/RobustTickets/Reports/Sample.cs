using System.Globalization;

namespace RobustTickets.Reports;

/// <summary>Mean and sample standard deviation of values, one per seed.</summary>
/// <param name="Mean">The mean; null without values.</param>
/// <param name="Deviation">The standard deviation; null for fewer than two values.</param>
internal readonly record struct Sample(double? Mean, double? Deviation)
{
    /// <summary>Computes both from values.</summary>
    public static Sample Of(IEnumerable<double> values)
    {
        var all = values.ToArray();
        if (all.Length == 0)
            return default;
        var mean = all.Average();
        return new Sample(
            mean,
            all.Length < 2 ? null : Math.Sqrt(all.Sum(v => (v - mean) * (v - mean)) / (all.Length - 1))
        );
    }

    /// <summary>The standard deviation as a cell.</summary>
    public ReportCell DeviationCell => ReportCell.Of(Deviation, "0.00");

    /// <summary>The mean followed by the standard deviation.</summary>
    public ReportCell Cell(string format, string? note = null)
    {
        if (Mean is not { } mean)
            return ReportCell.None;
        var text = mean.ToString(format, CultureInfo.InvariantCulture);
        return new(
            Deviation is { } d ? $"{text} ± {d.ToString(format, CultureInfo.InvariantCulture)}" : text,
            mean,
            note
        );
    }
}
