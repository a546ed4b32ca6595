// Whose command line a stamp records: that of the robust-tickets program, and of no other host,
// whose arguments may hold secrets.
using RobustTickets.Reports;
using RobustTickets.Runs;
using RobustTickets.Tests.CommandLine;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Runs;

[Collection(TorchCollection.Name)]
public sealed class HostArgumentsTests
{
    [Fact]
    public void The_arguments_of_a_host_are_recorded_nowhere()
    {
        string[] own = [.. Environment.GetCommandLineArgs().Skip(1)];
        Assert.NotEmpty(own);
        Assert.Empty(EnvironmentStamp.Collect().CommandLine);
        using var task = new TinyTask();
        var run = TinyTask.FineTuneRecipe.Train(task.Model, task.Data, task.NewRun());
        Assert.Empty(EnvironmentStamp.Load(run.Folder.EnvironmentFile).CommandLine);
        var report = HtmlReport.Render([RunRecord.Load(run.Folder.Path)]);
        Assert.DoesNotContain("command line", report, StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(run.Folder.Path))
        {
            var text = File.ReadAllText(file);
            Assert.DoesNotContain(
                own.Where(a => a.Length > 5 && a.Any(char.IsLetter)),
                a => text.Contains(a, StringComparison.Ordinal)
            );
        }
    }

    [Fact]
    public void The_program_records_its_own()
    {
        using var tiny = new TinyFolders();
        string[] arguments =
        [
            .. tiny.TrainArguments("fine-tune", tiny.Below("run"), "--set", "retrain.epochs=1", "--threads", "1"),
        ];
        var run = CommandLine.CommandLine.Run(arguments);
        Assert.True(run.Code == 0, run.ToString());
        Assert.Equal(arguments, EnvironmentStamp.Load(Path.Combine(tiny.Below("run"), "environment.json")).CommandLine);
        var report = HtmlReport.Render([RunRecord.Load(tiny.Below("run"))]);
        Assert.Contains("command line", report, StringComparison.Ordinal);
    }
}
