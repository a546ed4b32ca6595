using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Searches;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>The importance of words that people are shown.</summary>
public sealed class WordImportanceTests
{
    [Fact]
    public void It_is_by_how_much_the_probability_falls_without_the_word()
    {
        var victim = new FunctionVictim(2, texts => [.. texts.Select(t => Row(t.Contains("good") ? 0.75 : 0.5))]);
        var found = WordImportance.Of(victim, AttackedText.Create("a good film"), label: 1);
        Assert.Equal([0, 0.25, 0], found);
    }

    [Fact]
    public void Words_tie_where_they_tie_for_the_recipes()
    {
        // Closer to 1 than float32 tells. Mutant: scores in double precision.
        var victim = new FunctionVictim(2, texts => [.. texts.Select(t => Row(1 - (1e-12 / t.Length)))]);
        var found = WordImportance.Of(victim, AttackedText.Create("a good film"), label: 1);
        Assert.All(found, importance => Assert.Equal(0, importance));
        Assert.Equal(new AttackOptions().Precision, new UntargetedGoal().Precision);
    }

    private static double[] Row(double positive) => [1 - positive, positive];
}
