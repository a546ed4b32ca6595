// Compares two methods on the same examples, with one or several training runs each. Runs share
// their examples, so the example is the unit: exact sign-flip test (McNemar's test for one run) and
// the interval of Bonett and Price (2012) with the variance over examples.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Reports;

/// <summary>Paired comparison of the examples that two methods get right.</summary>
internal sealed class PairedComparison
{
    private const double Z80 = 0.8416212335729143, // quantile of the standard normal for 80 % power
        Level = 0.05,
        Least = 0.001; // smaller p-values are reported as "< 0.001"

    private const int LeastDiffering = 6; // 2 / 2^6 is the first p below the level

    // Number of examples by net count of runs in favour of the first method, and number of runs.
    private readonly Dictionary<(int Net, int Trainings), int> _examples;

    private PairedComparison(int onlyFirst, int onlySecond, Dictionary<(int, int), int> examples) =>
        (OnlyFirst, OnlySecond, _examples) = (onlyFirst, onlySecond, examples);

    /// <summary>Number of pairs that only the first got right.</summary>
    public int OnlyFirst { get; }

    /// <summary>Number of pairs that only the second got right.</summary>
    public int OnlySecond { get; }

    /// <summary>Number of distinct examples.</summary>
    public int Examples => _examples.Values.Sum();

    /// <summary>Number of pairs: an example counts once per run.</summary>
    public int Pairs => _examples.Sum(e => e.Key.Trainings * e.Value);

    /// <summary>Name of the test behind <see cref="PValue"/>.</summary>
    public string Test => Pairs == Examples ? "exact McNemar" : "exact sign-flip";

    /// <summary>Difference of the two proportions, first minus second, in [-1, 1].</summary>
    public double Difference => Pairs == 0 ? 0 : (OnlyFirst - OnlySecond) / (double)Pairs;

    /// <summary>
    /// p-value of the exact two-sided test: the probability of net counts at least this extreme
    /// when the sign of each example's count is random. With one run it equals McNemar's.
    /// </summary>
    public double PValue
    {
        get
        {
            // Sum of the smaller side; by symmetry both tails are equally likely.
            var limit = (Sizes.Sum(s => s.Size * s.Count) - Math.Abs(OnlyFirst - OnlySecond)) / 2;
            return Math.Min(1, 2 * Chances(limit).Sum());
        }
    }

    /// <summary>
    /// The 95 % interval of the difference of proportions, with one example added on either side,
    /// so that its width is never zero.
    /// </summary>
    public (double Low, double High) Interval
    {
        get
        {
            var each = Examples == 0 ? 1 : (double)Pairs / Examples;
            var all = Pairs + (2 * each);
            var centre = (OnlyFirst - OnlySecond) / all;
            var squares =
                _examples.Sum(e => e.Value * Square(e.Key.Net - (centre * e.Key.Trainings)))
                + Square(each - (centre * each))
                + Square(each + (centre * each));
            var half = WilsonInterval.Z * Math.Sqrt(squares) / all;
            return (Math.Max(-1, centre - half), Math.Min(1, centre + half));
        }
    }

    /// <summary>
    /// Smallest difference of proportions detected with 80 % power at the 5 % level, by the normal
    /// approximation, but at least what the exact test needs to be significant.
    /// </summary>
    public double Detectable =>
        Math.Max(
            (WilsonInterval.Z + Z80) * Math.Sqrt(Math.Max(1, _examples.Sum(e => e.Value * Square(e.Key.Net)))),
            LeastNet()
        ) / Math.Max(1, Pairs);

    /// <summary>Compares two models on the same examples.</summary>
    /// <param name="onlyFirst">Examples that only the first got right.</param>
    /// <param name="onlySecond">Examples that only the second got right.</param>
    /// <param name="examples">Total number of examples.</param>
    public static PairedComparison Of(int onlyFirst, int onlySecond, int examples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(examples, onlyFirst + onlySecond);
        return new PairedComparison(
            onlyFirst,
            onlySecond,
            new()
            {
                [(1, 1)] = onlyFirst,
                [(-1, 1)] = onlySecond,
                [(0, 1)] = examples - onlyFirst - onlySecond,
            }
        );
    }

    /// <summary>Compares two methods on examples that are shared by several runs.</summary>
    /// <param name="judged">One entry per example and run: the example's name, and whether each
    /// method got it right.</param>
    public static PairedComparison Of(IEnumerable<(string Example, bool First, bool Second)> judged)
    {
        var examples = judged
            .GroupBy(j => j.Example, StringComparer.Ordinal)
            .Select(g =>
                (
                    First: g.Count(j => j.First && !j.Second),
                    Second: g.Count(j => j.Second && !j.First),
                    Trainings: g.Count()
                )
            )
            .ToArray();
        return new PairedComparison(
            examples.Sum(e => e.First),
            examples.Sum(e => e.Second),
            examples.GroupBy(e => (e.First - e.Second, e.Trainings)).ToDictionary(g => g.Key, g => g.Count())
        );
    }

    /// <summary>
    /// Compares accuracy under attack, in one run or several; both methods must have been attacked
    /// alike, on the same examples (<see cref="AttackIdentity.Difference"/>).
    /// </summary>
    /// <param name="attacks">The attacks on both methods, for each run.</param>
    public static PairedComparison Of(params IEnumerable<(AttackRecord First, AttackRecord Second)> attacks) =>
        Of(
            attacks.SelectMany(a =>
                a.First.Examples.Join(
                    a.Second.Examples,
                    e => e.Id,
                    e => e.Id,
                    (e, other) => (e.Id, e.Result == AttackResult.Failed, other.Result == AttackResult.Failed)
                )
            )
        );

    /// <summary>Formats a p-value with its relation: "= 0.012" or "&lt; 0.001".</summary>
    public static string Text(double p) => p < Least ? Bare(p) : $"= {Bare(p)}";

    /// <summary>
    /// Formats a p-value without "=": "0.012" or "&lt; 0.001"; beside 0.05 with the decimals that
    /// tell the side.
    /// </summary>
    public static string Bare(double p)
    {
        if (p < Least)
            return "< 0.001";
        var text = Decimals(3);
        for (var digits = 4; digits <= 8 && text.TrimEnd('0') == "0.05" && p != Level; digits++)
            text = Decimals(digits);
        return text;

        string Decimals(int digits) => p.ToString($"F{digits}", CultureInfo.InvariantCulture);
    }

    // Number of examples by absolute net count, without those of net 0.
    private (int Size, int Count)[] Sizes =>
        [
            .. _examples
                .GroupBy(e => Math.Abs(e.Key.Net), e => e.Value)
                .Select(g => (Size: g.Key, Count: g.Sum()))
                .Where(s => s is { Size: > 0, Count: > 0 }),
        ];

    // Probability of each sum 0 .. limit of the examples on one side, with random signs.
    private double[] Chances(int limit)
    {
        var sums = new double[limit + 1];
        sums[0] = 1;
        foreach (var (size, count) in Sizes)
        {
            var next = new double[limit + 1];
            foreach (var (flips, chance) in Binomial(count, limit / size).Index())
                for (var sum = 0; sum + (size * flips) <= limit; sum++)
                    next[sum + (size * flips)] += sums[sum] * chance;
            sums = next;
        }
        return sums;
    }

    // The smallest net count that the exact test can call significant with these examples. Fewer
    // than six that differ cannot be, so the missing ones must come on top.
    private double LeastNet()
    {
        var (total, differing) = (Sizes.Sum(s => s.Size * s.Count), Sizes.Sum(s => s.Count));
        if (differing < LeastDiffering)
            return total + ((LeastDiffering - differing) * (Examples == 0 ? 1 : (double)Pairs / Examples));
        var (below, smaller) = (0.0, 0);
        foreach (var (sum, chance) in Chances(total / 2).Index())
        {
            below += chance;
            if (2 * below >= Level)
                break;
            if (chance > 0)
                smaller = sum;
        }
        return total - (2 * smaller);
    }

    // C(n, k) / 2^n for k = 0 .. most, computed with logarithms.
    private static double[] Binomial(int n, int most)
    {
        var chances = new double[Math.Min(n, most) + 1];
        var log = -n * Math.Log(2);
        for (var k = 0; k < chances.Length; k++)
        {
            chances[k] = Math.Exp(log);
            log += Math.Log(n - k) - Math.Log(k + 1);
        }
        return chances;
    }

    private static double Square(double value) => value * value;
}
