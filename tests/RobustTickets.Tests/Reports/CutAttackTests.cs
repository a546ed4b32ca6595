using RobustTickets.Attacks;
using RobustTickets.Hardening;
using RobustTickets.Pipeline;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Reports;

public sealed class CutAttackTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cut-attack").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void An_attack_whose_outcomes_are_fewer_than_its_summary_counts_is_refused_and_not_done()
    {
        var run = RunFolder.At(new SyntheticRun(_root) { Attacked = 12 }.Write("run"));
        var attack = Directory.GetDirectories(run.AttacksFolder).First();
        Assert.Equal(12, AttackReport.Load(attack).Outcomes.Count);
        Assert.True(HardenFolder.IsDone(attack));
        var examples = Path.Combine(attack, "examples.jsonl");
        File.WriteAllLines(examples, File.ReadAllLines(examples)[..^2]);
        var refused = Assert.Throws<DataException>(() => AttackReport.Load(attack));
        Assert.Contains($"{examples}: contains 10 outcomes", refused.Message, StringComparison.Ordinal);
        Assert.False(HardenFolder.IsDone(attack));
    }
}
