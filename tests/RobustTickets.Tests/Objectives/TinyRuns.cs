// A step, and five steps, of an objective on a tiny network: what the tests of the adversarial
// objectives compare.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Objectives;

internal static class TinyRuns
{
    /// <summary>Every objective, in its forms that compute differently, and a teacher.</summary>
    internal static TheoryData<string> Objectives() =>
        ["clean", "freelb", "freelb-projected", "pgd-lean", "pgd-linf", "infobert", "hull", "teacher"];

    /// <summary>Options of one of <see cref="Objectives"/>.</summary>
    internal static ObjectiveOptions Options(string name) =>
        name switch
        {
            "freelb" => new FreeLbOptions(3, 0.03, 0.05),
            "freelb-projected" => new FreeLbOptions(3, 0.03, 0.05, MaxNorm: 0.06),
            "pgd-lean" => new PgdOptions(2, 0.03, 0.05, DeltaGradOnly: true),
            "pgd-linf" => new PgdOptions(2, 0.01, 0.01, Norm: PerturbationNorm.LinfSign, MaxNorm: 0.015),
            "infobert" => new InfoBertOptions(2, 0.03, 0.05, Alpha: 0.01, Beta: 0.01, CriticHidden: 8),
            "hull" => new HullOptions(Steps: 1),
            _ => new CleanOptions(),
        };

    /// <summary>Every word piece a word whose neighbours are the next three.</summary>
    internal static WordHulls Hulls(HullOptions options) =>
        new(
            Enumerable
                .Range(0, 40)
                .Select(i => (new[] { i }, Enumerable.Range(1, 3).Select(k => new[] { (i + k) % 40 }).ToArray())),
            new bool[40]
        );

    /// <summary>The teacher of "teacher"; null for the others.</summary>
    internal static Teacher? Teacher(string name, BertConfig config, Execution execution) =>
        name == "teacher" ? new Teacher(TinyBert.New(config, execution, seed: 5), new DistillOptions("made up")) : null;

    /// <summary>All weights after five steps on twelve examples, with dropout.</summary>
    internal static float[] Train(IObjective objective, Execution? execution = null)
    {
        var config = TinyBert.Dense(dropout: 0.1);
        using var model = TinyBert.New(config, execution ?? new Execution(), seed: 1);
        var options = new OptimizerOptions(1e-3);
        using var optimizer = Trainer.CreateOptimizer(model, options);
        var examples = TinyBert.Examples(new Random(1), config, 12, 20);
        var trainer = new Trainer(
            model,
            objective,
            examples,
            new BatchSampler(12, 4, true, RandomKey.FromSeed(1)),
            optimizer,
            new StagePlan("test", 5, 10, options, RandomKey.FromSeed(2))
        );
        trainer.Run(null, _ => true);
        return [.. model.Store.Names.SelectMany(n => model.Store[n].to_array())];
    }

    /// <summary>One step on six examples, each so many times: losses, passes and all
    /// gradients.</summary>
    internal static (ObjectiveResult Result, Dictionary<string, float[]> Gradients) Accumulate(
        IObjective objective,
        SlimmingOptions? penalty = null,
        bool slimming = false,
        double dropout = 0,
        long key = 4,
        int times = 1
    )
    {
        var config = TinyBert.Dense(dropout);
        using var model = TinyBert.New(config, new Execution(), seed: 3);
        var coefficients = slimming ? SlimmingCoefficients.Attach(model) : null;
        model.Train(_ => true);
        using var scope = torch.scope();
        var examples = TinyBert.Examples(new Random(3), config, 6, 25);
        var inputs = model.Prepare(
            PackedBatch.From([.. Enumerable.Repeat(examples, times).SelectMany(e => e)]),
            training: true
        );
        var result = objective.Accumulate(
            model,
            inputs,
            RandomKey.FromSeed(key),
            penalty is null ? null : () => coefficients!.Penalty(penalty)
        );
        return (result, Gradients.All(model.Store));
    }
}
