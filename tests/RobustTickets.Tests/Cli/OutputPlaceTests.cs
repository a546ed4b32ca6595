// What cannot be written is told as such, with the place, whatever the command: a folder below a
// file, which no right can make.
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli;
using RobustTickets.Tests.Reports;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection("environment")]
public sealed class OutputPlaceTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData("train --recipe fine-tune --model MODEL --data DATA --task sst2 --set max-length=24 --out PLACE")]
    [InlineData("train --recipe fine-tune --model MODEL --data DATA --task sst2 --seeds 1,2 --out PLACE")]
    [InlineData("experiment EXPERIMENT --model MODEL --data sst2=DATA --out PLACE")]
    [InlineData("harden --model MODEL --data DATA/train.tsv --task tsv --text-column sentence --budget 1h --out PLACE")]
    [InlineData("pretrain --corpus DATA/train.tsv --config MODEL/config.json --vocab MODEL/vocab.txt --out PLACE")]
    [InlineData("export --model MODEL --format hf-dense --out PLACE")]
    [InlineData("report RUN --out PLACE/report.html")]
    [InlineData("demo --out PLACE")]
    [InlineData("resources import nltk-stop-words MODEL/vocab.txt")]
    public void Output_that_cannot_be_written_is_usage_and_names_the_place(string command)
    {
        var file = _task.Below("a-file");
        File.WriteAllText(file, "");
        var experiment = _task.Below("one.json");
        File.WriteAllText(
            experiment,
            """
            {"name": "one", "title": "one", "source": "a test", "rows": [{"name": "a", "recipe": "fine-tune"}],
             "data": [{"name": "sst2", "task": "sst2"}], "seeds": [1], "attacks": [], "set": ["max-length=24"]}
            """
        );
        var run = new SyntheticRun(_task.Root).Write("whole");
        var before = Environment.GetEnvironmentVariable(ResourceFolder.Variable);
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, Path.Combine(file, "resources"));
        try
        {
            var end = CliRun.Of([
                .. command
                    .Split(' ')
                    .Select(word =>
                        word.Replace("PLACE", Path.Combine(file, "place"), StringComparison.Ordinal)
                            .Replace("MODEL", _task.Model, StringComparison.Ordinal)
                            .Replace("DATA", _task.Data, StringComparison.Ordinal)
                            .Replace("EXPERIMENT", experiment, StringComparison.Ordinal)
                            .Replace("RUN", run, StringComparison.Ordinal)
                    ),
            ]);
            Assert.True(end.Code == ExitCodes.Usage, end.ToString());
            Assert.Contains(file, end.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", end.Error, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(ResourceFolder.Variable, before);
        }
    }
}
