// The little statistics of the report.
using System.Globalization;

namespace RobustTickets.Reports;

/// <summary>Two models judged on the same examples.</summary>
/// <param name="OnlyFirst">Examples that only the first got right.</param>
/// <param name="OnlySecond">Examples that only the second got right.</param>
internal readonly record struct PairedComparison(int OnlyFirst, int OnlySecond)
{
    private const double Z975 = 1.959963984540054;

    /// <summary>
    /// Exact two-sided McNemar test: probability of a split of the differing examples at least this
    /// uneven when both models are equally good. It uses that the
    /// examples are the same, which comparing two intervals does not.
    /// </summary>
    public double PValue
    {
        get
        {
            var n = OnlyFirst + OnlySecond;
            var term = -n * Math.Log(2); // log of C(n, k) / 2^n at k = 0
            var tail = 0.0;
            for (var k = 0; k <= Math.Min(OnlyFirst, OnlySecond); k++)
            {
                tail += Math.Exp(term);
                term += Math.Log(n - k) - Math.Log(k + 1);
            }
            return Math.Min(1, 2 * tail);
        }
    }

    /// <summary>
    /// The 95 % interval of the difference of both shares, first less second (Bonett and Price
    /// 2012): one differing example more of either kind, so that no interval is empty.
    /// </summary>
    /// <param name="pairs">All examples.</param>
    public (double Low, double High) Interval(int pairs)
    {
        var n = pairs + 2.0;
        var (p, q) = ((OnlyFirst + 1) / n, (OnlySecond + 1) / n);
        var half = Z975 * Math.Sqrt((p + q - (p - q) * (p - q)) / n);
        return (Math.Max(-1, p - q - half), Math.Min(1, p - q + half));
    }

    /// <summary>A p value for people, with its relation: "= 0.012" or "&lt; 0.001".</summary>
    public static string Text(double p) =>
        p < 0.001 ? "< 0.001" : string.Create(CultureInfo.InvariantCulture, $"= {p:0.000}");

    /// <summary>
    /// Compares who withstood an attack; both must have attacked the same examples.
    /// </summary>
    /// <param name="first">An attack.</param>
    /// <param name="second">The same attack on another model.</param>
    public static PairedComparison Of(AttackRecord first, AttackRecord second)
    {
        var other = second.Examples.ToDictionary(e => e.Id, e => e.Result == "failed");
        return new PairedComparison(
            first.Examples.Count(e => e.Result == "failed" && !other[e.Id]),
            first.Examples.Count(e => e.Result != "failed" && other[e.Id])
        );
    }
}

/// <summary>Lines of many points made readable.</summary>
internal static class Smoothing
{
    /// <summary>
    /// Means over equal runs of neighbours, at most <paramref name="count"/> of them.
    /// </summary>
    public static IReadOnlyList<(double X, double Y)> Buckets(IReadOnlyList<(double X, double Y)> points, int count)
    {
        if (points.Count <= count)
            return points;
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(b =>
                {
                    var from = (int)((long)b * points.Count / count);
                    var to = (int)((long)(b + 1) * points.Count / count);
                    double x = 0,
                        y = 0;
                    for (var i = from; i < to; i++)
                        (x, y) = (x + points[i].X, y + points[i].Y);
                    return (x / (to - from), y / (to - from));
                }),
        ];
    }

    /// <summary>
    /// Mean over a window around each point, a twentieth of all points wide, cut off at the ends;
    /// values that are not finite are left out.
    /// </summary>
    public static IReadOnlyList<(double X, double Y)> MovingMean(IReadOnlyList<(double X, double Y)> points)
    {
        var half = Math.Max(1, points.Count / 40);
        return
        [
            .. points.Select(
                (p, i) =>
                {
                    var from = Math.Max(0, i - half);
                    return (
                        p.X,
                        points
                            .Skip(from)
                            .Take(i + half + 1 - from)
                            .Select(q => q.Y)
                            .Where(double.IsFinite)
                            .DefaultIfEmpty(double.NaN)
                            .Average()
                    );
                }
            ),
        ];
    }
}
