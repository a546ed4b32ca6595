// FreeLB's own rules on a tiny network.
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Objectives;

[Collection(TorchCollection.Name)]
public sealed class FreeLbTests
{
    private static readonly FreeLbOptions Options = new(Steps: 3, StepSize: 0.03, InitMagnitude: 0.05);

    [Fact]
    public void One_pass_without_start_is_the_clean_step_bit_for_bit()
    {
        var clean = TinyRuns.Train(new CleanObjective());
        Assert.Equal(clean, TinyRuns.Train(new FreeLb(new FreeLbOptions(1, 0.03, 0))));
        Assert.NotEqual(clean, TinyRuns.Train(new FreeLb(new FreeLbOptions(2, 0.03, 0))));
    }

    [Theory]
    [InlineData(FreeLbCount.K, 3)]
    [InlineData(FreeLbCount.KPlus1, 4)]
    public void Passes_are_counted_as_the_option_says(FreeLbCount count, int passes)
    {
        var result = Accumulate(Options with { Count = count }).Result;
        Assert.Equal(new PassCounts(passes, passes, passes), result.Passes);
        Assert.Equal(passes, result.PassLosses.Count);
        Assert.Equal(result.PassLosses.Average(), result.Loss, 1e-6);
    }

    [Fact]
    public void The_adversary_climbs()
    {
        var losses = Accumulate(new FreeLbOptions(6, 0.05, 0)).Result.PassLosses;
        for (var t = 1; t < losses.Count; t++)
            Assert.True(losses[t] > losses[t - 1], $"pass {t}: {losses[t]} after {losses[t - 1]}");
    }

    [Fact]
    public void Without_start_the_first_pass_is_clean()
    {
        var clean = Accumulate(new FreeLbOptions(1, 0, 0)).Result.PassLosses[0];
        Assert.Equal(clean, Accumulate(Options with { InitMagnitude = 0 }).Result.PassLosses[0]);
        Assert.NotEqual(clean, Accumulate(Options).Result.PassLosses[0]);
    }

    [Fact]
    public void The_penalty_joins_the_last_pass_undivided_and_the_adversary_never_sees_it()
    {
        var penalty = new SlimmingOptions(0.01, 0.003);
        var without = Accumulate(Options, penalty: null, slimming: true);
        var with = Accumulate(Options, penalty, slimming: true);
        Assert.Equal(without.Result.PassLosses, with.Result.PassLosses);
        var heads = without
            .Gradients.Keys.Where(n =>
                n == BertParameters.HeadCoefficients(0) || n == BertParameters.HeadCoefficients(1)
            )
            .ToArray();
        var neurons = new[] { BertParameters.NeuronCoefficients(0), BertParameters.NeuronCoefficients(1) };
        var units =
            heads.Sum(n => without.Gradients[n].Length) * 0.01 + neurons.Sum(n => without.Gradients[n].Length) * 0.003;
        Assert.Equal(without.Result.Loss + units, with.Result.Loss, 1e-5);
        foreach (var (names, lambda) in new[] { (heads, 0.01), (neurons, 0.003) })
        {
            foreach (var name in names)
            {
                for (var i = 0; i < with.Gradients[name].Length; i++)
                    Assert.Equal(without.Gradients[name][i] + lambda, with.Gradients[name][i], 1e-6);
            }
        }
        Assert.Equal(without.Gradients[BertParameters.WordEmbeddings], with.Gradients[BertParameters.WordEmbeddings]);
    }

    [Fact]
    public void Dropout_is_fresh_in_every_pass_or_shared_by_all()
    {
        var still = new FreeLbOptions(3, 0, 0);
        Assert.Equal(3, Accumulate(still, dropout: 0.3).Result.PassLosses.Distinct().Count());
        Assert.Single(Accumulate(still with { SyncDropout = true }, dropout: 0.3).Result.PassLosses.Distinct());
    }

    [Fact]
    public void Token_types_reach_the_perturbed_passes_unless_dropped()
    {
        var still = new FreeLbOptions(1, 0, 0);
        Assert.NotEqual(Accumulate(still).Result.Loss, Accumulate(still with { PassTokenTypeIds = false }).Result.Loss);
    }

    [Fact]
    public void A_step_is_a_function_of_its_key()
    {
        Assert.Equal(Accumulate(Options, key: 4).Result.PassLosses, Accumulate(Options, key: 4).Result.PassLosses);
        Assert.NotEqual(Accumulate(Options, key: 4).Result.PassLosses, Accumulate(Options, key: 5).Result.PassLosses);
    }

    [Fact]
    public void Gradients_of_the_passes_add_up()
    {
        // A still adversary repeats one pass K times, each divided by K: the sum is the clean
        // gradient.
        var once = Accumulate(new FreeLbOptions(1, 0, 0)).Gradients;
        var often = Accumulate(new FreeLbOptions(4, 0, 0)).Gradients;
        foreach (var (name, values) in once)
        {
            for (var i = 0; i < values.Length; i++)
                Assert.Equal(values[i], often[name][i], 1e-5f);
        }
    }

    private static (ObjectiveResult Result, Dictionary<string, float[]> Gradients) Accumulate(
        FreeLbOptions options,
        SlimmingOptions? penalty = null,
        bool slimming = false,
        double dropout = 0,
        long key = 4
    ) => TinyRuns.Accumulate(new FreeLb(options), penalty, slimming, dropout, key);
}
