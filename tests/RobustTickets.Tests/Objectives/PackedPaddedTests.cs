// A step of every objective on packed tokens and on the padded reference: the same losses and
// gradients, with dropout, pairs and [PAD] inside a text. Mutants: another key, tokens of another
// example's length.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Tests.GoldenValues;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Objectives;

[Collection(TorchCollection.Name)]
public sealed class PackedPaddedTests
{
    private const double Tolerance = 2e-5;

    private static readonly Execution Packed = new();

    public static TheoryData<string> Objectives() => TinyRuns.Objectives();

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Packed_and_padded_steps_are_the_same(string objective)
    {
        for (var seed = 1; seed <= 3; seed++)
            Compare(objective, seed, Step(objective, Execution.Reference, seed), Step(objective, Packed, seed))
                .Agrees();
    }

    [Theory]
    [MemberData(nameof(Objectives))]
    public void The_comparison_notices_another_key_and_a_shorter_text(string objective)
    {
        var expected = Step(objective, Execution.Reference, seed: 1);
        Compare(objective, 1, expected, Step(objective, Packed, seed: 1, key: 9)).Rejects("another key");
        Compare(objective, 1, expected, Step(objective, Packed, seed: 1, cut: 1)).Rejects("a text cut by one piece");
    }

    private static Comparison Compare(string objective, int seed, Found expected, Found found)
    {
        var comparison = new Comparison($"{objective}, seed {seed}");
        comparison.Near("loss", found.Loss, expected.Loss, Tolerance);
        comparison.Same("passes", found.PassLosses.Count, expected.PassLosses.Count);
        foreach (var (a, b) in found.PassLosses.Zip(expected.PassLosses))
            comparison.Near("loss of a pass", a, b, Tolerance);
        foreach (var (name, values) in expected.Gradients.Where(g => !Gradients.IsNoise(g.Key)))
        {
            var largest = values.Select(Math.Abs).DefaultIfEmpty(0).Max();
            comparison.Near(name, found.Gradients[name], values, Tolerance * Math.Max(largest, 0.1));
        }
        return comparison;
    }

    private sealed record Found(double Loss, IReadOnlyList<double> PassLosses, Dictionary<string, float[]> Gradients);

    private static Found Step(string objective, Execution execution, int seed, long? key = null, int cut = 0)
    {
        var config = TinyBert.Dense(dropout: 0.2);
        using var model = TinyBert.New(config, execution, seed);
        var coefficients = SlimmingCoefficients.Attach(model);
        var options = TinyRuns.Options(objective);
        ObjectiveParameters.Attach(options, model, RandomKey.FromSeed(9));
        model.Train(_ => true);
        using var teacher = TinyRuns.Teacher(objective, config, execution);
        using var scope = torch.scope();
        var examples = TinyBert.Examples(new Random(seed), config, 6, 25);
        examples[1] = examples[1] with { Ids = examples[1].Ids[cut..], Segments = examples[1].Segments[cut..] };
        var batch = PackedBatch.From(examples);
        var inputs = model.Prepare(batch, training: true, new StepLoss(LossTerms.Of(0, teacher?.Ask(batch))));
        var result = ObjectiveFactory
            .Create(options, TinyRuns.Hulls)
            .Accumulate(
                model,
                inputs,
                RandomKey.FromSeed(key ?? seed),
                () => coefficients.Penalty(new SlimmingOptions(1e-3, 1e-3))
            );
        return new Found(result.Loss, result.PassLosses, Gradients.All(model.Store));
    }
}
