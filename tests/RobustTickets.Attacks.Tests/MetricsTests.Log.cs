using RobustTickets.Attacks.Metrics;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>The files of an attack, resumed after a kill.</summary>
public sealed partial class MetricsTests
{
    [Fact]
    public void A_killed_attack_resumes_to_the_same_files()
    {
        var inputs = MadeUp.Inputs(30);
        var whole = Path.Combine(_folder, "whole");
        Attack(whole, inputs, int.MaxValue);
        var examples = File.ReadAllBytes(Path.Combine(whole, "examples.jsonl"));
        Assert.Equal(30, AttackLog.Read(Path.Combine(whole, "examples.jsonl")).Count);
        var random = new Random(2);
        for (var round = 0; round < 12; round++)
        {
            var cut = Path.Combine(_folder, $"cut{round}");
            Attack(cut, inputs, random.Next(30));
            // The kill hits in the middle of a line, after bytes of the next line, or leaves zeros
            // behind; results.csv may be anywhere.
            using (var lines = new FileStream(Path.Combine(cut, "examples.jsonl"), FileMode.Open))
                lines.SetLength(random.NextInt64(lines.Length + 1));
            if (round % 3 == 1)
                File.AppendAllText(Path.Combine(cut, "examples.jsonl"), "{\"id\":\"e1");
            if (round % 3 == 2)
                File.AppendAllText(Path.Combine(cut, "examples.jsonl"), "\0\0\0\n");
            if (round % 2 == 1)
                File.WriteAllText(Path.Combine(cut, "results.csv"), "torn");
            if (round % 4 == 3)
                File.AppendAllText(Path.Combine(cut, "pending.jsonl"), "{\"id\":\"e2");
            if (round == 4)
                File.Delete(Path.Combine(cut, "examples.jsonl"));
            Attack(cut, inputs, random.Next(10));
            Attack(cut, inputs, int.MaxValue);
            foreach (var file in Directory.GetFiles(whole).Select(f => Path.GetFileName(f)!))
            {
                Assert.True(
                    File.ReadAllBytes(Path.Combine(whole, file))
                        .AsSpan()
                        .SequenceEqual(File.ReadAllBytes(Path.Combine(cut, file))),
                    $"round {round}: {file} differs"
                );
            }
            Assert.Equal(Directory.GetFiles(whole).Length, Directory.GetFiles(cut).Length);
        }
        Assert.NotEmpty(examples);
    }

    [Fact]
    public void Examples_that_ended_in_an_error_are_attacked_again_and_only_these()
    {
        var inputs = MadeUp.Inputs(8);
        var whole = Path.Combine(_folder, "whole");
        Attack(whole, inputs, int.MaxValue);
        var outcomes = AttackLog.Read(Path.Combine(whole, "examples.jsonl"));
        var failed = Path.Combine(_folder, "failed");
        // As a victim leaves it that was out of order for a while; the last call was cut off.
        foreach (var (from, to, complete) in new[] { (0, 6, false), (6, 8, true) })
        {
            using var log = AttackLog.Open(failed, Settings(), inputs);
            for (var i = from; i < to; i++)
                if (log.Remaining.Any(e => e.Id == $"e{i}"))
                    log.Write(i is 2 or 5 ? FailedOutcome.Of($"e{i}") : outcomes[i]);
            if (!complete)
                continue;
            Assert.Equal(["e2", "e5"], log.Remaining.Select(e => e.Id));
            foreach (var id in new[] { "e2", "e5" })
                log.Write(FailedOutcome.Of(id));
            Assert.Equal(2, log.Complete().Errors);
        }
        Assert.True(FinishedAttack.Exists(failed));
        Assert.False(FinishedAttack.IsWithoutErrors(failed));
        using (var log = AttackLog.Open(failed, Settings(), inputs))
        {
            Assert.Equal(["e2", "e5"], log.Remaining.Select(e => e.Id));
            Assert.False(FinishedAttack.Exists(failed));
        }
        // Opened and killed once more, nothing is lost.
        Attack(failed, inputs, 1);
        Attack(failed, inputs, int.MaxValue);
        Assert.True(FinishedAttack.IsWithoutErrors(failed));
        foreach (var file in Directory.GetFiles(whole))
            Assert.Equal(File.ReadAllText(file), File.ReadAllText(Path.Combine(failed, Path.GetFileName(file))));
        Assert.Equal(Directory.GetFiles(whole).Length, Directory.GetFiles(failed).Length);
    }

    [Fact]
    public void Outcomes_after_an_error_are_dropped_where_they_depend_on_it()
    {
        var inputs = MadeUp.Inputs(5);
        var outcomes = GoldenAttacks.Run(MadeUp.Attack(), new HashVictim(), inputs);
        using (var log = AttackLog.Open(_folder, Settings(), inputs))
        {
            for (var i = 0; i < 4; i++)
                log.Write(i == 2 ? FailedOutcome.Of("e2") : outcomes[i]);
        }
        using var again = AttackLog.Open(
            _folder,
            Settings(),
            inputs,
            CsvCells.AsTextAttack,
            shard: null,
            claim: null,
            ordered: true
        );
        Assert.Equal(["e2", "e3", "e4"], again.Remaining.Select(e => e.Id));
    }

    [Fact]
    public void A_log_of_another_attack_is_refused()
    {
        var inputs = MadeUp.Inputs(6);
        Attack(_folder, inputs, 3);
        string Taken(AttackSettings settings, IReadOnlyList<Example> examples) =>
            Assert.Throws<OutputException>(() => AttackLog.Open(_folder, settings, examples)).Message;
        string Refuse(AttackSettings settings, IReadOnlyList<Example> examples) =>
            Assert.Throws<DataException>(() => AttackLog.Open(_folder, settings, examples)).Message;
        Assert.Contains("another", Taken(Settings() with { Victim = "another" }, inputs), StringComparison.Ordinal);
        Assert.Contains("examples", Taken(Settings(), MadeUp.Inputs(6, seed: 4)), StringComparison.Ordinal);
        var lines = File.ReadAllLines(Path.Combine(_folder, "examples.jsonl"));
        File.WriteAllLines(Path.Combine(_folder, "examples.jsonl"), [lines[0], "{}", lines[2]]);
        Assert.Contains("jsonl:2: corrupt line in the attack", Refuse(Settings(), inputs), StringComparison.Ordinal);
        Assert.Contains("remove this line and all after it", Refuse(Settings(), inputs), StringComparison.Ordinal);
        File.WriteAllLines(Path.Combine(_folder, "examples.jsonl"), [lines[1], lines[0]]);
        Assert.Contains("'e1' is not the expected one", Refuse(Settings(), inputs), StringComparison.Ordinal);
        File.Delete(Path.Combine(_folder, "settings.json"));
        Assert.Contains("settings.json", Taken(Settings(), inputs), StringComparison.Ordinal);
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        Assert.Throws<OutputException>(() => AttackLog.Open(Path.Combine(file, "log"), Settings(), inputs));
    }

    [Fact]
    public void A_summary_is_there_only_when_every_other_file_is()
    {
        var inputs = MadeUp.Inputs(3);
        var blocked = Directory.CreateDirectory(Path.Combine(_folder, "textattack-summary.json")).FullName;
        Assert.Throws<OutputException>(() => Attack(_folder, inputs, int.MaxValue));
        Assert.False(File.Exists(Path.Combine(_folder, "summary.json")));
        Directory.Delete(blocked);
        Attack(_folder, inputs, int.MaxValue);
        Assert.True(File.Exists(blocked));
        Assert.True(File.Exists(Path.Combine(_folder, "summary.json")));
    }

    [Fact]
    public void Outcomes_that_come_early_are_kept_and_take_their_turn()
    {
        var inputs = MadeUp.Inputs(5);
        AttackOutcome Of(int i) => Outcome($"e{i}", AttackResult.Failed, 1, 1, 0);
        using (var log = AttackLog.Open(_folder, Settings(), inputs))
        {
            log.Write(Of(3));
            log.Write(Of(1));
            Assert.Empty(log.Outcomes);
            Assert.Equal(["e0", "e2", "e4"], log.Remaining.Select(i => i.Id));
            Assert.Throws<InvalidOperationException>(() => log.Write(Of(3)));
            Assert.Throws<InvalidOperationException>(() => log.Write(Of(9)));
            Assert.Throws<InvalidOperationException>(() => log.Complete());
            // While one process writes, no other may.
            Assert.Contains(
                $"process {Environment.ProcessId} on ",
                Assert.Throws<FolderInUseException>(() => AttackLog.Open(_folder, Settings(), inputs)).Message,
                StringComparison.Ordinal
            );
        }
        // As after a kill: what came early is still there and is not attacked again.
        using (var log = AttackLog.Open(_folder, Settings(), inputs))
        {
            Assert.Equal((2, 0), (log.Done, log.Outcomes.Count));
            log.Write(Of(0) with { Original = [new("text", "lone \ud83d surrogate")] });
            Assert.Equal(["e0", "e1"], log.Outcomes.Select(o => o.Id));
            log.Write(Of(4));
            log.Write(Of(2));
            log.Complete();
        }
        Assert.Equal(
            ["e0", "e1", "e2", "e3", "e4"],
            AttackLog.Read(Path.Combine(_folder, "examples.jsonl")).Select(o => o.Id)
        );
        Assert.Equal(
            "lone \ufffd surrogate",
            AttackLog.Read(Path.Combine(_folder, "examples.jsonl"))[0].Original[0].Value
        );
        Assert.Equal(["e0", "e1", "e2", "e3", "e4"], File.ReadAllLines(Path.Combine(_folder, "ids.txt")));
        Assert.Equal(6, File.ReadAllLines(Path.Combine(_folder, "results.csv")).Length);
        Assert.Equal(
            ["examples.jsonl", "ids.txt", "results.csv", "settings.json", "summary.json", "textattack-summary.json"],
            Directory.GetFiles(_folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)
        );
    }

    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_complete_attack_deletes_no_open_file(int shard)
    {
        Skip.IfNot(Directory.Exists("/proc/self/fd"), "lists no open files");
        var inputs = MadeUp.Inputs(4);
        var part = shard == 0 ? null : new AttackShard(shard, 2);
        using var log = AttackLog.Open(_folder, Settings(), inputs, shard: part);
        foreach (var input in log.Remaining.Reverse())
            log.Write(Outcome(input.Id, AttackResult.Failed, 1, 1, 0));
        Assert.Contains(OpenFiles(), file => file.EndsWith("pending.jsonl", StringComparison.Ordinal));
        log.Complete();
        // Windows would refuse to delete an open file; Linux marks it so.
        Assert.DoesNotContain(OpenFiles(), file => file.EndsWith("(deleted)", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(_folder, "pending.jsonl")));
    }

    [SkippableFact]
    public void On_a_full_disk_the_error_is_an_output_error_and_the_folder_is_released()
    {
        Skip.IfNot(File.Exists("/dev/full"), "no full device");
        var inputs = MadeUp.Inputs(3);
        File.CreateSymbolicLink(Path.Combine(_folder, "pending.jsonl"), "/dev/full");
        using (var log = AttackLog.Open(_folder, Settings(), inputs))
        {
            var error = Assert.Throws<OutputException>(() => log.Write(Outcome("e2", AttackResult.Failed, 1, 1, 0)));
            Assert.Contains("pending.jsonl: cannot be written: ", error.Message, StringComparison.Ordinal);
            Assert.IsAssignableFrom<IOException>(error.InnerException);
        }
        File.Delete(Path.Combine(_folder, "pending.jsonl"));
        Attack(_folder, inputs, int.MaxValue);
        Assert.True(FinishedAttack.Exists(_folder));
    }

    private string[] OpenFiles() =>
        [
            .. Directory
                .GetFiles("/proc/self/fd")
                .Select(descriptor => new FileInfo(descriptor).LinkTarget ?? "")
                .Where(file => file.StartsWith(_folder, StringComparison.Ordinal)),
        ];
}
