// What does not parse is told in words, with what is expected: no type of .NET, no sentence of the
// parser.
using RobustTickets.Cli;
using Xunit;

namespace RobustTickets.Tests.Cli;

public sealed class ParseProblemTests
{
    private const string Evaluate = "evaluate --model m --data d --task sst2",
        Harden = "harden --model m --data d --task csv --out o";

    [Theory]
    [InlineData("--limit x: expected a whole number", Evaluate + " --limit x")]
    [InlineData("--limit 1.5: expected a whole number", Evaluate + " --limit 1.5")]
    [InlineData("--limit 1,000: expected a whole number, without commas", Evaluate + " --limit 1,000")]
    [InlineData("--limit must be at least 1, found 0", Evaluate + " --limit 0")]
    [InlineData(
        "--threads 99999999999: expected a whole number of at most 2,147,483,647",
        "demo --threads 99999999999"
    )]
    [InlineData("--checkpoint-every x: expected a whole number", "train --checkpoint-every x")]
    [InlineData("--lease-timeout x: expected a whole number", "experiment f --lease-timeout x")]
    [InlineData("--num-examples x: expected a whole number", "attack --model m --num-examples x")]
    [InlineData("--seeds 1,2,3: expected the number of seeds, such as 3", Harden + " --seeds 1,2,3")]
    [InlineData("--seeds 1,2: expected the number of seeds, such as 2", "demo --seeds 1,2")]
    [InlineData("a command is missing; possible: list, show", "attack recipes")]
    [InlineData("a command is missing; possible: list, get, where, import", "models")]
    [InlineData("run is missing: run folders, in the order shown", "report")]
    [InlineData("kind is missing: word-vectors, neighbours, ", "resources import")]
    [InlineData("--task is missing", "evaluate --model m --data d")]
    [InlineData("--limit: a value is missing (N), found the option --model", "evaluate --limit --model m --data d")]
    [InlineData("--seeds: a value is missing (LIST)", "train --recipe fine-tune --seeds")]
    [InlineData("--model is given 2 times (m, n); it takes one value", Evaluate + " --model n")]
    [InlineData("--device is given 2 times (cpu, cuda); it takes one value", Evaluate + " --device cpu --device cuda")]
    [InlineData("kind word-vector: not known; did you mean word-vectors", "resources import word-vector f")]
    [InlineData("--split foo: not known; possible: train, dev, test, dev-mismatched", Evaluate + " --split foo")]
    public void It_is_told_in_words(string expected, string command)
    {
        var run = CliRun.Of(command.Split(' '));
        Assert.Equal((ExitCodes.Usage, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error);
        Assert.DoesNotContain("System.", run.Error);
        Assert.DoesNotContain("Required", run.Error);
        Assert.DoesNotContain("is required", run.Error);
    }

    [Fact]
    public void An_option_without_its_value_is_the_only_problem_told()
    {
        var run = CliRun.Of("evaluate", "--limit", "--model", "m", "--data", "d");
        Assert.Equal(
            "error: --limit: a value is missing (N), found the option --model\n"
                + "hint: see: robust-tickets evaluate --help\n",
            run.Error
        );
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("validation")]
    [InlineData("dev-mismatched")]
    public void Every_name_of_a_split_parses(string split) =>
        Assert.DoesNotContain("--split", CliRun.Of([.. Evaluate.Split(' '), "--split", split]).Error);
}
