using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Runs;

public sealed class RowPartTests
{
    private static Func<string, bool> Of(string? rows, string? except = null) =>
        new RowPart("train", "train", "f", "", 1, rows, except).Membership();

    [Fact]
    public void A_run_of_rows_costs_what_is_written_of_it()
    {
        var all = Of("0-2147483647,a");
        Assert.True(all("0") && all("2147483647") && all("a"));
        Assert.False(all("2147483648") || all("b") || all("00") || all("-1"));
        var but = Of(null, "5-2147483647");
        Assert.True(but("4") && but("x"));
        Assert.False(but("5") || but("2147483647"));
    }

    [Fact]
    public void Runs_in_any_order_that_meet_or_overlap_are_the_rows_they_name()
    {
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            var runs = Enumerable
                .Range(0, random.Next(1, 12))
                .Select(_ => random.Next(60))
                .Select(from => (From: from, To: from + random.Next(8)))
                .ToArray();
            var member = Of(string.Join(',', runs.Select(r => r.From == r.To ? $"{r.From}" : $"{r.From}-{r.To}")));
            for (var row = 0; row < 70; row++)
                Assert.Equal(runs.Any(r => r.From <= row && row <= r.To), member($"{row}"));
        }
    }
}
