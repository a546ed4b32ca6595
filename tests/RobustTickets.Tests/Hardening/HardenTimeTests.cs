// A comparison within its time: what is taken up when trainings are faster than planned, and the
// rows that going on requires to be those of the plan.
using RobustTickets.Attacks;
using RobustTickets.Cli;
using RobustTickets.Hardening;
using RobustTickets.Pipeline;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Hardening;

[Collection(TorchCollection.Name)]
public sealed class HardenTimeTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly string _csv;

    public HardenTimeTests()
    {
        _csv = _tiny.Below("rows.csv");
        File.WriteAllText(_csv, HardenRunTests.Rows(330, seed: 1, "text,label"));
    }

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void What_the_plan_had_no_time_for_is_taken_up_when_trainings_are_faster()
    {
        HardenResult Compare(string name, string? stopAt = null)
        {
            var clock = new HandClock();
            using var stop = new CancellationTokenSource();
            var begun = false;
            var progress = new SyncProgress<HardenProgress>(p =>
            {
                // Slow while the speed is measured.
                if (p is HardenNote { Text: var text })
                    clock.Tick =
                        text.StartsWith("measuring", StringComparison.Ordinal) ? 5
                        : text.StartsWith("plan:", StringComparison.Ordinal) ? 0
                        : clock.Tick;
                begun |= p is HardenNote { Text: var now } && now == stopAt;
                if (begun && p is HardenTraining)
                    stop.Cancel();
            });
            var request = Request(name) with { Clock = clock, Budget = TimeSpan.FromMinutes(40) };
            if (stopAt is null)
                return request.Run(progress);
            Assert.ThrowsAny<OperationCanceledException>(() => request.Run(progress, stop.Token));
            Assert.True(begun);
            return (request with { Resume = true }).Run(progress);
        }
        var result = Compare("faster");
        string[] left = [.. new HardenFolder(_tiny.Below("faster")).Plan()!.LeftOut.Select(l => l.Name)];
        Assert.True(left.Length > 2, string.Join(", ", left));
        Assert.Subset(result.Development.Select(d => d.Name).ToHashSet(), left.ToHashSet());
        Assert.Empty(result.LeftOut);
        Assert.Equal(
            HardenRunTests.Timeless(result),
            HardenRunTests.Timeless(Compare("faster-stopped", $"training {left[1]}"))
        );
    }

    [Theory]
    [InlineData("data/train.jsonl")]
    [InlineData("data/dev.jsonl")]
    [InlineData("reported/test.jsonl")]
    [InlineData("data/test.jsonl")]
    public void Rows_that_were_changed_since_are_refused(string file)
    {
        using var stop = new CancellationTokenSource();
        var progress = new SyncProgress<HardenProgress>(p =>
        {
            if (p is HardenTraining)
                stop.Cancel();
        });
        Assert.ThrowsAny<OperationCanceledException>(() => Request("changed").Run(progress, stop.Token));
        var folder = new HardenFolder(_tiny.Below("changed"));
        File.AppendAllText(Path.Combine(folder.Path, file), File.ReadLines(folder.ReportedFile).First() + "\n");
        string[] options = ["--attacks", "deepwordbug", "--budget", "2h", "--out", folder.Path, "--resume"];
        var run = CliRun.Of(["harden", "--model", _tiny.Model, "--data", _csv, "--task", "csv", .. options]);
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains(Path.Combine(folder.Path, file), run.Error, StringComparison.Ordinal);
        Assert.Contains(file == "data/test.jsonl" ? "remove it" : "restore it", run.Error, StringComparison.Ordinal);
    }

    private HardenRequest Request(string name) => HardenRunTests.Request(_tiny, _csv, name);
}
