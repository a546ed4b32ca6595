// Tests claims on cells. A claim holds or does not hold if the test is significant at the 5 %
// level, and is otherwise undecided; the smallest detectable effect is shown with it.
using System.Globalization;
using RobustTickets.Reports;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Experiments.Evidence;

/// <summary>Result of testing a claim.</summary>
internal enum Verdict
{
    /// <summary>The claim was confirmed.</summary>
    Holds,

    /// <summary>The opposite was found.</summary>
    DoesNotHold,

    /// <summary>The sample is not sufficient.</summary>
    Undecided,

    /// <summary>
    /// The claim refers to another protocol than the cells', which cannot test it.
    /// </summary>
    NotTestable,

    /// <summary>A required cell is not finished.</summary>
    NotMeasured,
}

/// <summary>A claim with its test result.</summary>
/// <param name="Claim">The claim.</param>
/// <param name="Verdict">Result of the test.</param>
/// <param name="Statistic">The statistics, on one line.</param>
/// <param name="Detectable">The smallest effect likely to be detected, in a few words; null if
/// nothing was sampled.</param>
/// <param name="Missing">Cells without a finished seed.</param>
/// <param name="SoFar">Whether planned seeds are unfinished.</param>
/// <param name="Beyond">A required cell that no experiment here contains; null if there is
/// none.</param>
internal sealed record ClaimResult(
    Claim Claim,
    Verdict Verdict,
    string Statistic,
    string? Detectable,
    IReadOnlyList<TableCell> Missing,
    bool SoFar = false,
    TableCell? Beyond = null
);

/// <summary>Tests claims.</summary>
/// <param name="cells">The finished cells.</param>
internal sealed class ClaimTest(ClaimCells cells)
{
    private const double Level = 0.05;

    /// <summary>Tests a claim.</summary>
    public ClaimResult Of(Claim claim)
    {
        ArgumentNullException.ThrowIfNull(claim);
        var missing = claim.Reads().Distinct().Where(c => cells.Of(c).Count == 0).ToArray();
        if (missing.Length > 0)
        {
            var beyond = Array.Find(missing, c => !cells.IsPlanned(c));
            return new ClaimResult(claim, Verdict.NotMeasured, "", null, missing, Beyond: beyond);
        }
        var (verdict, statistic, detectable) = claim switch
        {
            DifferenceClaim c => Difference(c.Measure, c.More, c.Than, c.Margin),
            WithinClaim c => Within(c),
            OrderClaim c => Order(c),
            TrendClaim c => Trend(c),
            RatioClaim c => ProtocolClaims.Ratio(c, [.. Pairs(c.More, c.Than)]),
            SettledClaim c => Settled(c),
            LayersClaim c => Layers(c),
            GatesClaim c => ProtocolClaims.Gates(c, cells.Of(c.Cell)),
            _ => throw new NotSupportedException($"no test of {claim.GetType().Name}"),
        };
        return new ClaimResult(claim, verdict, statistic, detectable, [], !claim.Reads().All(cells.IsWhole));
    }

    /// <summary>
    /// A comparison of two cells: the test, the difference per seed, and a description.
    /// </summary>
    private sealed record Comparison(PairedTest? Test, IReadOnlyList<double> PerSeed, string Words, bool OfExamples);

    private (Verdict, string, string?) Difference(Measure measure, TableCell more, TableCell than, double margin)
    {
        if (Compare(measure, more, than) is not { } found)
            return (Verdict.NotMeasured, "no seed has both cells on the same examples", null);
        var claimed = margin == 0 ? "" : Text($"; claimed: above {margin:0.##}");
        if (IsCount(measure))
        {
            var counted = Every(found.PerSeed, d => d > margin, d => d <= margin);
            return (counted, found.Words + claimed, null);
        }
        if (found.Test is not { } test)
            return (Verdict.Undecided, found.Words, null);
        var (above, below) =
            margin == 0 && found.OfExamples
                ? (test.PValue < Level && test.Estimate > 0, test.PValue < Level && test.Estimate < 0)
                : (test.Low > margin, test.High < margin);
        // Contradicting seeds mean that the training run matters more than the method. Seeds of
        // equal methods fall on both sides of 0, so with a margin it is enough that all are on one
        // side of it.
        var agree = OnOneSide(found.PerSeed, 0) || OnOneSide(found.PerSeed, margin);
        var verdict =
            above && agree ? Verdict.Holds
            : below && agree ? Verdict.DoesNotHold
            : Verdict.Undecided;
        var doubt =
            measure != Measure.Aua ? null
            : verdict == Verdict.Holds ? OneSided(more)
            : verdict == Verdict.DoesNotHold ? OneSided(than)
            : null;
        return (
            doubt is null ? verdict : Verdict.Undecided,
            found.Words + claimed + doubt,
            Amount(measure, test.Detectable)
        );
    }

    // A cell that is robust in one class only does not count as robust.
    private string? OneSided(TableCell cell) =>
        cells.Of(cell).FirstOrDefault(s => s.OneSided is not null) is { } seed
            ? $"; but {cell.Row} (seed {seed.Seed}) withstands {seed.OneSided}"
            : null;

    private (Verdict, string, string?) Within(WithinClaim claim)
    {
        if (Compare(claim.Measure, claim.First, claim.Second) is not { } found)
            return (Verdict.NotMeasured, "no seed has both cells on the same examples", null);
        var words = Text($"{found.Words}; margin {claim.Margin:0.##}");
        if (IsCount(claim.Measure))
        {
            var counted = Every(found.PerSeed, d => Math.Abs(d) <= claim.Margin, d => Math.Abs(d) > claim.Margin);
            return (counted, words, null);
        }
        if (found.Test is not { } test)
            return (Verdict.Undecided, found.Words, null);
        var verdict =
            test.Low > -claim.Margin && test.High < claim.Margin ? Verdict.Holds
            : test.Low > claim.Margin || test.High < -claim.Margin ? Verdict.DoesNotHold
            : Verdict.Undecided;
        return (verdict, words, Amount(claim.Measure, test.Detectable));
    }

    // Whether all seeds are on the same side of a value.
    private static bool OnOneSide(IReadOnlyList<double> perSeed, double value) =>
        perSeed.All(d => d > value) || perSeed.All(d => d < value);

    // Counts are not samples.
    private static bool IsCount(Measure measure) => measure is Measure.Flops or Measure.Parameters;

    // Combines the results of all seeds.
    internal static Verdict Every<T>(IReadOnlyList<T> perSeed, Func<T, bool> holds, Func<T, bool> not) =>
        perSeed.All(holds) ? Verdict.Holds
        : perSeed.All(not) ? Verdict.DoesNotHold
        : Verdict.Undecided;

    private (Verdict, string, string?) Order(OrderClaim claim)
    {
        var steps = claim
            .Cells.Zip(claim.Cells.Skip(1))
            .Select(pair => (pair, Found: Difference(claim.Measure, pair.First, pair.Second, 0)))
            .ToArray();
        var verdict =
            steps.Any(s => s.Found.Item1 == Verdict.NotMeasured) ? Verdict.NotMeasured
            : steps.Any(s => s.Found.Item1 == Verdict.DoesNotHold) ? Verdict.DoesNotHold
            : steps.All(s => s.Found.Item1 == Verdict.Holds) ? Verdict.Holds
            : Verdict.Undecided;
        return (
            verdict,
            string.Join("; ", steps.Select(s => $"{s.pair.First.Row} over {s.pair.Second.Row}: {s.Found.Item2}")),
            string.Join(", ", steps.Select(s => s.Found.Item3).OfType<string>()) is { Length: > 0 } words ? words : null
        );
    }

    private (Verdict, string, string?) Trend(TrendClaim claim)
    {
        var values = new List<double>();
        foreach (var cell in claim.Cells)
        {
            var found = cells.Of(cell).Select(s => s.Value(claim.Measure)).OfType<double>().ToArray();
            if (found.Length == 0)
                return (Verdict.NotMeasured, $"{cell.Row}: not measured", null);
            values.Add(found.Average());
        }
        var sign = claim.Direction == Direction.Up ? 1 : -1;
        var trend = PairedStatistics.Trend(values);
        var verdict =
            trend.PValue >= Level ? Verdict.Undecided
            : sign * trend.Tau > 0 ? Verdict.Holds
            : Verdict.DoesNotHold;
        var words = string.Join(", ", claim.Cells.Zip(values, (c, v) => Text($"{c.Row} {v:0.0##}")));
        return (
            verdict,
            Text($"{words}; Kendall's tau {trend.Tau:0.00}, {(trend.Exact ? "exact" : "approximate")} ")
                + $"two-sided p {PairedComparison.Text(trend.PValue)}",
            Text($"tau {trend.Detectable:0.00} over {values.Count} points")
        );
    }

    private (Verdict, string, string?) Settled(SettledClaim claim)
    {
        var paths = cells.Of(claim.Cell).Select(s => s.Masks).OfType<MaskPath>().ToArray();
        if (paths.Length == 0)
            return (Verdict.NotMeasured, "no search with snapshots", null);
        var settled = paths.Select(p => SettledAt(p, claim)).ToArray();
        var verdict = Every(settled, e => e <= claim.ByEpoch, e => !(e <= claim.ByEpoch));
        var words = string.Join(", ", settled.Select(e => e is { } epoch ? Text($"{epoch:0.00}") : "never"));
        var step = paths.Min(p => p.To.Count > 0 ? p.To[0] - p.From[0] : double.NaN);
        return (
            verdict,
            Text($"{claim.Times} distances of {(claim.Part == TicketPart.Heads ? "heads" : "neurons")} in a row ")
                + Text($"below {claim.Below:0.##} from epoch {words} on (one value per seed); ")
                + Text($"{claim.ByEpoch:0.##} is claimed"),
            double.IsFinite(step) ? Text($"{step:0.00} epochs between snapshots") : null
        );
    }

    // The epoch of the first snapshot in the sequence of small distances.
    private static double? SettledAt(MaskPath path, SettledClaim claim)
    {
        var values = claim.Part == TicketPart.Heads ? path.Heads : path.Neurons;
        for (var first = 0; first + claim.Times <= values.Count; first++)
            if (values.Skip(first).Take(claim.Times).All(v => v < claim.Below))
                return path.From[first];
        return null;
    }

    private (Verdict, string, string?) Layers(LayersClaim claim)
    {
        var kept = cells
            .Of(claim.Cell)
            .Select(s => claim.Part == TicketPart.Heads ? s.HeadsKept : s.NeuronsKept)
            .Where(k => k is { Count: > 1 })
            .Select(k => k!)
            .ToArray();
        if (kept.Length == 0)
            return (Verdict.NotMeasured, "no structured ticket", null);
        var differences = kept.Select(k =>
            {
                var half = k.Count / 2;
                var (low, high) = (k.Take(half).Average(), k.Skip(k.Count - half).Average());
                // In pruned fractions the sign is reversed.
                return 100 * (claim.MoreIn == LayerHalf.Lower ? high - low : low - high);
            })
            .ToArray();
        if (PairedStatistics.Seeds(differences) is not { } test)
            return (Verdict.Undecided, Text($"{differences[0]:+0.0;-0.0} points, {Alike(differences)}"), null);
        var verdict =
            test.Low > 0 ? Verdict.Holds
            : test.High < 0 ? Verdict.DoesNotHold
            : Verdict.Undecided;
        return (
            verdict,
            Text($"{test.Estimate:+0.0;-0.0} points more pruned there, 95 % {test.Low:0.0} to {test.High:0.0}, ")
                + Text($"paired t over {differences.Length} seeds p {PairedComparison.Text(test.PValue)}"),
            Text($"{test.Detectable:0.0} points")
        );
    }

    private Comparison? Compare(Measure measure, TableCell first, TableCell second)
    {
        var pairs = Pairs(first, second).ToArray();
        var rows = pairs.Select(p => (First: p.First.Judged(measure), Second: p.Second.Judged(measure))).ToArray();
        if (rows.Length > 0 && rows.All(r => r.First is not null && r.Second is not null))
            return PairedExamples.Of(rows.Select(r => (r.First!, r.Second!))) is { } found
                ? OfExamples(measure, pairs, found)
                : null;
        var values = pairs.Select(p => p.First.Value(measure) - p.Second.Value(measure)).OfType<double>().ToArray();
        if (values.Length == 0)
            return null;
        return !IsCount(measure) && PairedStatistics.Seeds(values) is { } test
            ? new Comparison(
                test,
                values,
                $"{Signed(measure, test.Estimate)}, 95 % {Amount(measure, test.Low)} to {Amount(measure, test.High)}, "
                    + Text($"paired t over {values.Length} seeds p {PairedComparison.Text(test.PValue)}"),
                OfExamples: false
            )
            : new Comparison(
                null,
                values,
                IsCount(measure)
                    ? string.Join(", ", values.Select(v => Signed(measure, v))) + " (one value per seed)"
                    : $"{Signed(measure, values[0])}, {Alike(values)}, no test",
                OfExamples: false
            );
    }

    private static string Alike(IReadOnlyCollection<double> seeds) =>
        seeds.Count == 1 ? "one seed" : Text($"the same in {seeds.Count} seeds");

    private static Comparison OfExamples(
        Measure measure,
        (SeedCell First, SeedCell Second)[] cells,
        PairedExamples found
    )
    {
        var (test, pairs, perSeed) = (found.Test, found.Pairs, found.PerSeed);
        var seeds = perSeed.Count == 1 ? "one seed" : $"{perSeed.Count} seeds";
        return new Comparison(
            test,
            perSeed,
            Text($"{test.Estimate:+0.0;-0.0} points, 95 % {test.Low:0.0} to {test.High:0.0}, ")
                + Text($"{pairs.Test} p {PairedComparison.Text(test.PValue)} ({pairs.OnlyFirst} against ")
                + Text($"{pairs.OnlySecond} of {pairs.Pairs} pairs, ")
                + $"{seeds}: {string.Join(", ", perSeed.Select(d => Text($"{d:+0.0;-0.0}")))})"
                + (measure == Measure.Clean ? Attacked(cells, pairs.Examples) : ""),
            OfExamples: true
        );
    }

    // Where the predictions of a run are unknown, clean is compared on the attacked rows.
    private static string Attacked((SeedCell First, SeedCell Second)[] cells, int attacked) =>
        cells[0].First.Reported is { } reported && reported > attacked
            ? Text($"; on the {attacked:N0} attacked of {reported:N0} reported rows, on all of them ")
                + Text($"{cells.Average(c => c.First.Clean - c.Second.Clean):+0.0;-0.0} points")
            : "";

    private IEnumerable<(SeedCell First, SeedCell Second)> Pairs(TableCell first, TableCell second) =>
        cells.Of(first).Join(cells.Of(second), s => s.Seed, s => s.Seed, (a, b) => (a, b));

    private static string Unit(Measure measure) =>
        measure switch
        {
            Measure.Aua or Measure.Clean => "points",
            Measure.Queries => "queries",
            Measure.Seconds => "seconds",
            Measure.Flops => "FLOP",
            _ => "parameters",
        };

    private static string Amount(Measure measure, double value) =>
        value.ToString(
            measure switch
            {
                Measure.Flops => "0.##E+0",
                Measure.Parameters => "N0",
                _ => "0.0",
            },
            CultureInfo.InvariantCulture
        ) + $" {Unit(measure)}";

    private static string Signed(Measure measure, double value) => (value < 0 ? "" : "+") + Amount(measure, value);
}
