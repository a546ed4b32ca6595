// A share over several trainings that were judged on the same examples.
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Reports;

/// <summary>Intervals of shares whose examples recur.</summary>
internal static class RepeatedShare
{
    /// <summary>
    /// Wilson's 95 % interval at the number of independent examples that would scatter as much:
    /// between the number of different examples and that of all. Null without any.
    /// </summary>
    /// <param name="judged">For each example and training: its name, and whether it
    /// counts.</param>
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
