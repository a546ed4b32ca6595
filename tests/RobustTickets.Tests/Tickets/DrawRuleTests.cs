// Counts and guards of the draw rules at the size of BERT-base.
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Tickets;

public sealed class DrawRuleTests
{
    private const int Layers = 12,
        Heads = 12,
        Neurons = 3072;

    [Theory]
    [InlineData(Layers * Heads, 0.166667, 24)]
    [InlineData(Layers * Heads, 1.0 / 6, 24)]
    [InlineData(Layers * Neurons, 0.4, 14746)]
    [InlineData(Layers * Neurons, 0.3, 11059)]
    [InlineData(Layers * Neurons, 0.2, 7373)]
    [InlineData(Heads, 1.0 / 6, 2)]
    [InlineData(Heads, 0.0, 0)]
    public void A_ratio_removes_the_published_number_of_units(int units, double ratio, int removed) =>
        Assert.Equal(removed, DrawRule.PrunedCount(units, ratio));

    [Theory]
    [InlineData(TieRule.Rank)]
    [InlineData(TieRule.StrictQuantile)]
    public void Distinct_coefficients_lose_exactly_that_many(TieRule ties)
    {
        var snapshot = new CoefficientSnapshot(Shuffled(Heads, seed: 1), Shuffled(Neurons, seed: 2));
        var mask = DrawRule.Draw(snapshot, new DrawOptions(1.0 / 6, 0.4, Ties: ties));
        Assert.Equal((Layers * Heads) - 24, mask.HeadsKept);
        Assert.Equal((Layers * Neurons) - 14746, mask.NeuronsKept);
        var limit = Kept(snapshot.Neurons, mask.Neurons, kept: true).Min();
        Assert.All(Kept(snapshot.Neurons, mask.Neurons, kept: false), c => Assert.True(c < limit));
    }

    [Fact]
    public void Both_ways_of_drawing_agree_on_distinct_coefficients()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var snapshot = new CoefficientSnapshot(Shuffled(Heads, seed), Shuffled(40, seed + 100));
            foreach (
                var (heads, neurons) in new[]
                {
                    (HeadScope.ModifiedGlobal, NeuronScope.Global),
                    (HeadScope.Layerwise, NeuronScope.Layerwise),
                }
            )
            {
                var options = new DrawOptions(
                    0.05 + (seed * 0.04),
                    0.9 - (seed * 0.04),
                    heads,
                    neurons,
                    MinNeuronsPerLayer: 0
                );
                var (ranked, strict) = (
                    DrawRule.Draw(snapshot, options),
                    DrawRule.Draw(snapshot, options with { Ties = TieRule.StrictQuantile })
                );
                Assert.Equal(strict.Heads, ranked.Heads);
                Assert.Equal(strict.Neurons, ranked.Neurons);
            }
        }
    }

    [Theory]
    [InlineData(TieRule.Rank)]
    [InlineData(TieRule.StrictQuantile)]
    public void A_layer_that_would_lose_every_head_keeps_its_largest_and_another_layer_pays(TieRule ties)
    {
        var heads = Shuffled(Heads, seed: 3);
        for (var i = 0; i < Heads; i++)
            heads[5][i] -= 100; // the whole layer is worse than any other
        var mask = DrawRule.Draw(
            new CoefficientSnapshot(heads, Shuffled(8, 1)),
            new DrawOptions(1.0 / 6, 0.1, Ties: ties)
        );
        Assert.Equal([Array.IndexOf(heads[5], heads[5].Max())], StructuredMask.Kept(mask.Heads[5]));
        Assert.Equal((Layers * Heads) - 24, mask.HeadsKept);
    }

    [Fact]
    public void Equal_coefficients_are_ranked_by_layer_and_index()
    {
        var ones = Enumerable.Range(0, 3).Select(_ => Enumerable.Repeat(1f, 4).ToArray()).ToArray();
        var mask = DrawRule.Draw(new CoefficientSnapshot(ones, ones), new DrawOptions(0.25, 0.25));
        Assert.Equal([false, false, false, true], mask.Heads[0]);
        Assert.Equal(9, mask.HeadsKept);
        Assert.Equal(9, mask.NeuronsKept);
        var strict = DrawRule.Draw(
            new CoefficientSnapshot(ones, ones),
            new DrawOptions(0.25, 0.25, Ties: TieRule.StrictQuantile)
        );
        Assert.Equal(0, strict.NeuronsKept);
        Assert.Equal(3, strict.HeadsKept);
    }

    [Fact]
    public void Layers_keep_as_many_neurons_as_asked()
    {
        var neurons = Shuffled(10, seed: 4);
        for (var i = 0; i < 10; i++)
            neurons[0][i] -= 100;
        var snapshot = new CoefficientSnapshot(Shuffled(Heads, 1), neurons);
        Assert.Empty(
            StructuredMask.Kept(DrawRule.Draw(snapshot, new DrawOptions(0, 0.5, MinNeuronsPerLayer: 0)).Neurons[0])
        );
        var guarded = DrawRule.Draw(snapshot, new DrawOptions(0, 0.5, MinNeuronsPerLayer: 3));
        Assert.Equal(
            neurons[0].OrderDescending().Take(3).Order(),
            StructuredMask.Kept(guarded.Neurons[0]).Select(i => neurons[0][i]).Order()
        );
        Assert.Equal(120 - DrawRule.PrunedCount(120, 0.5), guarded.NeuronsKept);
    }

    [Fact]
    public void Coefficients_that_are_no_numbers_go_first_and_nothing_hangs()
    {
        var heads = Shuffled(Heads, seed: 6);
        heads[2][7] = float.NaN;
        heads[3] = [.. Enumerable.Repeat(float.NaN, Heads)];
        foreach (var ties in Enum.GetValues<TieRule>())
        {
            var mask = DrawRule.Draw(
                new CoefficientSnapshot(heads, Shuffled(8, 1)),
                new DrawOptions(1.0 / 6, 0.1, Ties: ties)
            );
            Assert.False(mask.Heads[2][7]);
            Assert.All(mask.Heads, layer => Assert.Contains(true, layer));
        }
    }

    /// <summary>Distinct coefficients around 1, in random order.</summary>
    private static float[][] Shuffled(int units, int seed)
    {
        var values = Enumerable.Range(0, Layers * units).Select(i => 0.9f + (i * 4e-6f)).ToArray();
        new Random(seed).Shuffle(values);
        return [.. values.Chunk(units)];
    }

    private static IEnumerable<float> Kept(float[][] c, bool[][] mask, bool kept) =>
        c.SelectMany((layer, l) => layer.Where((_, i) => mask[l][i] == kept));
}
