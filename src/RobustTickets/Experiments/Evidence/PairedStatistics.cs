// Tests on pairs: shares on the same examples (PairedComparison), values over seeds (paired t),
// and a trend along ordered places (Kendall's tau, exact).
using RobustTickets.Reports;

namespace RobustTickets.Experiments.Evidence;

/// <summary>What a paired test found, in the unit of the values.</summary>
/// <param name="Estimate">Mean difference, first less second.</param>
/// <param name="Low">Lower end of its 95 % interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="PValue">Two-sided p against no difference.</param>
/// <param name="Detectable">Smallest difference found with 80 % power at 5 %.</param>
internal readonly record struct PairedTest(double Estimate, double Low, double High, double PValue, double Detectable);

/// <summary>Paired tests.</summary>
internal static class PairedStatistics
{
    // Differences of float64 numbers that are equal on paper.
    private const double Equal = 1e-9;

    /// <summary>Two shares on the same examples, in points of percent.</summary>
    public static PairedTest Shares(PairedComparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        var (low, high) = comparison.Interval;
        return new PairedTest(
            100 * comparison.Difference,
            100 * low,
            100 * high,
            comparison.PValue,
            100 * comparison.Detectable
        );
    }

    /// <summary>Differences over seeds by Student's t; null for fewer than two, and where all are
    /// equal: shares come in steps of an example, so equal ones tell no scatter.</summary>
    public static PairedTest? Seeds(IReadOnlyList<double> differences)
    {
        ArgumentNullException.ThrowIfNull(differences);
        if (differences.Count < 2)
            return null;
        var (n, sample) = (differences.Count, Sample.Of(differences));
        var mean = sample.Mean!.Value;
        if (differences.Max() - differences.Min() <= Equal * Math.Max(1, Math.Abs(mean)))
            return null;
        var error = sample.Deviation!.Value / Math.Sqrt(n);
        var half = Quantile(0.95, n - 1) * error;
        return new PairedTest(
            mean,
            mean - half,
            mean + half,
            1 - Within(Math.Abs(mean) / error, n - 1),
            (Quantile(0.95, n - 1) + Quantile(0.6, n - 1)) * error
        );
    }

    /// <summary>Probability that Student's t with so many degrees of freedom lies within
    /// plus or minus a value; exact (Abramowitz and Stegun 26.7.3, 26.7.4).</summary>
    public static double Within(double t, int degrees)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degrees, 1);
        var angle = Math.Atan(t / Math.Sqrt(degrees));
        var (sin, cos) = Math.SinCos(angle);
        var odd = degrees % 2 == 1;
        var (sum, term) = (0.0, odd ? cos : 1.0);
        for (var k = odd ? 3 : 2; k <= degrees; k += 2)
        {
            sum += term;
            term *= cos * cos * (k - 1) / k;
        }
        return odd ? 2 / Math.PI * (angle + (sin * sum)) : sin * sum;
    }

    /// <summary>The value that Student's t stays within with a probability.</summary>
    public static double Quantile(double probability, int degrees)
    {
        double low = 0,
            high = 1e6;
        for (var i = 0; i < 200; i++)
        {
            var middle = (low + high) / 2;
            if (Within(middle, degrees) < probability)
                low = middle;
            else
                high = middle;
        }
        return (low + high) / 2;
    }

    /// <summary>
    /// Kendall's tau of values along ordered places with its one-sided exact p for growth, and the
    /// smallest tau that so many places can tell from chance; ties count as neither.
    /// </summary>
    public static (double Tau, double PValue, double Detectable) Trend(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var (n, score) = (values.Count, 0);
        for (var i = 0; i < n; i++)
        for (var j = i + 1; j < n; j++)
            score += Math.Sign(values[j] - values[i]);
        // orders[k]: permutations of n with k pairs out of order.
        double[] orders = [1];
        for (var m = 2; m <= n; m++)
        {
            var next = new double[orders.Length + m - 1];
            for (var k = 0; k < orders.Length; k++)
            for (var shift = 0; shift < m; shift++)
                next[k + shift] += orders[k];
            orders = next;
        }
        var (all, pairs) = (orders.Sum(), n * (n - 1) / 2);
        // A score s has (pairs - s) / 2 pairs out of order.
        double AtLeast(int s) => orders.Take(((pairs - s) / 2) + 1).Sum() / all;
        var least = Enumerable
            .Range(0, (pairs / 2) + 1)
            .Select(k => (pairs % 2) + (2 * k))
            .FirstOrDefault(s => AtLeast(s) < 0.05, pairs + 1);
        return ((double)score / pairs, AtLeast(score), Math.Min(1, (double)least / pairs));
    }
}

/// <summary>Two cells on the examples that both were attacked on, all seeds together.</summary>
/// <param name="Pairs">Who got which example right.</param>
/// <param name="PerSeed">The difference of each seed, points.</param>
internal sealed record PairedExamples(PairedComparison Pairs, IReadOnlyList<double> PerSeed)
{
    /// <summary>The test over all examples.</summary>
    public PairedTest Test => PairedStatistics.Shares(Pairs);

    /// <summary>Pairs cells of the same seeds; null when they have no example in common.</summary>
    /// <param name="seeds">Cells of the same seed.</param>
    /// <param name="right">Which examples are right.</param>
    public static PairedExamples? Of(
        IEnumerable<(SeedCell First, SeedCell Second)> seeds,
        Func<ExampleOutcome, bool> right
    )
    {
        var judged = seeds
            .Select(s =>
                s.First.Outcomes!.Keys.Where(s.Second.Outcomes!.ContainsKey)
                    .Select(id => (id, right(s.First.Outcomes[id]), right(s.Second.Outcomes![id])))
                    .ToArray()
            )
            .Where(seed => seed.Length > 0)
            .ToArray();
        return judged.Length == 0
            ? null
            : new PairedExamples(
                PairedComparison.Of(judged.SelectMany(seed => seed)),
                [.. judged.Select(seed => 100 * PairedComparison.Of(seed).Difference)]
            );
    }
}
