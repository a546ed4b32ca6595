using RobustTickets.Attacks.Metrics;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>An attack on a classifier that has a record of its training.</summary>
public sealed class TrainedClassifierTests
{
    [Fact]
    public async Task Reading_the_record_of_the_training_does_not_block_the_caller()
    {
        using var returned = new ManualResetEventSlim();
        using var classifier = new Trained(examples =>
        {
            Assert.True(returned.Wait(TimeSpan.FromSeconds(30)), "the caller waits");
            return [examples[0]];
        });
        var attack = classifier.AttackAsync(MadeUp.Attack(), MadeUp.Inputs(3));
        returned.Set();
        var refused = await Assert.ThrowsAsync<RequestException>(() => attack);
        Assert.Contains("was trained on 1 of the 3 examples", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_null_example_is_refused_before_the_record_is_read()
    {
        using var classifier = new Trained(_ => throw new NotSupportedException());
        var refused = await Assert.ThrowsAsync<ArgumentException>(() =>
            classifier.AttackAsync(MadeUp.Attack(), [MadeUp.Inputs(1)[0], null!])
        );
        Assert.Contains("null instead of an example", refused.Message, StringComparison.Ordinal);
    }

    private sealed class Trained(Func<IReadOnlyList<Example>, IReadOnlyList<Example>> seen) : ITrainedClassifier
    {
        public string Name => "trained";

        public IReadOnlyList<string> Labels => ["no", "yes"];

        public int ClassCount => 2;

        public int MaxLength => 16;

        public IReadOnlyList<string> Notes => [];

        public IReadOnlyList<Example> TrainedOn(IReadOnlyList<Example> examples) => seen(examples);

        public IAttackModels OpenModels() => throw new NotSupportedException();

        public double[][] Predict(IReadOnlyList<TextPair> inputs) => new HashVictim().Predict(inputs);

        public float[][] Logits(IReadOnlyList<TextPair> texts) => throw new NotSupportedException();

        public int Length(TextPair text) => throw new NotSupportedException();

        public void Dispose() { }
    }
}
