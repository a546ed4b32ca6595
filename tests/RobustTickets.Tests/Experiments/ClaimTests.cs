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
        // (1.96 + 0.84) x sqrt(3 / 200 / 200) is less than six pairs, the least that can be
        // significant.
        Assert.Equal("3.0 points", few.Detectable);
    }

    [Fact]
    public void What_withstands_in_one_class_alone_is_no_robustness()
    {
        SeedCell[] a = [Cell(1, 200, i => i < 50) with { OneSided = "in class x alone" }],
            b = [Cell(1, 200, i => i < 20)];
        var doubtful = Test(Difference(), (A, a), (B, b));
        Assert.Equal(Verdict.Undecided, doubtful.Verdict);
        Assert.EndsWith($"; but {A.Row} (seed 1) withstands in class x alone", doubtful.Statistic);
        Assert.Equal(Verdict.Undecided, Test(Difference(), (A, b), (B, a)).Verdict);
        // Of the cell that falls behind it changes nothing.
        var behind = Test(Difference(), (A, [a[0] with { OneSided = null }]), (B, [b[0] with { OneSided = "so" }]));
        Assert.Equal(Verdict.Holds, behind.Verdict);
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
    public void Seeds_agree_in_sign_and_the_interval_alone_is_asked_about_the_margin()
    {
        SeedCell[] Both(int first, int second) => [Cell(1, 1000, i => i < first), Cell(2, 1000, i => i < second)];
        var b = Both(100, 100);
        // +20 and +8: 14 on average, well above 10.
        Assert.Equal(Verdict.Holds, Test(Difference(10), (A, Both(300, 180)), (B, b)).Verdict);
        // +32 and -2.
        Assert.Equal(Verdict.Undecided, Test(Difference(10), (A, Both(420, 80)), (B, b)).Verdict);
        // +1 and -1 are both far above -5, and far below 5.
        Assert.Equal(Verdict.Holds, Test(Difference(-5), (A, Both(110, 90)), (B, b)).Verdict);
        Assert.Equal(Verdict.DoesNotHold, Test(Difference(5), (A, Both(110, 90)), (B, b)).Verdict);
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
        // What the sample leaves out is said.
        ClaimResult Of(int reported, int attacked = 300) =>
            Test(
                claim,
                (A, [Cell(1, attacked, _ => false, i => i < 280) with { Reported = reported, Clean = 91.5 }]),
                (B, [Cell(1, attacked, _ => false, i => i < 250) with { Reported = reported }])
            );
        Assert.EndsWith("; on the 300 attacked of 7,600 reported rows, on all of them +1.5 points", Of(7600).Statistic);
        Assert.DoesNotContain("reported rows", Of(300).Statistic);
        // With the predictions of the runs all reported rows are compared.
        SeedCell All(int right) =>
            Cell(1, 300, _ => false, i => i < 280) with
            {
                Reported = 7600,
                Correct = Enumerable.Range(0, 7600).ToDictionary(i => $"e{i}", i => i < right),
            };
        var all = Test(claim, (A, [All(7000)]), (B, [All(6900)])).Statistic;
        Assert.Contains("(100 against 0 of 7600 pairs", all);
        Assert.DoesNotContain("attacked of", all);

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
        Assert.Equal("+5 parameters, +5 parameters (one value per seed); claimed: above 4", Parameters(4).Statistic);
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
        TableCell[] cells = [A, B, C, D, D with { Row = "e" }];
        var claim = new TrendClaim("m", "p", "s", "falls", Measure.Clean, Direction.Down, cells);
        ClaimResult Along(params double[] clean) =>
            Test(claim, [.. claim.Cells.Zip(clean, (cell, value) => (cell, new SeedCell[] { new(1, value) }))]);
        var falls = Along(93, 92, 91, 90, 89);
        Assert.Equal(Verdict.Holds, falls.Verdict);
        // Two of 120 orders: this one and its contrary.
        Assert.Contains("Kendall's tau -1.00, exact two-sided p = 0.017", falls.Statistic);
        Assert.Equal("tau 1.00 over 5 points", falls.Detectable);
        Assert.Equal(Verdict.DoesNotHold, Along(89, 90, 91, 92, 93).Verdict);
        // Ten of 120: 0.042 one way only.
        Assert.Equal(Verdict.Undecided, Along(93, 92, 91, 89, 90).Verdict);
    }

    // Both ways over all orders of the values as they are, counted by brute force.
    [Theory]
    [InlineData(2 / 24.0, 1.0, 2.0, 3.0, 4.0)]
    [InlineData(8 / 24.0, 1.0, 2.0, 4.0, 3.0)]
    [InlineData(2 / 12.0, 1.0, 2.0, 2.0, 3.0)]
    [InlineData(8 / 60.0, 2.0, 1.0, 3.0, 3.0, 4.0)]
    [InlineData(10 / 360.0, 2.0, 1.0, 3.0, 3.0, 4.0, 5.0)]
    [InlineData(1.0, 2.0, 2.0, 2.0, 2.0)]
    public void Ties_are_counted_among_the_orders_of_a_trend(double p, params double[] values)
    {
        var trend = PairedStatistics.Trend(values);
        Assert.True(trend.Exact);
        Assert.Equal(p, trend.PValue, 9);
        Assert.Equal(p, PairedStatistics.Trend([.. values.Reverse()]).PValue, 9);
        Assert.Equal(-trend.Tau, PairedStatistics.Trend([.. values.Reverse()]).Tau, 9);
    }

    [Fact]
    public void Many_points_with_ties_are_judged_by_the_normal_approximation()
    {
        double[] nine = [1, 1, 2, 3, 5, 4, 6, 7, 9];
        var exact = PairedStatistics.Trend(nine);
        var approximate = PairedStatistics.Trend([.. nine, 8]);
        Assert.Equal((true, false), (exact.Exact, approximate.Exact));
        // Score 40 of ten values with one pair tied: (39 / sqrt(124))^2 = 3.502^2.
        Assert.Equal(40 / 45.0, approximate.Tau, 9);
        Assert.Equal(0.00046, approximate.PValue, 5);
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
    public void A_ratio_of_a_protocol_that_these_recipes_cannot_reach_is_no_evidence()
    {
        var claim = new RatioClaim("r", "p", "s", "cheap", Measure.Flops, A, B, 7, "10 epochs");
        SeedCell[] more = [new(1, 90, Flops: 60, Pgd: "lean PGD, K = 5")];
        ClaimResult Earliest(double flops) =>
            Test(claim, (A, more), (B, [new(1, 90, Flops: 12, Earliest: new EarliestStop(0.3, 1, flops))]));
        var cannot = Earliest(10);
        Assert.Equal(
            (
                Verdict.NotTestable,
                "5.00 times, lean PGD, K = 5; at least 7 is claimed of 10 epochs; with the earliest "
                    + "possible stop, epoch 0.30, it would be 6.00"
            ),
            (cannot.Verdict, cannot.Statistic)
        );
        // It could have been shown, and was not.
        Assert.Equal(Verdict.DoesNotHold, Earliest(8).Verdict);
        Assert.Equal(Verdict.DoesNotHold, Test(claim, (A, more), (B, [new(1, 90, Flops: 12)])).Verdict);
        Assert.Equal(
            Verdict.DoesNotHold,
            Test(
                claim with
                {
                    Protocol = null,
                },
                (A, more),
                (B, [new(1, 90, Flops: 12, Earliest: new EarliestStop(0.3, 1, 10))])
            ).Verdict
        );
        Assert.Equal(Verdict.Holds, Test(claim, (A, more), (B, [new(1, 90, Flops: 8)])).Verdict);
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

        ClaimResult After(double share, double epochs) =>
            Test(claim with { AfterEpochs = 20 }, (A, [new(1, 90, SettledGates: share, SearchEpochs: epochs)]));
        Assert.Equal(Verdict.NotTestable, After(0.8, 4).Verdict);
        Assert.EndsWith("90 % is claimed after 20 epochs of search, here after 4", After(0.8, 4).Statistic);
        Assert.Equal((Verdict.Holds, Verdict.DoesNotHold), (After(0.95, 4).Verdict, After(0.8, 20).Verdict));
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
    }
}
