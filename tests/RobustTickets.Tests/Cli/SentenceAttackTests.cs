using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Terminal;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>Lines that are attacked as they come.</summary>
public sealed class SentenceAttackTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_a_stream_only_failed_outcomes_are_kept(bool json)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var stop = StopSignal.Detached();
        using var input = new StringReader("a good film\n\na broken film\nthe good story\n");
        using var classifier = new ByWord();
        var attack = new SentenceAttack(
            AttackRecipe.DeepWordBug(new ResourceFiles()).Build(),
            classifier,
            Label: 1,
            new AttackEngineOptions(),
            json
        );
        var (failed, count) = attack.RunLines(new CliContext(output, error, input, stop, TerminalInfo.None));
        Assert.Equal(["line:3"], failed.Select(o => o.Id));
        Assert.Equal(3, count);
        Assert.StartsWith("line 3: ", error.ToString());
        if (json)
            Assert.Equal(3, output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith(
            "1 of 3 examples could not be attacked",
            Assert.Throws<AttackFailedException>(() => AttackReport.ThrowIfErrors(failed, count)).Message
        );
    }

    /// <summary>Positive if a text says good, no number if it says broken.</summary>
    private sealed class ByWord : ITextClassifier
    {
        public string Name => "by a word";

        public IReadOnlyList<string> Labels { get; } = ["negative", "positive"];

        public int MaxLength => 64;

        public IReadOnlyList<string> Notes => [];

        public int ClassCount => 2;

        public float[][] Logits(IReadOnlyList<TextPair> texts) =>
            [.. Predict(texts).Select(row => row.Select(p => (float)Math.Log(p)).ToArray())];

        public double[][] Predict(IReadOnlyList<TextPair> inputs) =>
            [
                .. inputs.Select(t =>
                    t.First.Contains("broken", StringComparison.Ordinal) ? [double.NaN, double.NaN]
                    : t.First.Contains("good", StringComparison.Ordinal) ? [0.1, 0.9]
                    : new[] { 0.8, 0.2 }
                ),
            ];

        public int Length(TextPair text) => 3;

        public void Dispose() { }
    }
}
