// Axes: round tick values for linear and logarithmic scales.
using System.Globalization;

namespace RobustTickets.Reports.Figures;

/// <summary>Maps values of an axis to [0, 1] and provides its ticks.</summary>
/// <param name="Min">Value at 0.</param>
/// <param name="Max">Value at 1.</param>
/// <param name="Log">Whether the scale is logarithmic (base 10).</param>
internal sealed record PlotAxis(double Min, double Max, bool Log)
{
    /// <summary>
    /// An axis that contains all values, with a margin at the top; values that are not finite, or
    /// not positive on a log scale, are ignored.
    /// </summary>
    public static PlotAxis Around(IEnumerable<double> values, bool log, double? min, double? max)
    {
        var usable = values.Where(v => double.IsFinite(v) && (!log || v > 0)).ToArray();
        var low =
            min
            ?? (
                usable.Length > 0 ? usable.Min()
                : log ? 0.1
                : 0
            );
        var high = max ?? (usable.Length > 0 ? usable.Max() : 1);
        if (log)
        {
            low = Math.Max(low, 1e-12);
            if (high <= low)
                high = low * 10;
            return new PlotAxis(low / (min is null ? 1.15 : 1), high * (max is null ? 1.15 : 1), Log: true);
        }
        if (high <= low)
            high = low + (low == 0 ? 1 : Math.Abs(low) * 0.1);
        var air = (high - low) * 0.06;
        return new PlotAxis(min ?? (low >= 0 && low - air < 0 ? 0 : low - air), max ?? high + air, Log: false);
    }

    /// <summary>
    /// Position of a value, 0 at <see cref="Min"/>, 1 at <see cref="Max"/>; NaN if it has none.
    /// </summary>
    public double At(double value) =>
        Log
            ? value > 0
                ? Math.Log(value / Min) / Math.Log(Max / Min)
                : double.NaN
            : (value - Min) / (Max - Min);

    /// <summary>
    /// About <paramref name="wanted"/> round values on the axis, with their labels.
    /// </summary>
    public IReadOnlyList<(double Value, string Name)> Ticks(int wanted)
    {
        var ticks = new List<double>();
        if (Log)
        {
            var decades = Math.Log10(Max / Min);
            double[] parts =
                decades > 3 ? [1]
                : decades > 1.2 ? [1, 3]
                : [1, 2, 3, 5, 7];
            for (var e = (int)Math.Floor(Math.Log10(Min)); e <= Math.Ceiling(Math.Log10(Max)); e++)
            {
                ticks.AddRange(
                    parts.Select(p => p * Math.Pow(10, e)).Where(v => v >= Min * 0.999999 && v <= Max * 1.000001)
                );
            }
        }
        else
        {
            var step = Step((Max - Min) / Math.Max(1, wanted));
            for (var k = Math.Ceiling((Min / step) - 1e-9); k * step <= Max + (step * 1e-9); k++)
                ticks.Add(k * step);
        }
        return [.. ticks.Select(v => (v, Name(v)))];
    }

    /// <summary>Formats a tick: as few digits as needed, thousands as k, millions as M.</summary>
    internal static string Name(double value)
    {
        var size = Math.Abs(value);
        if (size < 1e-15)
            return "0";
        if (size >= 1e6)
            return (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M";
        if (size >= 1e4)
            return (value / 1e3).ToString("0.##", CultureInfo.InvariantCulture) + "k";
        return size < 1e-3
            ? value.ToString("0.#e0", CultureInfo.InvariantCulture)
            : Math.Round(value, 6).ToString("0.######", CultureInfo.InvariantCulture);
    }

    private static double Step(double rough)
    {
        var scale = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (rough / scale) switch
            {
                <= 1.0001 => 1,
                <= 2.0001 => 2,
                <= 2.5001 => 2.5,
                <= 5.0001 => 5,
                _ => 10,
            } * scale;
    }
}
