using RobustTickets.Cli;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Experiments;

[Collection(TorchCollection.Name)]
public sealed class ExperimentDataTests : IDisposable
{
    private readonly TinyExperiment _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Data_that_changed_between_two_calls_are_refused_and_nothing_is_mixed()
    {
        var output = _tiny.Task.Below("changed");
        string[] first = ["--only", "plain.toy.seed-1"];
        Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, first).Code);
        var table = File.ReadAllText(TinyExperiment.Table(output, "results.csv"));
        foreach (var (file, part) in new[] { (_tiny.Task.TrainFile, "training"), (_tiny.Task.DevFile, "reported") })
        {
            var before = File.ReadAllText(file);
            File.AppendAllText(file, "a good film .\t1\n");
            foreach (string[] call in new[] { ["--only", "plain.toy.seed-2"], ["--dry-run"], first })
            {
                var run = _tiny.Run(output, null, call);
                Assert.True(run.Code == ExitCodes.Data, $"{run.Code}: {run.Error}");
                Assert.Contains($"data toy ({_tiny.Task.Data}): the {part} data have changed", run.Error);
                Assert.Matches("SHA-256 [0-9a-f]{64} then, [0-9a-f]{64} now", run.Error);
            }
            File.WriteAllText(file, before);
        }
        Assert.Equal(table, File.ReadAllText(TinyExperiment.Table(output, "results.csv")));
        Assert.Single(Directory.GetDirectories(Path.Combine(output, "cells")));
        Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, "--only", "plain.toy.seed-2").Code);
    }

    [Fact]
    public void Clean_and_accuracy_under_attack_are_of_the_same_rows()
    {
        var output = _tiny.Task.Below("rows");
        Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, "--only", "plain.toy.seed-1").Code);
        var cell = TinyExperiment.Cell(output, "plain.toy.seed-1");
        var reported = RunSplits.Load(Path.Combine(cell, "splits.json")).Evaluation.Ids!;
        var attacked = File.ReadAllLines(Path.Combine(TinyExperiment.Attack(output, "plain.toy.seed-1"), "ids.txt"));
        Assert.Equal((30, 10), (reported.Count, attacked.Length));
        Assert.Empty(attacked.Except(reported));
    }
}
