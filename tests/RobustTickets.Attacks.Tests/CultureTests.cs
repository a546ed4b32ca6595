// Numbers in messages and results are written alike on every machine: packages do not inherit the
// program's InvariantGlobalization.
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Engine;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

public sealed class CultureTests
{
    [Theory]
    [InlineData(0.75, 0.5, "a row that sums to 1.25;")]
    [InlineData(1.5, -0.5, "a probability of 1.5")]
    [InlineData(double.PositiveInfinity, 0, "a probability of Infinity")]
    public async Task The_error_of_an_example_has_a_decimal_point(double first, double second, string message)
    {
        using var culture = new CommaCulture();
        Assert.Equal("1,5", $"{1.5}");
        var victim = new Fixed([first, second]);
        var outcome = Assert.Single(await RunAsync(new AttackEngine(MadeUp.Attack(), victim), MadeUp.Inputs(1)));
        Assert.Contains(message, outcome.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_refusal_of_an_option_has_a_decimal_point()
    {
        using var culture = new CommaCulture();
        Refused(new AttackOptions(SimilarityThreshold: 1.5), "[-1, 1], found 1.5");
        Refused(new AttackOptions(HeldOutShare: -0.25), "[0, 1), found -0.25");

        static void Refused(AttackOptions options, string message) =>
            Assert.Contains(message, Assert.Throws<RequestException>(options.Check).Message, StringComparison.Ordinal);
    }

    private static async Task<List<AttackOutcome>> RunAsync(AttackEngine engine, IReadOnlyList<Example> inputs)
    {
        var outcomes = new List<AttackOutcome>();
        await foreach (var outcome in engine.RunAsync(inputs))
            outcomes.Add(outcome);
        return outcomes;
    }

    private sealed class Fixed(double[] row) : IVictim
    {
        public int ClassCount => row.Length;

        public double[][] Predict(IReadOnlyList<TextPair> inputs) => [.. inputs.Select(_ => row)];
    }
}
