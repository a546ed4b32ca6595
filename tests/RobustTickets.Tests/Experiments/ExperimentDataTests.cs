using RobustTickets.Attacks.Data;
using RobustTickets.Cli;
using RobustTickets.Experiments;
using RobustTickets.Experiments.Leases;
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
                Assert.Matches("SHA-256 [0-9a-f]{64} before, [0-9a-f]{64} now", run.Error);
            }
            File.WriteAllText(file, before);
        }
        Assert.Equal(table, File.ReadAllText(TinyExperiment.Table(output, "results.csv")));
        Assert.Single(Directory.GetDirectories(Path.Combine(output, "cells")));
        Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, "--only", "plain.toy.seed-2").Code);
    }

    [Fact]
    public void Data_options_of_a_file_are_those_of_the_command_line()
    {
        var options = new ExperimentOptions(["escape=\\", "max-unpacked=64k", "skip-bad-rows"], "data toy");
        var data = options.Data(new DataOptions());
        options.Rest();
        Assert.Equal(('\\', 65536, true), (data.Escape, data.MaxUnpackedBytes, data.SkipBadRows));
        var bad = new ExperimentOptions(["escape=ab"], "data toy");
        Assert.Contains(
            "data toy: the option \"escape=ab\" expected one character",
            Assert.Throws<RecipeException>(() => bad.Data(new DataOptions())).Message
        );
    }

    [Fact]
    public void A_stop_ends_the_reading_of_data()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var request = new ExperimentRequest(
            ExperimentFiles.Plan([_tiny.FilePath]),
            _tiny.Task.Model,
            new Dictionary<string, string> { ["toy"] = _tiny.Task.Data },
            _tiny.Task.Below("stopped"),
            new Dictionary<string, string> { ["neighbours"] = _tiny.Neighbours }
        );
        Assert.ThrowsAny<OperationCanceledException>(() => request.Check(stop.Token));
    }

    [Fact]
    public void A_run_that_another_process_is_at_is_left_to_it()
    {
        var output = _tiny.Task.Below("held");
        Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, "--only", "plain.toy.seed-1").Code);
        var place = Path.GetFileName(TinyExperiment.Cell(output, "plain.toy.seed-1"));
        Directory.Delete(TinyExperiment.Cell(output, "plain.toy.seed-1"), recursive: true);
        var leases = new LeaseFolder(Path.Combine(output, "leases"), TimeSpan.FromMinutes(2));
        using (leases.TryTake(place, out _))
        {
            var other = _tiny.Run(
                output,
                null,
                "--only",
                "plain.toy.seed-1",
                "--only",
                "plain.toy.seed-2",
                "--no-wait"
            );
            Assert.Equal(ExitCodes.Ok, other.Code);
            Assert.Contains(
                $"plain.toy.seed-1: held by process {Environment.ProcessId} on "
                    + $"{Environment.MachineName}; skipped",
                other.Error
            );
            var list = _tiny.Run(output, null, "--list", "--only", "plain.toy.seed-1").Out;
            Assert.EndsWith($"(held by process {Environment.ProcessId} on {Environment.MachineName})", list.TrimEnd());
        }
        Assert.DoesNotContain("held by", _tiny.Run(output, null, "--list").Out);
        Assert.Single(Directory.GetDirectories(Path.Combine(output, "cells")));
        Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, "--only", "plain").Code);
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(output, "cells")).Length);
    }

    [Fact]
    public void A_cell_that_is_made_elsewhere_is_waited_for_and_made_when_its_process_is_gone()
    {
        var output = _tiny.Task.Below("waiting");
        Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, "--only", "plain").Code);
        var cell = TinyExperiment.Cell(output, "plain.toy.seed-1");
        Directory.Delete(cell, recursive: true);
        var held = new LeaseFolder(Path.Combine(output, "leases"), TimeSpan.FromMinutes(2)).TryTake(
            Path.GetFileName(cell),
            out _
        );
        var notes = new List<string>();
        using var run = new ExperimentRun(
            Request(output) with
            {
                Only = ["plain"],
                LeaseTimeout = TimeSpan.FromSeconds(4),
            },
            new Watch(note =>
            {
                notes.Add(note);
                if (note.StartsWith("waiting for ", StringComparison.Ordinal))
                    held!.Dispose();
            })
        );
        run.Check();
        Assert.Empty(run.Run());
        Assert.Equal(
            $"waiting for 1 cells of other processes: plain.toy.seed-1 (process {Environment.ProcessId} on "
                + $"{Environment.MachineName})",
            Assert.Single(notes, n => n.StartsWith("waiting", StringComparison.Ordinal))
        );
        Assert.Equal("done: plain.toy.seed-1", notes[^1]);
        Assert.True(File.Exists(Path.Combine(cell, "result.json")));
    }

    [Fact]
    public void A_cell_that_fails_elsewhere_meanwhile_is_not_tried_again_here()
    {
        var output = _tiny.Task.Below("failing");
        var request = Request(output) with { Only = ["plain"] };
        var notes = new List<string>();
        ExperimentRun? run = null;
        run = new ExperimentRun(
            request,
            new Watch(note =>
            {
                notes.Add(note);
                // Another process comes to its bad end while the first cell is made here.
                if (note.StartsWith("cell 1 of", StringComparison.Ordinal))
                    run!.Folders[0].SetFailure(run.Folders[0].Plan.Cell("plain.toy.seed-2"), null, "a bad end", 4, 0);
            })
        );
        run.Check();
        Assert.Empty(run.Run());
        run.Dispose();
        Assert.Contains("plain.toy.seed-2: its run has failed in the meantime: a bad end", notes);
        Assert.Single(Directory.GetDirectories(Path.Combine(output, "cells")));

        // The next command tries it again.
        using var next = new ExperimentRun(request);
        next.Check();
        Assert.Empty(next.Run());
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(output, "cells")).Length);
        Assert.Null(next.Folders[0].Failure(next.Folders[0].Plan.Cell("plain.toy.seed-2")));
    }

    private ExperimentRequest Request(string output) =>
        new(
            ExperimentFiles.Plan([_tiny.FilePath]),
            _tiny.Task.Model,
            new Dictionary<string, string> { ["toy"] = _tiny.Task.Data },
            output,
            new Dictionary<string, string> { ["neighbours"] = _tiny.Neighbours },
            Execution: new Execution { Threads = 1 }
        );

    private sealed class Watch(Action<string> see) : IProgress<ExperimentProgress>
    {
        public void Report(ExperimentProgress value)
        {
            if (value is ExperimentNote note)
                see(note.Text);
        }
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
        var predictions = RowPrediction.LoadIfPresent(Path.Combine(cell, "predictions.jsonl"))!;
        Assert.Equal(reported, predictions.Select(p => p.Id));
    }
}
