// Numbers of the command line: a decimal comma, what is no number and what is out of range are
// refused by name, before anything is read.
using RobustTickets.Cli;
using Xunit;

namespace RobustTickets.Tests.Cli;

public sealed class NumberOptionTests
{
    private const string Pretrain = "pretrain --corpus c --config f --vocab v --out o",
        Attack = "attack --model m --data d --task sst2",
        Harden = "harden --model m --data d --task csv --out o";

    [Theory]
    [InlineData(Pretrain, "--learning-rate", "0,001", "must be a number greater than 0")]
    [InlineData(Pretrain, "--learning-rate", "NaN", "must be a number greater than 0")]
    [InlineData(Pretrain, "--epochs", "0", "must be a number greater than 0")]
    [InlineData(Pretrain, "--time-budget", "1e300", "at most 10,000,000")]
    [InlineData(Pretrain, "--mask-fraction", "1", "less than 1")]
    [InlineData(Attack, "--time-limit", "1,5", "must be at least 0.000001")]
    [InlineData(Attack, "--time-limit", "1e-300", "must be at least 0.000001")]
    [InlineData(Attack, "--similarity-threshold", "1.5", "must lie in [-1, 1]")]
    [InlineData(Attack, "--held-out-words", "0,3", "must be a number")]
    [InlineData(Harden, "--clean-loss", "0,5", "must be between 0 and 100")]
    public void What_is_no_possible_number_is_refused(string command, string option, string value, string rule)
    {
        var end = CliRun.Of([.. command.Split(' '), option, value]);
        Assert.Equal(ExitCodes.Usage, end.Code);
        Assert.Contains($"{option} must", end.Error);
        Assert.Contains(rule, end.Error);
        Assert.Contains($"found {value}", end.Error);
    }

    [Theory]
    [InlineData("5m", true)]
    [InlineData("0,5", true)]
    [InlineData("0", false)]
    public void What_is_no_number_is_told_from_what_is_out_of_range(string value, bool isNoNumber) =>
        Assert.Equal(
            isNoNumber,
            CliRun
                .Of([.. Attack.Split(' '), "--time-limit", value])
                .Error.Contains("which is no number (a point before decimals, no unit)", StringComparison.Ordinal)
        );
}
