using RobustTickets.Cli;
using Xunit;

namespace RobustTickets.Tests.Cli;

public class DataArgumentsTests
{
    [Fact]
    public void Labels_are_given_in_class_order_or_with_their_index()
    {
        Assert.Null(DataOptionSet.Labels(null));
        Assert.Equal(["negative", "positive"], DataOptionSet.Labels("negative, positive")!.Names);
        var map = DataOptionSet.Labels("neg=0,pos=1,good=1")!;
        Assert.Equal((0, 1, 1), (map.Indices["neg"], map.Indices["pos"], map.Indices["good"]));
    }

    [Theory]
    [InlineData("a,,b")]
    [InlineData("a,a")]
    [InlineData("a=0,b")]
    [InlineData("a=0,b=x")]
    [InlineData("a=0,a=1")]
    [InlineData("=0,b=1")]
    public void Labels_that_cannot_be_read_are_a_usage_error(string list)
    {
        var error = Assert.Throws<UsageException>(() => DataOptionSet.Labels(list));
        Assert.StartsWith($"--labels {list}: ", error.Message);
    }
}
