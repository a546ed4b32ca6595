// Paired tests: proportions on the same examples (PairedComparison), values over seeds (paired t),
// and a trend along ordered positions (Kendall's tau, exact).
using RobustTickets.Reports;

namespace RobustTickets.Experiments.Evidence;

/// <summary>Result of a paired test, in the unit of the values.</summary>
/// <param name="Estimate">Mean difference, first minus second.</param>
/// <param name="Low">Lower bound of its 95 % interval.</param>
/// <param name="High">Upper bound.</param>
/// <param name="PValue">Two-sided p-value of no difference.</param>
/// <param name="Detectable">Smallest difference detected with 80 % power at the 5 % level.</param>
internal readonly record struct PairedTest(double Estimate, double Low, double High, double PValue, double Detectable);

/// <summary>A trend along ordered positions.</summary>
/// <param name="Tau">Kendall's tau, in [-1, 1].</param>
/// <param name="PValue">Two-sided p-value of no trend.</param>
/// <param name="Detectable">Smallest significant tau for this number of positions without
/// ties.</param>
/// <param name="Exact">Whether the p-value is exact.</param>
internal readonly record struct TrendTest(double Tau, double PValue, double Detectable, bool Exact);

/// <summary>Paired tests.</summary>
internal static class PairedStatistics
{
    // Tolerance for float64 differences that are mathematically equal.
    private const double Equal = 1e-9;

    // All 9! permutations can be enumerated quickly.
    private const int MostEnumerated = 9;

    /// <summary>Compares two proportions on the same examples, in percentage points.</summary>
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

    /// <summary>
    /// Paired t-test of differences over seeds; null for fewer than two, or if all are equal:
    /// proportions are discrete, so equal ones do not imply zero variance.
    /// </summary>
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

    /// <summary>
    /// Probability that Student's t with the given degrees of freedom is within plus or minus a
    /// value; exact (Abramowitz and Stegun 26.7.3, 26.7.4).
    /// </summary>
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

    /// <summary>The value within which Student's t stays with the given probability.</summary>
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
    /// Kendall's tau of values along ordered positions, and the smallest significant one without
    /// ties. Ties count as neither: the p-value is over all permutations of the actual values;
    /// beyond nine values with ties, the normal approximation is used.
    /// </summary>
    public static TrendTest Trend(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var ranks = Ranks(values);
        var (n, score) = (values.Count, Score(ranks));
        var (untied, pairs) = (Untied(n), n * (n - 1) / 2);
        var tied = ranks.Distinct().Count() < n;
        var p =
            !tied ? untied(Math.Abs(score))
            : n <= MostEnumerated ? Enumerated(ranks, Math.Abs(score))
            : Approximate(ranks, Math.Abs(score));
        var least = Enumerable
            .Range(0, (pairs / 2) + 1)
            .Select(k => (pairs % 2) + (2 * k))
            .FirstOrDefault(s => untied(s) < 0.05, pairs + 1);
        return new TrendTest(
            (double)score / Math.Max(1, pairs),
            p,
            Math.Min(1, (double)least / Math.Max(1, pairs)),
            !tied || n <= MostEnumerated
        );
    }

    // Ranks of the values; equal values share a rank.
    private static int[] Ranks(IReadOnlyList<double> values)
    {
        var (ranks, rank, last) = (new int[values.Count], -1, double.NaN);
        foreach (var i in Enumerable.Range(0, values.Count).OrderBy(i => values[i]))
        {
            if (!(values[i] - last <= Equal * Math.Max(1, Math.Abs(last))))
                rank++;
            (ranks[i], last) = (rank, values[i]);
        }
        return ranks;
    }

    private static int Score(int[] ranks)
    {
        var score = 0;
        for (var i = 0; i < ranks.Length; i++)
        for (var j = i + 1; j < ranks.Length; j++)
            score += Math.Sign(ranks[j] - ranks[i]);
        return score;
    }

    // Two-sided p-value of a score of n distinct values.
    private static Func<int, double> Untied(int n)
    {
        // orders[k]: number of permutations of n with k inversions.
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
        // A score s has (pairs - s) / 2 inversions.
        return s => Math.Min(1, 2 * orders.Take(((pairs - s) / 2) + 1).Sum() / all);
    }

    // Fraction of all permutations of the values with an absolute score at least as large.
    private static double Enumerated(int[] ranks, int score)
    {
        var (order, used, extreme, all) = (new int[ranks.Length], new bool[ranks.Length], 0L, 0L);
        Place(0, 0);
        return (double)extreme / all;

        void Place(int place, int sum)
        {
            if (place == ranks.Length)
            {
                all++;
                extreme += Math.Abs(sum) >= score ? 1 : 0;
                return;
            }
            for (var next = 0; next < ranks.Length; next++)
            {
                if (used[next])
                    continue;
                (used[next], order[place]) = (true, ranks[next]);
                var more = 0;
                for (var before = 0; before < place; before++)
                    more += Math.Sign(order[place] - order[before]);
                Place(place + 1, sum + more);
                used[next] = false;
            }
        }
    }

    // Kendall (1970): the variance of the score with ties, with continuity correction.
    private static double Approximate(int[] ranks, int score)
    {
        static double Term(double n) => n * (n - 1) * ((2 * n) + 5);
        var variance = (Term(ranks.Length) - ranks.GroupBy(r => r).Sum(g => Term(g.Count()))) / 18;
        return variance <= 0 || score <= 1 ? 1 : 2 * UpperTail((score - 1) / Math.Sqrt(variance));
    }

    // Upper tail of the standard normal by Abramowitz and Stegun 26.2.17, to 8e-8.
    private static double UpperTail(double z)
    {
        var t = 1 / (1 + (0.2316419 * z));
        var series =
            t * (0.319381530 + (t * (-0.356563782 + (t * (1.781477937 + (t * (-1.821255978 + (t * 1.330274429))))))));
        return Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * series;
    }
}

/// <summary>Two cells on the rows that both judged, over all seeds.</summary>
/// <param name="Pairs">The paired comparison.</param>
/// <param name="PerSeed">The difference per seed, percentage points.</param>
internal sealed record PairedExamples(PairedComparison Pairs, IReadOnlyList<double> PerSeed)
{
    /// <summary>The test over all examples.</summary>
    public PairedTest Test => PairedStatistics.Shares(Pairs);

    /// <summary>Pairs cells of the same seeds; null if they have no example in common.</summary>
    /// <param name="seeds">Whether each row counts in either cell, by id, seed by seed
    /// (<see cref="SeedCell.Judged"/>).</param>
    public static PairedExamples? Of(
        IEnumerable<(IReadOnlyDictionary<string, bool> First, IReadOnlyDictionary<string, bool> Second)> seeds
    )
    {
        var judged = seeds
            .Select(s =>
                s.First.Keys.Where(s.Second.ContainsKey).Select(id => (id, s.First[id], s.Second[id])).ToArray()
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
