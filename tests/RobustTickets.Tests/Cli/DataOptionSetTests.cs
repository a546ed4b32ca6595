using System.CommandLine;
using RobustTickets.Attacks.Data;
using RobustTickets.Cli;
using RobustTickets.Cli.Options;
using Xunit;

namespace RobustTickets.Tests.Cli;

public class DataOptionSetTests
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
    [InlineData("a=0,b=2")]
    public void Labels_that_cannot_be_read_are_a_usage_error(string list)
    {
        var error = Assert.Throws<UsageException>(() => DataOptionSet.Labels(list));
        Assert.StartsWith($"--labels {list}: ", error.Message);
    }

    [Theory]
    [InlineData("positive")]
    [InlineData("negative;positive")]
    public void A_single_label_is_refused_with_an_example(string list) =>
        Assert.Equal(
            $"--labels {list}: expected at least 2 labels separated by commas, as in negative,positive",
            Assert.Throws<UsageException>(() => DataOptionSet.Labels(list)).Message
        );

    [Theory]
    [InlineData("500000", 500_000)]
    [InlineData("64k", 64 << 10)]
    [InlineData("512M", 512 << 20)]
    [InlineData("2g", 2L << 30)]
    public void Sizes_are_given_in_bytes_or_with_a_unit(string text, long bytes) =>
        Assert.Equal(bytes, Read("--max-unpacked", text).MaxUnpackedBytes);

    [Theory]
    [InlineData("--max-unpacked", "5x")]
    [InlineData("--max-unpacked", "0")]
    [InlineData("--max-unpacked", "9999999999g")]
    [InlineData("--escape", "ab")]
    [InlineData("--escape", "\"")]
    [InlineData("--separator", "ab")]
    public void Values_that_cannot_be_read_are_a_usage_error(string option, string value)
    {
        var error = Assert.Throws<UsageException>(() => Read(option, value));
        Assert.StartsWith($"{option} {value}: ", error.Message);
    }

    [Fact]
    public void The_escape_is_a_character_and_packed_files_have_a_limit_by_default()
    {
        Assert.Equal(('\\', 512L << 20), (Read("--escape", "\\").Escape, Read("--escape", "\\").MaxUnpackedBytes));
        Assert.Null(Read("--no-header").Escape);
    }

    private static DataOptions Read(params string[] arguments)
    {
        var command = new Command("read");
        var options = new DataOptionSet(command);
        return options.Read(command.Parse(["--data", "x", "--task", "csv", .. arguments])).Options;
    }
}
