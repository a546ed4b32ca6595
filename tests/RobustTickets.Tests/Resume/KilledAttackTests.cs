// The built program attacking a trained model, killed three times and stopped twice at different
// depths and continued each time, against an attack that nobody disturbed and that ran with other
// batches and another concurrency: every file the same, byte for byte.
using System.Text.Json.Nodes;
using RobustTickets.Cli;
using RobustTickets.Tests.Evaluation;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class KilledAttackTests(TrainedTask trained) : IClassFixture<TrainedTask>
{
    private const int Examples = 240;
    private const int Attempts = 25;

    private static readonly int[] Signals =
    [
        TrainProcess.SigKill,
        TrainProcess.SigTerm,
        TrainProcess.SigKill,
        TrainProcess.SigInt,
        TrainProcess.SigKill,
    ];

    [Fact]
    public void Killed_stopped_and_continued_equals_undisturbed()
    {
        var data = Directory.CreateDirectory(trained.Task.Below("many")).FullName;
        File.WriteAllText(Path.Combine(data, "dev.tsv"), TinyTask.Sentences(Examples, 17));
        var table = trained.Task.Below("neighbours.json");
        File.WriteAllText(table, Neighbours());
        string[] Arguments(string folder, string batch, string concurrency) =>
            [
                "attack",
                "--model",
                trained.Model,
                "--encoder",
                trained.Task.Model,
                "--data",
                data,
                "--task",
                "sst2",
                "--neighbours",
                table,
                "--no-part-of-speech",
                "--out",
                folder,
                "--threads",
                "1",
                "--query-budget",
                "15",
                "--batch-size",
                batch,
                "--concurrency",
                concurrency,
            ];

        var whole = trained.Task.Below("whole");
        using (var undisturbed = new TrainProcess(Arguments(whole, "64", "64")))
        {
            var end = undisturbed.End();
            Assert.True(end.Code == ExitCodes.Ok, end.ToString());
        }
        var killed = trained.Task.Below("killed");
        for (int next = 0, attempt = 0; next < Signals.Length; attempt++)
        {
            Assert.True(attempt < Attempts, "every attack ended before it could be killed");
            var known = Lines(killed);
            var (signal, other) = (Signals[next], next % 2 == 1);
            var until = Math.Max(known + 1, Examples * (next + 1) / (Signals.Length + 2));
            using var process = new TrainProcess(Arguments(killed, other ? "3" : "16", other ? "2" : "8"));
            var end = process.SignalWhen(() => Lines(killed) >= until, signal);
            if (end.Code == 128 + signal && Lines(killed) < Examples)
            {
                Assert.True(Lines(killed) > known);
                Assert.False(File.Exists(Path.Combine(killed, "summary.json")));
                if (signal != TrainProcess.SigKill)
                    Assert.Matches("(?i)stopped", end.Error);
                next++;
                continue;
            }
            Assert.True(end.Code == ExitCodes.Ok || end.Code == 128 + signal, end.ToString());
            Directory.Delete(killed, recursive: true);
            next = 0;
        }
        using (var last = new TrainProcess(Arguments(killed, "16", "8")))
        {
            var end = last.End();
            Assert.True(end.Code == ExitCodes.Ok, end.ToString());
            Assert.Contains("continuing in", end.Error, StringComparison.Ordinal);
        }
        AttackFolders.AssertSame(whole, killed);
        // Worth comparing: every kind of result.
        var summary = JsonNode.Parse(File.ReadAllText(Path.Combine(whole, "summary.json")))!;
        Assert.All(new[] { "succeeded", "failed", "skipped" }, name => Assert.True((int)summary[name]! > 0, name));
        Assert.Equal(Examples, Lines(whole));
    }

    private static int Lines(string folder)
    {
        var file = Path.Combine(folder, "examples.jsonl");
        if (!File.Exists(file))
            return 0;
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes.Count(b => b == '\n');
    }

    // Neighbours of a telling word are telling words of both kinds, of any other word its next ones
    // in the list.
    private static string Neighbours()
    {
        var words = TinyTask.Words.Skip(5).Where(w => char.IsAsciiLetter(w[0])).ToArray();
        var telling = TinyTask.Good.Concat(TinyTask.Bad).ToArray();
        var rows = new JsonObject();
        foreach (var word in words)
        {
            var list = telling.Contains(word) ? telling : words;
            var at = Array.IndexOf(list, word);
            rows[word] = new JsonArray([
                .. Enumerable
                    .Range(1, 6)
                    .Select(k => list[(at + (k * 3)) % list.Length])
                    .Where(n => n != word)
                    .Distinct()
                    .Select(n => (JsonNode)n),
            ]);
        }
        return rows.ToJsonString();
    }
}
