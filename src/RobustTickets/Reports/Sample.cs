using System.Globalization;

namespace RobustTickets.Reports;

/// <summary>Mean and sample standard deviation of some values, one a seed.</summary>
/// <param name="Mean">The mean; null of none.</param>
/// <param name="Deviation">The deviation; null of fewer than two.</param>
internal readonly record struct Sample(double? Mean, double? Deviation)
{
    /// <summary>Of these values.</summary>
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

    /// <summary>The deviation alone.</summary>
    public ReportCell DeviationCell => ReportCell.Of(Deviation, "0.00");

    /// <summary>The mean with the deviation behind it.</summary>
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
