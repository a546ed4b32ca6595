// Confidence interval of a proportion over several runs evaluated on the same examples.
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Reports;

/// <summary>Intervals of proportions over repeated examples.</summary>
internal static class RepeatedShare
{
    /// <summary>
    /// Wilson's 95 % interval with the effective number of independent examples: between the number
    /// of distinct examples and that of all. Null without examples.
    /// </summary>
    /// <param name="judged">One entry per example and run: the example's name, and whether it is a
    /// hit.</param>
    public static WilsonInterval? Interval(IEnumerable<(string Example, bool Hit)> judged)
    {
        var examples = judged
            .GroupBy(j => j.Example, StringComparer.Ordinal)
            .Select(g => (Hits: g.Count(j => j.Hit), All: g.Count()))
            .ToArray();
        if (examples.Length == 0)
            return null;
        var all = examples.Sum(e => e.All);
        var share = (double)examples.Sum(e => e.Hits) / all;
        var squares = examples.Sum(e => Math.Pow(e.Hits - (share * e.All), 2));
        var independent = squares == 0 ? examples.Length : share * (1 - share) * all * all / squares;
        return WilsonInterval.OfShare(share, Math.Clamp(independent, examples.Length, all));
    }
}
