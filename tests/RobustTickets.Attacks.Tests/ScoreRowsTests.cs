using Xunit;

namespace RobustTickets.Attacks.Tests;

public sealed class ScoreRowsTests
{
    [Theory]
    [InlineData(2, 0.1, 0.2, 0.7)]
    [InlineData(0, 0.5, 0.5, 0.0)]
    [InlineData(1, -3.0, -0.0, 0.0)]
    [InlineData(1, double.NaN, -5.0, -6.0)]
    [InlineData(0, double.NaN, double.NaN)]
    public void The_highest_score_is_the_first_of_equal_ones(int expected, params double[] row)
    {
        Assert.Equal(expected, row.ArgMax());
        Assert.Equal(expected, Array.ConvertAll(row, v => (float)v).ArgMax());
    }
}
