// Kept units as text: the form of docs/compact-format.md, there and back.
using RobustTickets.Checkpoints;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class UnitRangesTests
{
    [Theory]
    [InlineData("", new int[0])]
    [InlineData("4", new[] { 4 })]
    [InlineData("0-3,7", new[] { 0, 1, 2, 3, 7 })]
    [InlineData("5,0-1,9", new[] { 5, 0, 1, 9 })]
    [InlineData("3,2,1", new[] { 3, 2, 1 })]
    public void Ranges_are_the_list_they_stand_for(string ranges, int[] units)
    {
        Assert.Equal(ranges, UnitRanges.Format(units));
        Assert.Equal(units, UnitRanges.Parse(ranges, 9));
    }

    [Theory]
    [InlineData("0-10")]
    [InlineData("10")]
    [InlineData("3-1")]
    [InlineData("-1")]
    [InlineData("1-")]
    [InlineData("1--2")]
    [InlineData("0-1-2")]
    [InlineData("1,,2")]
    [InlineData("1, 2")]
    [InlineData(",")]
    [InlineData("a")]
    [InlineData("0-99999999999")]
    [InlineData("0-9,0")]
    public void What_is_malformed_or_out_of_range_is_no_list(string ranges) => Assert.Null(UnitRanges.Parse(ranges, 9));

    [Fact]
    public void Random_lists_come_back()
    {
        var random = new Random(3);
        for (var i = 0; i < 200; i++)
        {
            var kept = Enumerable.Range(0, 64).Where(_ => random.Next(3) > 0).ToArray();
            Assert.Equal(kept, UnitRanges.Parse(UnitRanges.Format(kept), 63));
        }
    }
}
