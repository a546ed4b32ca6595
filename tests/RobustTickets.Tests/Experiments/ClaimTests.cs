// Each kind of claim on cells made for it: one that holds, one that does not, one that the sample
// cannot tell; and the numbers of the tests against values worked out by hand or from tables.
using RobustTickets.Experiments.Evidence;
using RobustTickets.Reports;
using Xunit;

namespace RobustTickets.Tests.Experiments;

public sealed class ClaimTests
{
    private static readonly TableCell A = new("t", "a", "sst2", "textfooler"),
        B = new("t", "b", "sst2", "textfooler"),
        C = new("t", "c", "sst2", "textfooler"),
        D = new("t", "d", "sst2", "textfooler");

    // Of n examples the first so many are right, after them come those that only this cell has.
    private static SeedCell Cell(int seed, int n, Func<int, bool> after, Func<int, bool>? before = null) =>
        new(
            seed,
            90,
            Outcomes: Enumerable
                .Range(0, n)
                .ToDictionary(i => $"e{i}", i => new ExampleOutcome(before?.Invoke(i) ?? true, after(i)))
        );

    private static ClaimResult Test(Claim claim, params (TableCell Cell, SeedCell[] Seeds)[] cells)
    {
        var all = new ClaimCells();
        foreach (var (cell, seeds) in cells)
            all.Add(cell, seeds);
        return new ClaimTest(all).Of(claim);
    }

    private static DifferenceClaim Difference(double margin = 0, Measure measure = Measure.Aua) =>
        new("d", "early-robust", "5.1", "more", measure, A, B, margin);

    [Fact]
    public void A_difference_of_shares_is_tested_on_the_same_examples()
    {
        // Only a: 30..49, only b: 50..52.
        SeedCell[] a = [Cell(1, 200, i => i < 50)],
            b = [Cell(1, 200, i => i is < 30 or >= 50 and < 53)];
        var holds = Test(Difference(), (A, a), (B, b));
        Assert.Equal(Verdict.Holds, holds.Verdict);
        // 2 x (1 + 23 + 253 + 1771) / 2^23
        Assert.Contains("+8.5 points", holds.Statistic);
        Assert.Contains("exact McNemar p < 0.001 (20 against 3 of 200 pairs, one seed: +8.5)", holds.Statistic);
        Assert.Equal(Verdict.DoesNotHold, Test(Difference(), (A, b), (B, a)).Verdict);
        var few = Test(Difference(), (A, [Cell(1, 200, i => i < 32)]), (B, [Cell(1, 200, i => i is < 30 or 60)]));
        Assert.Equal(Verdict.Undecided, few.Verdict);
        Assert.Contains("exact McNemar p = 1.000", few.Statistic);
        // (1.96 + 0.84) x sqrt(3 / 200 / 200)
        Assert.Equal("2.4 points", few.Detectable);
    }

    [Fact]
    public void Seeds_that_contradict_each_other_decide_nothing()
    {
        SeedCell[] b = [Cell(1, 400, i => i < 100), Cell(2, 400, i => i < 100)];
        Assert.Equal(
            Verdict.Holds,
            Test(Difference(), (A, [Cell(1, 400, i => i < 160), Cell(2, 400, i => i < 110)]), (B, b)).Verdict
        );
        var torn = Test(Difference(), (A, [Cell(1, 400, i => i < 160), Cell(2, 400, i => i < 95)]), (B, b));
        Assert.Equal(Verdict.Undecided, torn.Verdict);
        Assert.Contains("2 seeds: +15.0, -1.3", torn.Statistic);
    }

    [Fact]
    public void A_margin_is_compared_with_the_interval()
    {
        SeedCell[] reference = [Cell(1, 1000, i => i < 500)];
        // At most 5 points less: 10 less of 1,000 is well within, 100 less is beyond.
        Assert.Equal(Verdict.Holds, Test(Difference(-5), (A, [Cell(1, 1000, i => i < 490)]), (B, reference)).Verdict);
        Assert.Equal(
            Verdict.DoesNotHold,
            Test(Difference(-5), (A, [Cell(1, 1000, i => i < 400)]), (B, reference)).Verdict
        );
        Assert.Equal(
            Verdict.Undecided,
            Test(Difference(-5), (A, [Cell(1, 1000, i => i < 452)]), (B, reference)).Verdict
        );
    }

    [Fact]
    public void Clean_is_compared_before_the_attack_and_over_seeds_where_there_is_none()
    {
        var claim = Difference(measure: Measure.Clean);
        var before = Test(
            claim,
            (A, [Cell(1, 300, _ => false, i => i < 280)]),
            (B, [Cell(1, 300, _ => false, i => i < 250)])
        );
        Assert.Equal(Verdict.Holds, before.Verdict);

        TableCell a = A with { Attack = null },
            b = B with { Attack = null };
        var plain = claim with { More = a, Than = b };
        SeedCell[] low = [new(1, 90), new(2, 91), new(3, 90.5)];
        Assert.Equal(Verdict.Holds, Test(plain, (a, [new(1, 93.0), new(2, 94.1), new(3, 93.5)]), (b, low)).Verdict);
        Assert.Equal(
            Verdict.DoesNotHold,
            Test(plain, (a, [new(1, 87.0), new(2, 88.1), new(3, 87.5)]), (b, low)).Verdict
        );
        Assert.Equal(Verdict.Undecided, Test(plain, (a, [new(1, 99)]), (b, low)).Verdict);
    }

    [Fact]
    public void The_same_difference_in_every_seed_tells_no_scatter_and_of_counts_there_is_none()
    {
        var (a, b) = (A with { Attack = null }, B with { Attack = null });
        SeedCell[] low = [new(1, 90.1, Parameters: 80), new(2, 91.3, Parameters: 80)],
            high = [new(1, 91.2, Parameters: 85), new(2, 92.4, Parameters: 85)];
        var claim = new DifferenceClaim("d", "p", "s", "more", Measure.Clean, a, b);
        var clean = Test(claim, (a, high), (b, low));
        Assert.Equal(
            (Verdict.Undecided, "+1.1 points, the same in 2 seeds, no test"),
            (clean.Verdict, clean.Statistic)
        );
        Assert.Null(PairedStatistics.Seeds([0, 0, 0]));
        ClaimResult Parameters(double margin) =>
            Test(claim with { Measure = Measure.Parameters, Margin = margin }, (a, high), (b, low));
        Assert.Equal((Verdict.Holds, Verdict.DoesNotHold), (Parameters(4).Verdict, Parameters(6).Verdict));
        Assert.Equal(Verdict.DoesNotHold, Parameters(5).Verdict); // above by more than a margin
        Assert.Equal("+5 parameters, +5 parameters (one number a seed); claimed: above 4", Parameters(4).Statistic);
        var same = new WithinClaim("w", "p", "s", "same", Measure.Parameters, a, b, 6);
        Assert.Equal(Verdict.Holds, Test(same, (a, high), (b, low)).Verdict);
        Assert.Equal(Verdict.DoesNotHold, Test(same with { Margin = 4 }, (a, high), (b, low)).Verdict);
    }

    [Fact]
    public void Equality_within_a_margin_needs_the_whole_interval()
    {
        var claim = new WithinClaim("w", "p", "s", "same", Measure.Aua, A, B, 3);
        SeedCell[] b = [Cell(1, 2000, i => i < 1000)];
        Assert.Equal(Verdict.Holds, Test(claim, (A, [Cell(1, 2000, i => i < 1010)]), (B, b)).Verdict);
        Assert.Equal(Verdict.DoesNotHold, Test(claim, (A, [Cell(1, 2000, i => i < 1200)]), (B, b)).Verdict);
        Assert.Equal(Verdict.Undecided, Test(claim, (A, [Cell(1, 2000, i => i < 1058)]), (B, b)).Verdict);
    }

    [Fact]
    public void An_order_holds_when_every_step_does()
    {
        var claim = new OrderClaim("o", "p", "s", "order", Measure.Aua, [A, B, C]);
        SeedCell[] Right(int n) => [Cell(1, 400, i => i < n)];
        Assert.Equal(Verdict.Holds, Test(claim, (A, Right(200)), (B, Right(150)), (C, Right(50))).Verdict);
        Assert.Equal(Verdict.DoesNotHold, Test(claim, (A, Right(200)), (B, Right(150)), (C, Right(170))).Verdict);
        Assert.Equal(Verdict.Undecided, Test(claim, (A, Right(152)), (B, Right(150)), (C, Right(50))).Verdict);
        var missing = Test(claim, (A, Right(200)), (C, Right(50)));
        Assert.Equal((Verdict.NotMeasured, B), (missing.Verdict, Assert.Single(missing.Missing)));
    }

    [Fact]
    public void A_trend_is_told_by_the_order_of_its_points()
    {
        var claim = new TrendClaim("m", "p", "s", "falls", Measure.Clean, Direction.Down, [A, B, C, D]);
        ClaimResult Along(params double[] clean) =>
            Test(claim, [.. claim.Cells.Zip(clean, (cell, value) => (cell, new SeedCell[] { new(1, value) }))]);
        var falls = Along(93, 92, 91, 90);
        Assert.Equal(Verdict.Holds, falls.Verdict);
        // One of 24 orders.
        Assert.Contains("Kendall's tau -1.00, exact p = 0.042", falls.Statistic);
        Assert.Equal("tau 1.00 over 4 points", falls.Detectable);
        Assert.Equal(Verdict.DoesNotHold, Along(90, 91, 92, 93).Verdict);
        Assert.Equal(Verdict.Undecided, Along(93, 92, 90, 91).Verdict);
    }

    [Fact]
    public void A_ratio_must_be_reached_by_every_seed()
    {
        var claim = new RatioClaim("r", "p", "s", "cheap", Measure.Flops, A, B, 7);
        SeedCell[] Costs(params double[] flops) => [.. flops.Select((f, i) => new SeedCell(i, 90, Flops: f))];
        Assert.Equal(Verdict.Holds, Test(claim, (A, Costs(70, 80)), (B, Costs(10, 10))).Verdict);
        Assert.Equal(Verdict.DoesNotHold, Test(claim, (A, Costs(60, 50)), (B, Costs(10, 10))).Verdict);
        var some = Test(claim, (A, Costs(60, 80)), (B, Costs(10, 10)));
        Assert.Equal(Verdict.Undecided, some.Verdict);
        Assert.Contains("7.00 times (6.00 to 8.00 over 2 seeds)", some.Statistic);
    }

    [Fact]
    public void Masks_have_settled_where_the_run_of_small_distances_begins()
    {
        var claim = new SettledClaim("s", "p", "s", "early", A, TicketPart.Neurons, 0.1, 0.3, Times: 3);
        SeedCell Search(int seed, params double[] neurons) =>
            new(
                seed,
                90,
                Masks: new MaskPath(
                    [.. neurons.Select((_, i) => 0.05 * (i + 1))],
                    [.. neurons.Select((_, i) => 0.05 * (i + 2))],
                    [.. neurons.Select(_ => 0.5)],
                    neurons
                )
            );
        var early = Search(1, 0.3, 0.2, 0.09, 0.08, 0.05, 0.04);
        var late = Search(2, 0.3, 0.2, 0.2, 0.2, 0.2, 0.2, 0.05, 0.04, 0.03);
        var never = Search(3, 0.3, 0.05, 0.04, 0.2);
        var holds = Test(claim, (A, [early]));
        Assert.Equal(Verdict.Holds, holds.Verdict);
        Assert.Contains("from epoch 0.15 on", holds.Statistic);
        Assert.Equal("0.05 epochs between snapshots", holds.Detectable);
        Assert.Contains("from epoch 0.05 on", Test(claim, (A, [Search(4, 0.09, 0.08, 0.05)])).Statistic);
        Assert.Equal(Verdict.DoesNotHold, Test(claim, (A, [late, never])).Verdict);
        Assert.Equal(Verdict.Undecided, Test(claim, (A, [early, late])).Verdict);
        Assert.Equal(Verdict.DoesNotHold, Test(claim with { Part = TicketPart.Heads }, (A, [early])).Verdict);
    }

    [Fact]
    public void Layers_lose_more_in_the_half_that_the_tickets_of_all_seeds_say()
    {
        var claim = new LayersClaim("l", "p", "s", "low", A, TicketPart.Heads, LayerHalf.Lower);
        SeedCell[] Tickets(params double[][] kept) =>
            [.. kept.Select((k, i) => new SeedCell(i, 90, HeadsKept: k, NeuronsKept: [1, 1, 1, 1]))];
        SeedCell[] low = Tickets([0.4, 0.5, 0.9, 1], [0.5, 0.5, 1, 1], [0.4, 0.6, 0.9, 0.9]);
        Assert.Equal(Verdict.Holds, Test(claim, (A, low)).Verdict);
        Assert.Equal(Verdict.DoesNotHold, Test(claim with { MoreIn = LayerHalf.Upper }, (A, low)).Verdict);
        Assert.Equal(
            Verdict.Undecided,
            Test(claim, (A, Tickets([0.4, 0.5, 0.9, 1], [1, 0.9, 0.5, 0.4], [0.7, 0.7, 0.7, 0.8]))).Verdict
        );
        Assert.Equal(Verdict.Undecided, Test(claim, (A, [low[0]])).Verdict);
        Assert.Equal(Verdict.NotMeasured, Test(claim, (A, [new SeedCell(1, 90)])).Verdict);
    }

    [Fact]
    public void Gates_are_counted_at_the_end_of_every_search()
    {
        var claim = new GatesClaim("g", "p", "s", "settle", A, 0.9);
        SeedCell[] Ends(params double[] shares) => [.. shares.Select((s, i) => new SeedCell(i, 90, SettledGates: s))];
        Assert.Equal(Verdict.Holds, Test(claim, (A, Ends(0.95, 0.91))).Verdict);
        Assert.Equal(Verdict.DoesNotHold, Test(claim, (A, Ends(0.8, 0.85))).Verdict);
        Assert.Equal(Verdict.Undecided, Test(claim, (A, Ends(0.8, 0.95))).Verdict);
    }

    // Two-sided 95 % quantiles of Student's t, from tables.
    [Theory]
    [InlineData(1, 12.706)]
    [InlineData(2, 4.303)]
    [InlineData(4, 2.776)]
    [InlineData(9, 2.262)]
    public void Students_t_has_the_quantiles_of_tables(int degrees, double quantile)
    {
        Assert.Equal(quantile, PairedStatistics.Quantile(0.95, degrees), 3);
        Assert.Equal(0.95, PairedStatistics.Within(quantile, degrees), 4);
    }

    [Fact]
    public void Intervals_and_powers_are_those_of_the_formulas()
    {
        var test = PairedStatistics.Shares(PairedComparison.Of(20, 3, 200));
        Assert.Equal(8.5, test.Estimate, 9);
        // Bonett and Price: centre 17 / 202, error sqrt(25 - 17^2 / 202) / 202.
        var (centre, error) = (17.0 / 202, Math.Sqrt(25 - (17.0 * 17 / 202)) / 202);
        Assert.Equal(100 * (centre - (1.959964 * error)), test.Low, 4);
        Assert.Equal(100 * (centre + (1.959964 * error)), test.High, 4);
        Assert.Equal(100 * (1.959964 + 0.841621) * Math.Sqrt(23.0 / 200 / 200), test.Detectable, 4);
        var seeds = PairedStatistics.Seeds([1, 2, 3])!.Value;
        // Mean 2, error 1 / sqrt 3: t = 3.464 with two degrees of freedom.
        Assert.Equal(2 - (4.302653 / Math.Sqrt(3)), seeds.Low, 5);
        Assert.Equal(0.0742, seeds.PValue, 4);
        Assert.Equal(1 / 24.0, PairedStatistics.Trend([1, 2, 3, 4]).PValue, 9);
        Assert.Equal(4 / 24.0, PairedStatistics.Trend([1, 2, 4, 3]).PValue, 9);
    }
}
