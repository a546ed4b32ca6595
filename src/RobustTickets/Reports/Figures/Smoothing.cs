// Smoothing of lines with many points.
namespace RobustTickets.Reports.Figures;

/// <summary>Smooths lines with many points.</summary>
internal static class Smoothing
{
    /// <summary>
    /// Means over equal-sized groups of consecutive points, at most <paramref name="count"/>.
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
    /// Moving mean over a window of a twentieth of all points, truncated at the ends; values that
    /// are not finite are ignored.
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
