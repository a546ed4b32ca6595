// What a part of the data is called, made and read in one place.
using RobustTickets.Cli;
using RobustTickets.Runs;
using RobustTickets.Tests.Checkpoints;
using RobustTickets.Tests.Reports;
using Xunit;

namespace RobustTickets.Tests.Runs;

public sealed class PartNameTests
{
    [Fact]
    public void What_is_made_is_read()
    {
        var carved = PartName.Carved(15, 60, 42);
        Assert.Equal("dev (carved: 15 of 60 training examples, seed 42)", carved);
        Assert.True(PartName.IsCarved(carved));
        Assert.Equal(("dev", false), (PartName.Split(carved), PartName.IsTest(carved)));
        var sample = PartName.Sample("test", 30, 40, 7);
        Assert.Equal("test (sample of 30 of 40, seed 7)", sample);
        Assert.False(PartName.IsCarved(sample));
        Assert.True(PartName.IsTest(sample));
        Assert.True(PartName.IsTest("test"));
        Assert.False(PartName.IsTest("dev"));
    }

    [Theory]
    [InlineData("dev", "dev")]
    [InlineData("dev (carved: 15 of 60 training examples, seed 42)", "dev")]
    [InlineData("dev (sample of 30 of 40, seed 7)", "dev")]
    [InlineData("test (sample of 30 of 40, seed 7)", "test")]
    public void A_summary_says_of_how_many_examples_accuracy_is(string evaluated, string split)
    {
        var result = Result() with
        {
            EvaluatedSplit = evaluated,
            EvaluatedExamples = 1234,
            CleanDev = split == "dev" ? 0.5 : null,
            CleanTest = split == "test" ? 0.5 : null,
        };
        using var text = new StringWriter();
        RunSummary.Print(text, result, "runs/a");
        Assert.Contains($"{split, -8} accuracy 50.00 % of 1,234 examples", text.ToString(), StringComparison.Ordinal);
        Assert.Equal(0.5, result.Clean);
    }

    private static RunResult Result()
    {
        using var folder = new TemporaryFolder();
        return RunResult.Load(RunFolder.Open(new SyntheticRun(folder.Path).Write("run")).ResultFile);
    }
}
