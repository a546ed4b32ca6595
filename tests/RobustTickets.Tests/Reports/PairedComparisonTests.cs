using RobustTickets.Attacks.Metrics;
using RobustTickets.Reports;
using Xunit;

namespace RobustTickets.Tests.Reports;

/// <summary>Tests of shares on examples that trainings have in common.</summary>
public class PairedComparisonTests
{
    [Theory]
    [InlineData(0.0004, "< 0.001")]
    [InlineData(0.012, "= 0.012")]
    [InlineData(0.0497, "= 0.0497")]
    [InlineData(0.0503, "= 0.0503")]
    [InlineData(0.05000001, "= 0.05000001")]
    [InlineData(0.05, "= 0.050")]
    [InlineData(0.0511, "= 0.051")]
    public void A_p_value_is_written_on_its_side_of_the_level(double p, string text) =>
        Assert.Equal(text, PairedComparison.Text(p));

    private static readonly int[] Trainings = [1, 2, 3];

    // Who is right in one training: the first on 20 alone, the second on 5 alone, both on 30.
    private static (string Example, bool First, bool Second)[] Judged(int shift = 0) =>
        [
            .. Enumerable
                .Range(0, 100)
                .Select(i =>
                    ($"e{(i + shift) % 100}", i is < 20 or >= 40 and < 70, i is >= 20 and < 25 or >= 40 and < 70)
                ),
        ];

    [Fact]
    public void The_same_training_three_times_tells_no_more_than_once()
    {
        var once = PairedComparison.Of(Judged());
        var thrice = PairedComparison.Of(Trainings.SelectMany(_ => Judged()));
        Assert.Equal((20, 5, 100, "exact McNemar"), (once.OnlyFirst, once.OnlySecond, once.Pairs, once.Test));
        Assert.Equal(
            (60, 15, 300, "exact sign-flip"),
            (thrice.OnlyFirst, thrice.OnlySecond, thrice.Pairs, thrice.Test)
        );
        Assert.Equal(once.PValue, thrice.PValue, 15);
        Assert.Equal(once.Interval.Low, thrice.Interval.Low, 12);
        Assert.Equal(once.Interval.High, thrice.Interval.High, 12);
        Assert.Equal(once.Detectable, thrice.Detectable, 12);
        Assert.Equal(PairedComparison.Of(20, 5, 100).PValue, once.PValue, 15);
        // Pairs taken for independent would say much more.
        Assert.True(PairedComparison.Of(60, 15, 300).PValue < 0.001 * once.PValue);
    }

    [Fact]
    public void Trainings_that_differ_on_other_examples_tell_more_than_one()
    {
        var once = PairedComparison.Of(Judged());
        var apart = PairedComparison.Of(Trainings.SelectMany(t => Judged(31 * t)));
        Assert.Equal(once.Difference, apart.Difference, 12);
        Assert.True(apart.PValue < once.PValue);
        Assert.True(apart.Interval.High - apart.Interval.Low < once.Interval.High - once.Interval.Low);
    }

    // The test against all 2^n signs, and the interval against its formula.
    [Fact]
    public void Test_and_interval_are_those_of_their_definitions()
    {
        int[] nets = [3, -1, 2, 0, 1, -2, 3, 1, 1, -1, 2, 3];
        var judged = nets.SelectMany(
            (net, i) => Trainings.Select(t => ($"e{i}", net > 0 && t <= net, net < 0 && t <= -net))
        );
        var comparison = PairedComparison.Of(judged);
        var observed = Math.Abs(nets.Sum());
        var extreme = Enumerable
            .Range(0, 1 << nets.Length)
            .Count(signs => Math.Abs(nets.Select((net, i) => (signs >> i & 1) == 0 ? net : -net).Sum()) >= observed);
        Assert.Equal((double)extreme / (1 << nets.Length), comparison.PValue, 12);
        double[] means = [.. nets.Select(n => n / 3.0), 1, -1];
        var mean = means.Average();
        var half = 1.959964 * Math.Sqrt(means.Sum(m => (m - mean) * (m - mean))) / means.Length;
        Assert.Equal(mean - half, comparison.Interval.Low, 6);
        Assert.Equal(mean + half, comparison.Interval.High, 6);
    }

    [Theory]
    [InlineData(7, 7, 20)]
    [InlineData(0, 0, 20)]
    [InlineData(0, 0, 0)]
    public void Equal_counts_are_no_difference(int first, int second, int examples)
    {
        var comparison = PairedComparison.Of(first, second, examples);
        Assert.Equal(1, comparison.PValue, 12);
        Assert.InRange(0, comparison.Interval.Low, comparison.Interval.High);
    }

    // With few pairs that differ the normal approximation promises less than any outcome can show.
    [Fact]
    public void A_detectable_difference_is_one_that_the_exact_test_can_show()
    {
        for (var differing = 0; differing <= 60; differing++)
        {
            var detectable = (int)Math.Floor(500 * PairedComparison.Of(differing, 0, 500).Detectable + 1e-9);
            // All, or as many as leave one side that much ahead.
            var all = Math.Max(differing, detectable);
            var ahead = detectable + (all - detectable) % 2;
            var shown = PairedComparison.Of((all + ahead) / 2, (all - ahead) / 2, 500);
            Assert.True(shown.PValue < 0.05, $"{differing} differ: {detectable} ahead has p {shown.PValue}");
        }
        Assert.Equal(6 / 500.0, PairedComparison.Of(2, 1, 500).Detectable, 12);
        var once = PairedComparison.Of(Judged(0).Take(24));
        var thrice = PairedComparison.Of(Trainings.SelectMany(_ => Judged(0).Take(24)));
        Assert.Equal(once.Detectable, thrice.Detectable, 12);
        var few = Enumerable.Range(0, 100).Select(i => ($"e{i}", i < 3, false)).ToArray();
        Assert.Equal(0.06, PairedComparison.Of(few).Detectable, 12);
        Assert.Equal(0.06, PairedComparison.Of(Trainings.SelectMany(_ => few)).Detectable, 12);
    }

    [Fact]
    public void A_share_over_trainings_has_as_many_independent_examples_as_scatter_so()
    {
        var one = Enumerable.Range(0, 200).Select(i => ($"e{i}", i < 60)).ToArray();
        var wilson = WilsonInterval.Of(60, 200);
        Assert.Equal(wilson, RepeatedShare.Interval(one));
        Assert.Equal(wilson, RepeatedShare.Interval(Trainings.SelectMany(_ => one)));
        // Each training keeps other examples: scatter of the means is below that of chance.
        var apart = Trainings.SelectMany(t => Enumerable.Range(0, 200).Select(i => ($"e{i}", i / 60 == t - 1)));
        Assert.Equal(WilsonInterval.Of(180, 600), RepeatedShare.Interval(apart));
        Assert.Equal(WilsonInterval.Of(0, 50), RepeatedShare.Interval(Trainings.SelectMany(_ => None())));
        Assert.Null(RepeatedShare.Interval([]));

        static IEnumerable<(string, bool)> None() => Enumerable.Range(0, 50).Select(i => ($"e{i}", false));
    }
}
