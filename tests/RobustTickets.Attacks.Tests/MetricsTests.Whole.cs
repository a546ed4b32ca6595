using RobustTickets.Attacks.Metrics;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>A summary beside fewer outcomes than it counts is no finished attack.</summary>
public sealed partial class MetricsTests
{
    [Fact]
    public void A_summary_beside_cut_outcomes_says_nothing_and_the_attack_goes_on()
    {
        var inputs = MadeUp.Inputs(20);
        Attack(_folder, inputs, int.MaxValue);
        var examples = Path.Combine(_folder, "examples.jsonl");
        var whole = File.ReadAllBytes(examples);
        Assert.True(FinishedAttack.Exists(_folder));
        using (var file = new FileStream(examples, FileMode.Open))
            file.SetLength(whole.Length - 5);
        Assert.False(FinishedAttack.Exists(_folder));
        File.WriteAllBytes(examples, []);
        Assert.False(FinishedAttack.Exists(_folder));
        File.Delete(examples);
        Assert.False(FinishedAttack.Exists(_folder));
        Attack(_folder, inputs, int.MaxValue);
        Assert.Equal(whole, File.ReadAllBytes(examples));
        Assert.True(FinishedAttack.Exists(_folder));
        File.Delete(Path.Combine(_folder, "summary.json"));
        Assert.False(FinishedAttack.Exists(_folder));
    }
}
