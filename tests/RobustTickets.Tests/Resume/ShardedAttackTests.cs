// An attack in parts, in any order, stopped and continued, is the attack in one place, byte for
// byte; parts that do not make a whole are refused by what is wrong.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli;
using RobustTickets.Pipeline;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.Evaluation;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class ShardedAttackTests(TrainedTask trained) : IClassFixture<TrainedTask>
{
    private const int Examples = 31;

    [Fact]
    public void Parts_merged_are_the_whole_byte_for_byte()
    {
        var (whole, parts) = (trained.Task.Below("whole"), trained.Task.Below("parts"));
        Ok(Attack(whole, "--full-split-accuracy", "--safe-csv"));
        foreach (var shard in new[] { "3/4", "1/4", "4/4" })
            Ok(Attack(parts, "--full-split-accuracy", "--safe-csv", "--shard", shard, "--batch-size", "3"));
        var early = CliRun.Of("attack", "merge", parts);
        Assert.Equal(ExitCodes.Data, early.Code);
        Assert.Contains($"{parts}: shard 2 of 4 is missing", early.Error);
        Assert.Empty(Directory.GetFiles(parts));

        // A part that is stopped is no part yet; the same request goes on with it.
        using var stop = new CancellationTokenSource();
        var request = Request(parts, new AttackShard(2, 4));
        Assert.ThrowsAny<OperationCanceledException>(() =>
            request.Run(new SyncProgress<AttackProgress>(_ => stop.Cancel()), stop.Token)
        );
        var open = CliRun.Of("attack", "merge", parts);
        Assert.Equal(ExitCodes.Data, open.Code);
        Assert.Contains("shard 2 of 4 is not finished", open.Error);
        Assert.Equal(8, request.Run().Outcomes.Count);
        // So does one that was killed while it wrote its fourth line.
        var lines = Path.Combine(parts, "shard-2-of-4", "examples.jsonl");
        var text = File.ReadAllText(lines);
        var fourth = text.Split('\n').Take(3).Sum(line => line.Length + 1);
        File.WriteAllText(lines, text[..(fourth + 20)]);
        Assert.Equal(8, request.Run().Outcomes.Count);
        Assert.Equal(text, File.ReadAllText(lines));

        for (var again = 0; again < 2; again++)
        {
            Ok(CliRun.Of("attack", "merge", parts));
            AttackFolders.AssertSame(whole, parts);
        }
        var elsewhere = trained.Task.Below("elsewhere");
        Ok(CliRun.Of("attack", "merge", parts, "--out", elsewhere));
        AttackFolders.AssertSame(whole, elsewhere);
        // A part is no place for the whole.
        foreach (var place in new[] { Path.Combine(parts, "shard-1-of-4"), Path.GetDirectoryName(trained.Model)! })
        {
            var before = Directory.GetFiles(place).Order().Select(f => (f, File.ReadAllText(f))).ToArray();
            Assert.Equal(ExitCodes.Usage, CliRun.Of("attack", "merge", parts, "--out", place).Code);
            Assert.Equal(before, Directory.GetFiles(place).Order().Select(f => (f, File.ReadAllText(f))));
        }
        var report = AttackReport.Load(elsewhere);
        Assert.Equal(Examples, report.Outcomes.Count);
        Assert.NotNull(report.Summary.WholeSetClean);
    }

    [Fact]
    public void Outcomes_of_two_precisions_do_not_make_one_attack()
    {
        var parts = trained.Task.Below("precisions");
        foreach (var shard in new[] { "1/2", "2/2" })
            Ok(Attack(parts, "--shard", shard));
        var second = Path.Combine(parts, "shard-2-of-2");
        var stamp = Path.Combine(second, "environment.json");
        var own = File.ReadAllText(stamp);
        Assert.Contains("\"fp32\"", own, StringComparison.Ordinal);
        File.WriteAllText(stamp, own.Replace("\"fp32\"", "\"bf16\"", StringComparison.Ordinal));
        var merged = CliRun.Of("attack", "merge", parts);
        Assert.Equal(ExitCodes.Data, merged.Code);
        Assert.Contains($"{second}: the victim ran in bf16, that of ", merged.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(parts));
        // Nor is an attack resumed in another; finished, it is only read.
        Ok(Attack(parts, "--shard", "2/2"));
        var lines = File.ReadAllLines(Path.Combine(second, "examples.jsonl"));
        File.WriteAllLines(Path.Combine(second, "examples.jsonl"), lines[..^1]);
        var resumed = Attack(parts, "--shard", "2/2");
        Assert.NotEqual(ExitCodes.Ok, resumed.Code);
        Assert.Contains("contains outcomes of a victim in bf16, not fp32", resumed.Error, StringComparison.Ordinal);
        Assert.Equal(lines.Length - 1, File.ReadAllLines(Path.Combine(second, "examples.jsonl")).Length);
        // Devices may differ; both are recorded.
        File.WriteAllText(stamp, own.Replace(": \"cpu\"", ": \"cuda:0\"", StringComparison.Ordinal));
        Ok(Attack(parts, "--shard", "2/2"));
        Ok(CliRun.Of("attack", "merge", parts));
        Assert.Contains("cuda:0; cpu", File.ReadAllText(stamp), StringComparison.Ordinal);
        Assert.Contains(
            "cpu; cuda:0",
            File.ReadAllText(Path.Combine(parts, "environment.json")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_is_no_whole_is_refused_by_name()
    {
        var (one, two) = (trained.Task.Below("one"), trained.Task.Below("two"));
        foreach (var shard in new[] { new AttackShard(1, 2), new AttackShard(2, 2) })
            Request(one, shard).Run();
        (Request(two, new AttackShard(2, 2)) with { Sample = new AttackSample(Examples, Seed: 3) }).Run();
        string Part(string folder, int index, int count = 2) => Path.Combine(folder, $"shard-{index}-of-{count}");
        var target = trained.Task.Below("merged");
        void Refused(string saying, params string[] shards)
        {
            var e = Assert.Throws<DataException>(() => AttackMerge.Run(shards, target));
            Assert.Contains(saying, e.Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(target));
        }
        Refused("run[sample].value", Part(one, 1), Part(two, 2));
        Refused("is shard 1, and so is", Part(one, 1), Part(one, 1), Part(one, 2));
        Refused("shard 2 of 2 is missing", Part(one, 1));
        Request(one, new AttackShard(1, 3)).Run();
        Refused("is shard 1 of 3", Part(one, 1), Part(one, 1, 3), Part(one, 2));
        Refused("contains no shard of an attack", Part(one, 1), trained.Task.Below("SST-2"));

        // A line that is gone, or there twice.
        var lines = Path.Combine(Part(one, 2), "examples.jsonl");
        var text = File.ReadAllLines(lines);
        File.WriteAllLines(lines, text[..^1]);
        Refused("is missing from all shards", Part(one, 1), Part(one, 2));
        File.WriteAllLines(lines, [.. text, File.ReadLines(Path.Combine(Part(one, 1), "examples.jsonl")).First()]);
        Refused("is also in", Part(one, 1), Part(one, 2));
        Assert.Contains(
            "contains no shard",
            CliRun.Of("attack", "merge", trained.Task.Data).Error,
            StringComparison.Ordinal
        );

        var stream = Attack(two, "--shard", "1/2", "--random-stream", "run");
        Assert.Equal(ExitCodes.Usage, stream.Code);
        Assert.Contains("--shard: cannot be combined with one random stream", stream.Error);
        var augmented = Attack(two, "--shard", "1/2", "--augment", trained.Task.Below("a.tsv"));
        Assert.Contains("--augment", augmented.Error);
        Assert.Equal(ExitCodes.Usage, Attack(two, "--shard", "3/2").Code);
    }

    private AttackRequest Request(string folder, AttackShard shard) =>
        new(
            AttackRecipe.DeepWordBug(
                AttackResources.FromUserFolder(),
                new AttackOptions(QueryBudget: 40, Randomness: new StreamPerExample(42))
            ),
            trained.Model,
            trained.Task.Data,
            "sst2",
            folder,
            Sample: new AttackSample(Examples),
            CsvCells: CsvCells.Guarded,
            Shard: shard
        );

    private CliRun Attack(string folder, params string[] more) =>
        CliRun.Of([
            "attack",
            "--recipe",
            "deepwordbug",
            "--query-budget",
            "40",
            "--model",
            trained.Model,
            "--data",
            trained.Task.Data,
            "--task",
            "sst2",
            "--num-examples",
            "31",
            "--out",
            folder,
            .. more,
        ]);

    private static void Ok(CliRun run) => Assert.True(run.Code == 0, run.Error);
}
