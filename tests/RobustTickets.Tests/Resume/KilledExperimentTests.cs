// The built program working through a table, killed with SIGKILL in the middle of a search, of a
// training and of an attack, and started again by the same command each time, against a table that
// nobody disturbed: the same results but for the columns of time, and the same files.
using System.Text.Json.Nodes;
using RobustTickets.Cli;
using RobustTickets.Runs.Metrics;
using RobustTickets.Tests.Experiments;
using RobustTickets.Tests.Runs;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class KilledExperimentTests : IDisposable
{
    private const int Attempts = 6,
        Attacked = 200;

    private readonly TinyExperiment _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Killed_in_cells_and_attacks_and_started_again_equals_undisturbed()
    {
        // Long enough that a signal sent in the middle arrives there.
        File.WriteAllText(_tiny.Task.DevFile, TinyTask.Sentences(Attacked, 23));
        var json = TinyExperiment.Json();
        json["set"] = new JsonArray("retrain.epochs=12", "retrain.optimizer.learning-rate=1e-3");
        json["data"]![0]!["set"] = new JsonArray();
        json["seeds"] = new JsonArray(1);
        json["attacks"]![0]!["examples"] = Attacked;
        ((JsonArray)json["attacks"]![0]!["options"]!).Add("batch-size=2");
        ((JsonArray)json["attacks"]![0]!["options"]!).Add("concurrency=2");
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());

        var whole = _tiny.Task.Below("whole");
        using (var undisturbed = new TrainProcess(_tiny.Arguments(whole)))
        {
            var end = undisturbed.End();
            Assert.True(end.Code == ExitCodes.Ok, end.ToString());
        }
        var killed = _tiny.Task.Below("killed");
        Kill(killed, whole, "plain", () => Last(killed, "plain", "retrain"), () => Last(whole, "plain", "retrain"), 20);
        Kill(killed, whole, "plain", () => Outcomes(killed, "plain"), () => Attacked, 30);
        Kill(killed, whole, "ticket", () => Last(killed, "ticket", "search"), () => Last(whole, "ticket", "search"), 2);
        Kill(
            killed,
            whole,
            "ticket",
            () => Last(killed, "ticket", "control"),
            () => Last(whole, "ticket", "control"),
            10
        );
        Kill(killed, whole, "ticket", () => Outcomes(killed, "ticket"), () => Attacked, 60);
        using (var last = new TrainProcess(_tiny.Arguments(killed)))
        {
            var end = last.End();
            Assert.True(end.Code == ExitCodes.Ok, end.ToString());
        }

        string Table(string folder) =>
            TinyExperiment.Timeless(File.ReadAllText(TinyExperiment.Table(folder, "results.csv")));
        Assert.Equal(Table(whole), Table(killed));
        Assert.Equal(4, Table(whole).Split('\n').Length);
        foreach (var row in new[] { "plain", "ticket" })
        {
            var (expected, found) = (Cell(whole, row), Cell(killed, row));
            Assert.Equal(RunFiles.Events(expected), RunFiles.Events(found));
            string[] files =
            [
                .. Directory
                    .GetFiles(expected, "*", SearchOption.AllDirectories)
                    .Select(f => Path.GetRelativePath(expected, f))
                    .Where(f =>
                        f is not ("events.jsonl" or "result.json" or MetricTable.Name or EventFile.Name)
                        && Path.GetFileName(f) != "environment.json"
                    ),
            ];
            MetricFileTests.AssertFollowLog(expected, found);
            Assert.Contains(
                Path.Combine(
                    "attacks",
                    Path.GetFileName(TinyExperiment.Attack(whole, $"{row}.toy.seed-1")),
                    "summary.json"
                ),
                files
            );
            foreach (var attack in Directory.GetDirectories(Path.Combine(expected, "attacks")))
                AttackFolders.AssertSame(attack, Path.Combine(found, "attacks", Path.GetFileName(attack)));
            foreach (var file in files)
                Assert.True(
                    File.ReadAllBytes(Path.Combine(expected, file))
                        .AsSpan()
                        .SequenceEqual(File.ReadAllBytes(Path.Combine(found, file))),
                    $"{row}: {file} differs"
                );
            RunFiles.AssertNoLeftovers(found);
        }
        foreach (var figure in Directory.GetFiles(TinyExperiment.Table(whole, "figures")))
            Assert.Equal(
                File.ReadAllText(figure),
                File.ReadAllText(TinyExperiment.Table(killed, "figures", Path.GetFileName(figure)))
            );
    }

    /// <summary>
    /// Starts the table and kills it when a count has come beyond a number in the middle of its
    /// work. When the signal came too late, the folder is put back and it is tried again.
    /// </summary>
    private void Kill(string folder, string whole, string row, Func<long> count, Func<long> all, long after)
    {
        var before = _tiny.Task.Below($"before-{row}-{after}");
        var begun = Directory.Exists(folder);
        if (begun)
            RunFiles.Copy(folder, before);
        for (var attempt = 1; ; attempt++)
        {
            // The files still hold what the last kill cut off: only what is beyond was done by this
            // process.
            var known = count();
            using var process = new TrainProcess(_tiny.Arguments(folder));
            var end = process.SignalWhen(() => count() > Math.Max(known, after), TrainProcess.SigKill);
            if (end.Code == 128 + TrainProcess.SigKill && count() > after && count() < all())
            {
                Assert.NotEqual(
                    File.ReadAllText(TinyExperiment.Table(whole, "results.csv")),
                    File.Exists(TinyExperiment.Table(folder, "results.csv"))
                        ? File.ReadAllText(TinyExperiment.Table(folder, "results.csv"))
                        : ""
                );
                return;
            }
            Assert.True(
                attempt < Attempts && end.Code is ExitCodes.Ok or 128 + TrainProcess.SigKill,
                $"attempt {attempt}, {row} after {after}: {end}"
            );
            Directory.Delete(folder, recursive: true);
            if (begun)
                RunFiles.Copy(before, folder);
        }
    }

    private static string Cell(string folder, string row) => TinyExperiment.Cell(folder, $"{row}.toy.seed-1");

    // Until the table is begun nothing is known of its cells.
    private static bool Begun(string folder) => File.Exists(TinyExperiment.Table(folder, "cells.json"));

    private static long Last(string folder, string row, string stage) =>
        Begun(folder) ? RunFiles.Steps(Cell(folder, row), stage).DefaultIfEmpty(0).Max() : 0;

    private static long Outcomes(string folder, string row)
    {
        if (!Begun(folder))
            return 0;
        var file = Path.Combine(TinyExperiment.Attack(folder, $"{row}.toy.seed-1"), "examples.jsonl");
        if (!File.Exists(file))
            return 0;
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Count(c => c == '\n');
    }
}
