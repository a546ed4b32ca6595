// PGD's own rules on a tiny network: which gradients the step keeps, how many
// passes it makes, and that lean and usual walk the same way.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Objectives;

[Collection(TorchCollection.Name)]
public sealed class PgdTests
{
    private static readonly PgdOptions Options = new(Steps: 3, StepSize: 0.03, InitMagnitude: 0.05);

    [Fact]
    public void Without_ascents_and_start_it_is_the_clean_step_bit_for_bit()
    {
        var clean = TinyRuns.Train(new CleanObjective());
        Assert.Equal(clean, TinyRuns.Train(new Pgd(Options with { Steps = 0, InitMagnitude = 0 })));
        Assert.NotEqual(clean, TinyRuns.Train(new Pgd(Options with { Steps = 1, InitMagnitude = 0 })));
        Assert.NotEqual(clean, TinyRuns.Train(new Pgd(Options with { Steps = 0 })));
    }

    [Theory]
    [InlineData(PerturbationNorm.L2, 0.0)]
    [InlineData(PerturbationNorm.L2, 0.04)]
    [InlineData(PerturbationNorm.LinfSign, 0.04)]
    public void Lean_and_usual_end_with_the_same_weights_bit_for_bit(PerturbationNorm norm, double maxNorm)
    {
        var options = Options with { Norm = norm, MaxNorm = maxNorm };
        foreach (var execution in new[] { new Execution(), Execution.Reference })
        {
            var lean = TinyRuns.Train(new Pgd(options), execution);
            Assert.Equal(lean, TinyRuns.Train(new Pgd(options with { DeltaGradOnly = false }), execution));
            // Mutant: the ascents' weight gradients are kept.
            Assert.NotEqual(
                lean,
                TinyRuns.Train(
                    new FreeLb(new FreeLbOptions(3, 0.03, 0.05, maxNorm, norm, FreeLbCount.KPlus1)),
                    execution
                )
            );
        }
    }

    [Fact]
    public void Passes_are_counted_as_they_happen_and_weight_gradients_only_where_they_are_made()
    {
        Assert.Equal(new PassCounts(4, 4, 1), Accumulate(Options).Result.Passes);
        Assert.Equal(new PassCounts(4, 4, 4), Accumulate(Options with { DeltaGradOnly = false }).Result.Passes);
        Assert.Equal(4, Accumulate(Options).Result.PassLosses.Count);
    }

    [Fact]
    public void Lean_ascents_fill_no_weight_gradient_and_usual_ones_do()
    {
        foreach (var lean in new[] { true, false })
        {
            var config = TinyBert.Dense();
            using var model = TinyBert.New(config, new Execution(), seed: 3);
            model.Train(_ => true);
            using var scope = torch.scope();
            var inputs = model.Prepare(
                PackedBatch.From(TinyBert.Examples(new Random(3), config, 6, 25)),
                training: true
            );
            // The penalty is asked for once the ascents are over: what it sees of gradients, they
            // left; what it sees of freezing, they forgot.
            var seen = 0;
            new Pgd(Options with { DeltaGradOnly = lean }).Accumulate(
                model,
                inputs,
                RandomKey.FromSeed(4),
                () =>
                {
                    seen++;
                    Assert.All(model.Store.Names, n => Assert.Null(model.Store[n].grad));
                    Assert.Null(inputs.WordRows!.grad);
                    Assert.All(
                        model.Store.Names.Where(n => n != BertParameters.WordEmbeddings),
                        n => Assert.True(model.Store[n].requires_grad)
                    );
                    Assert.True(inputs.WordRows.requires_grad);
                    return torch.zeros([]);
                }
            );
            Assert.Equal(1, seen);
        }
    }

    [Fact]
    public void Gradients_that_were_there_before_stay_and_the_step_adds_to_them()
    {
        // As in a search whose base network keeps its gradients from step to step.
        var alone = Accumulate(Options).Gradients;
        foreach (var lean in new[] { true, false })
        {
            var config = TinyBert.Dense();
            using var model = TinyBert.New(config, new Execution { DenseWordGradient = true }, seed: 3);
            model.Train(_ => true);
            using var scope = torch.scope();
            foreach (var name in model.Store.Names)
                model.Store[name].grad = torch.full(model.Store[name].shape, 0.5);
            var inputs = model.Prepare(
                PackedBatch.From(TinyBert.Examples(new Random(3), config, 6, 25)),
                training: true
            );
            new Pgd(Options with { DeltaGradOnly = lean }).Accumulate(model, inputs, RandomKey.FromSeed(4), null);
            foreach (var (name, values) in Gradients.All(model.Store))
            {
                for (var i = 0; i < values.Length; i++)
                    Assert.Equal(0.5 + alone[name][i], values[i], 1e-5);
            }
        }
    }

    [Fact]
    public void Parameters_that_the_stage_does_not_train_stay_frozen()
    {
        var config = TinyBert.Dense();
        using var model = TinyBert.New(config, new Execution(), seed: 3);
        model.Train(name => name.StartsWith("classifier", StringComparison.Ordinal));
        using var scope = torch.scope();
        var inputs = model.Prepare(PackedBatch.From(TinyBert.Examples(new Random(3), config, 6, 25)), training: true);
        new Pgd(Options).Accumulate(model, inputs, RandomKey.FromSeed(4), null);
        Assert.All(
            model.Store.Names,
            n => Assert.Equal(n.StartsWith("classifier", StringComparison.Ordinal), model.Store[n].requires_grad)
        );
    }

    [Fact]
    public void The_step_keeps_the_gradient_of_the_last_pass_alone()
    {
        // With an adversary that stands still every pass is the clean one: the gradient is the
        // clean gradient once, not K + 1 times.
        var clean = Accumulate(Options with { Steps = 0, InitMagnitude = 0 });
        var still = Accumulate(Options with { StepSize = 0, InitMagnitude = 0 });
        Assert.Equal(clean.Result.Loss, still.Result.Loss);
        foreach (var (name, values) in clean.Gradients)
            Assert.Equal(values, still.Gradients[name]);
    }

    [Fact]
    public void The_adversary_climbs_and_the_loss_is_that_of_its_end()
    {
        var result = Accumulate(new PgdOptions(6, 0.05, 0)).Result;
        for (var t = 1; t < result.PassLosses.Count; t++)
            Assert.True(
                result.PassLosses[t] > result.PassLosses[t - 1],
                $"pass {t}: {result.PassLosses[t]} after {result.PassLosses[t - 1]}"
            );
        Assert.Equal(result.PassLosses[^1], result.Loss);
    }

    [Fact]
    public void The_penalty_joins_the_last_pass_and_the_adversary_never_sees_it()
    {
        var without = Accumulate(Options, slimming: true);
        var with = Accumulate(Options, new SlimmingOptions(0.01, 0.003), slimming: true);
        Assert.Equal(without.Result.PassLosses, with.Result.PassLosses);
        foreach (var name in with.Gradients.Keys.Where(BertParameters.IsCoefficient))
        {
            var lambda = name.Contains("attention", StringComparison.Ordinal) ? 0.01 : 0.003;
            for (var i = 0; i < with.Gradients[name].Length; i++)
                Assert.Equal(without.Gradients[name][i] + lambda, with.Gradients[name][i], 1e-6);
        }
    }

    [Fact]
    public void Dropout_is_fresh_in_every_pass_or_shared_by_all()
    {
        var still = new PgdOptions(2, 0, 0);
        Assert.Equal(3, Accumulate(still, dropout: 0.3).Result.PassLosses.Distinct().Count());
        Assert.Single(Accumulate(still with { SyncDropout = true }, dropout: 0.3).Result.PassLosses.Distinct());
    }

    [Fact]
    public void Token_types_reach_the_perturbed_passes_unless_dropped()
    {
        var still = new PgdOptions(1, 0, 0);
        Assert.NotEqual(Accumulate(still).Result.Loss, Accumulate(still with { PassTokenTypeIds = false }).Result.Loss);
    }

    private static (ObjectiveResult Result, Dictionary<string, float[]> Gradients) Accumulate(
        PgdOptions options,
        SlimmingOptions? penalty = null,
        bool slimming = false,
        double dropout = 0
    ) => TinyRuns.Accumulate(new Pgd(options), penalty, slimming, dropout);
}
