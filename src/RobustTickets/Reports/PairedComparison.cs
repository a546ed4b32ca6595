// Two methods judged on the same examples, by one training each or by several. Trainings share
// their examples, so the example is the unit: exact sign flips (McNemar's test for one training)
// and the interval of Bonett and Price (2012) with the scatter taken over examples.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Reports;

/// <summary>Which of two methods got which examples right.</summary>
internal sealed class PairedComparison
{
    private const double Z80 = 0.8416212335729143, // of the standard normal, for 80 % power
        Least = 0.001; // no smaller p is told

    // How many examples have a net count of trainings for the first, out of so many.
    private readonly Dictionary<(int Net, int Trainings), int> _examples;

    private PairedComparison(int onlyFirst, int onlySecond, Dictionary<(int, int), int> examples) =>
        (OnlyFirst, OnlySecond, _examples) = (onlyFirst, onlySecond, examples);

    /// <summary>Pairs that only the first got right.</summary>
    public int OnlyFirst { get; }

    /// <summary>Pairs that only the second got right.</summary>
    public int OnlySecond { get; }

    /// <summary>Different examples.</summary>
    public int Examples => _examples.Values.Sum();

    /// <summary>Pairs: an example counts once a training.</summary>
    public int Pairs => _examples.Sum(e => e.Key.Trainings * e.Value);

    /// <summary>Name of the test that <see cref="PValue"/> is of.</summary>
    public string Test => Pairs == Examples ? "exact McNemar" : "exact sign-flip";

    /// <summary>Difference of both shares, first less second, in [-1, 1].</summary>
    public double Difference => Pairs == 0 ? 0 : (OnlyFirst - OnlySecond) / (double)Pairs;

    /// <summary>
    /// Exact two-sided test: the probability of net counts at least this one-sided when each
    /// example's count could as well have had the other sign. With one training it is McNemar's.
    /// </summary>
    public double PValue
    {
        get
        {
            var sizes = _examples
                .GroupBy(e => Math.Abs(e.Key.Net), e => e.Value)
                .Where(g => g.Key > 0)
                .Select(g => (Size: g.Key, Count: g.Sum()))
                .ToArray();
            // The side that has less; its share of the sum is as likely as that of the other.
            var limit = (sizes.Sum(s => s.Size * s.Count) - Math.Abs(OnlyFirst - OnlySecond)) / 2;
            var sums = new double[limit + 1];
            sums[0] = 1;
            foreach (var (size, count) in sizes)
            {
                var next = new double[limit + 1];
                foreach (var (flips, chance) in Binomial(count, limit / size).Index())
                    for (var sum = 0; sum + (size * flips) <= limit; sum++)
                        next[sum + (size * flips)] += sums[sum] * chance;
                sums = next;
            }
            return Math.Min(1, 2 * sums.Sum());
        }
    }

    /// <summary>
    /// The 95 % interval of the difference, as shares of one: one example more of either kind, so
    /// that no interval is empty.
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

    /// <summary>Smallest difference of shares found with 80 % power at 5 %.</summary>
    public double Detectable =>
        (WilsonInterval.Z + Z80)
        * Math.Sqrt(Math.Max(1, _examples.Sum(e => e.Value * Square(e.Key.Net))))
        / Math.Max(1, Pairs);

    /// <summary>Two models on the same examples.</summary>
    /// <param name="onlyFirst">Examples that only the first got right.</param>
    /// <param name="onlySecond">Examples that only the second got right.</param>
    /// <param name="examples">All examples.</param>
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

    /// <summary>Two methods on examples that recur from training to training.</summary>
    /// <param name="judged">A line an example and training: its name, and who got it right.</param>
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

    /// <summary>Who withstood an attack, in one training or several; both must have attacked the
    /// same examples.</summary>
    /// <param name="attacks">The attack on both methods, for each training.</param>
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

    /// <summary>A p value for people, with its relation: "= 0.012" or "&lt; 0.001".</summary>
    public static string Text(double p) => p < Least ? Bare(p) : $"= {Bare(p)}";

    /// <summary>The same where a column says that it is a p: "0.012" or "&lt; 0.001".</summary>
    public static string Bare(double p) => p < Least ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);

    // C(n, k) / 2^n for k = 0 .. most, by logarithms.
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
