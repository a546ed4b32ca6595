// Masks of single weights: counts and ties of the draws, bits, fixed masks in force. Oracles
// with named mutants.
using RobustTickets.Kernels.Masks;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Tickets;

[Collection(TorchCollection.Name)]
public sealed class WeightMaskTests
{
    [Fact]
    public void Rounds_prune_a_tenth_each_and_never_bring_a_weight_back()
    {
        using var scope = torch.scope();
        using var model = TinyBert.New(TinyBert.Dense(), new Execution(), 2);
        WeightMask? before = null;
        for (var k = 1; k <= 9; k++)
        {
            // Weights move between rounds: what was pruned must stay pruned although it may have
            // grown.
            foreach (var (site, _) in FixedMasks.Shapes(model))
                TinyBert
                    .Normal(new Random(k), model.Store[$"{site}.weight"].numel)
                    .CopyTo(model.Store[$"{site}.weight"].span<float>());
            var mask = WeightDraw.ByMagnitude(Matrices(model), 0.1 * k, before);
            Assert.InRange(mask.Count - mask.Kept, (0.1 * k * mask.Count) - 1, (0.1 * k * mask.Count) + 1);
            if (before is not null)
            {
                Assert.Equal(mask.Kept, mask.Matrices.Zip(before.Matrices).Sum(p => p.First.Shared(p.Second)));
                // Mutant: a draw that forgets the rounds before.
                var forgetful = WeightDraw.ByMagnitude(Matrices(model), 0.1 * k);
                Assert.NotEqual(
                    forgetful.Kept,
                    forgetful.Matrices.Zip(before.Matrices).Sum(p => p.First.Shared(p.Second))
                );
            }
            before = mask;
        }
    }

    [Fact]
    public void Magnitudes_rank_over_all_matrices_and_signs_do_not_count()
    {
        using var scope = torch.scope();
        var weights = new[]
        {
            ("a", torch.tensor<float>([-9, 1, 3, -2], 2, 2)),
            ("b", torch.tensor<float>([0.5f, -7, 8, 4], 2, 2)),
        };
        var mask = WeightDraw.ByMagnitude(weights, 0.5);
        Assert.Equal("1000 0111", Text(mask));
        // Mutant: signed values.
        Assert.NotEqual(
            Text(mask),
            Text(
                WeightDraw.ByScore([.. weights.Select(w => (w.Item1, w.Item2, w.Item2.shape))], MaskLayout.Strided, 0.5)
            )
        );
    }

    [Theory]
    [InlineData(10, 0.25, 2)]
    [InlineData(10, 0.35, 4)]
    [InlineData(85_524_480, 0.3, 25_657_344)]
    public void Counts_are_rounded_half_to_even(long weights, double sparsity, long pruned) =>
        Assert.Equal(pruned, WeightDraw.PrunedCount(weights, sparsity));

    [Fact]
    public void What_is_no_number_goes_first_and_infinities_keep_their_places()
    {
        using var scope = torch.scope();
        var scores = torch.tensor<float>([float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0, -1, 1], 2, 3);
        Assert.Equal("010101", Text(WeightDraw.ByScore([("a", scores, scores.shape)], MaskLayout.Strided, 0.5)));
    }

    [Fact]
    public void Random_positions_match_counts_and_follow_the_key()
    {
        (string, long, long)[] matrices = [("a", 7, 11), ("b", 5, 13)];
        WeightMask Draw(long seed) =>
            WeightDraw.Random(
                [.. matrices.Select((m, i) => ((IReadOnlyList<(string, long, long)>)[m], (long)(10 + i)))],
                RandomKey.FromSeed(seed)
            );
        var mask = Draw(1);
        Assert.Equal([10L, 11L], mask.Matrices.Select(m => m.Kept));
        Assert.Equal(Text(mask), Text(Draw(1)));
        Assert.NotEqual(Text(mask), Text(Draw(2)));
        var together = WeightDraw.Random([(matrices, 21L)], RandomKey.FromSeed(1));
        Assert.Equal(21, together.Kept);
        // Every position is drawn about equally often: 300 draws of 10 of 77.
        var often = new int[77];
        for (var seed = 0; seed < 300; seed++)
        {
            var drawn = Draw(seed).Matrices[0];
            for (var i = 0; i < 77; i++)
                if (drawn[i])
                    often[i]++;
        }
        Assert.All(often, n => Assert.InRange(n, 15, 70));
    }

    [Theory]
    [InlineData(MaskLayout.Strided, "10101010")]
    [InlineData(MaskLayout.Blocks, "11001100")]
    public void Groups_spread_over_their_weights(MaskLayout layout, string expected)
    {
        var grid = new MatrixMask("a", 1, 2, [0b01]);
        Assert.Equal(expected, Text(new WeightMask([WeightDraw.Spread(grid, 2, 4, layout)])));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_fixed_mask_is_zeros_in_effect_and_pruned_weights_see_no_gradient(bool packed)
    {
        using var scope = torch.scope();
        var config = TinyBert.Dense();
        var execution = packed ? new Execution() : Execution.Reference;
        using var model = TinyBert.New(config, execution, 6);
        using var zeroed = TinyBert.New(config, execution, 6);
        var mask = WeightDraw.ByMagnitude(Matrices(model), 0.4);
        var masks = FixedMasks.Attach(model, mask);
        var pool = mask.Of("bert.pooler.dense")!;
        FixedMasks.Attach(zeroed, mask).Bake();
        model.Train(_ => true);
        zeroed.Train(_ => true);
        var batch = PackedBatch.From(TinyBert.Examples(new Random(1), config, 4, 8));
        var logits = Loss(model);
        Assert.Equal(logits, Loss(zeroed));
        var gradient = Gradients.Of(model.Store, "bert.pooler.dense.weight");
        var dense = Gradients.Of(zeroed.Store, "bert.pooler.dense.weight");
        for (var i = 0; i < gradient.Length; i++)
            Assert.Equal(pool[i] ? dense[i] : 0f, gradient[i]);
        // mutant: baked zeros alone would grow again
        Assert.Contains(Enumerable.Range(0, dense.Length), i => !pool[i] && dense[i] != 0);
        masks.Bake();
        Assert.Null(model.Encoder.Masks);
        Assert.Equal(
            zeroed.Store["bert.pooler.dense.weight"].to_array(),
            model.Store["bert.pooler.dense.weight"].to_array()
        );

        float[] Loss(BertForSequenceClassification of)
        {
            var inputs = of.Prepare(batch, training: true);
            var result = of.Forward(inputs, new PassOptions(true, RandomKey.FromSeed(2)));
            BertForSequenceClassification.Loss(result, inputs).backward();
            return result.to_array();
        }
    }

    [Fact]
    public void Masks_of_another_shape_and_bits_beyond_the_end_are_refused_by_name()
    {
        using var scope = torch.scope();
        using var small = TinyBert.New(TinyBert.Dense(intermediate: 24), new Execution(), 1);
        using var large = TinyBert.New(TinyBert.Dense(intermediate: 32), new Execution(), 1);
        using var deep = TinyBert.New(TinyBert.Dense(layers: 3), new Execution(), 1);
        var mask = WeightDraw.ByMagnitude(Matrices(small), 0.5);
        Assert.Contains(
            "layer.0.intermediate.dense' is [24, 16], the checkpoint has [32, 16]",
            Assert.Throws<TicketShapeException>(() => FixedMasks.Attach(large, mask)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "has no mask for 'bert.encoder.layer.2",
            Assert.Throws<TicketShapeException>(() => FixedMasks.Attach(deep, mask)).Message,
            StringComparison.Ordinal
        );
        var deeper = WeightDraw.ByMagnitude(Matrices(deep), 0.5);
        Assert.Contains(
            "masks 'bert.encoder.layer.2",
            Assert.Throws<TicketShapeException>(() => FixedMasks.Attach(small, deeper)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "beyond",
            Assert.Throws<ArgumentException>(() => new MatrixMask("a", 2, 2, [0b10000])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "words",
            Assert.Throws<ArgumentException>(() => new MatrixMask("a", 2, 2, [1, 2])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Outside_the_ticket_weights_are_drawn_anew_or_zero_and_inside_they_stay()
    {
        using var scope = torch.scope();
        using var model = TinyBert.New(TinyBert.Dense(), new Execution(), 9);
        using var changed = TinyBert.New(TinyBert.Dense(), new Execution(), 9);
        var mask = WeightDraw.ByMagnitude(Matrices(model), 0.4);
        RedrawWeights.Outside(changed, mask, RandomKey.FromSeed(4));
        foreach (var m in mask.Matrices)
        {
            var (before, after) = (
                model.Store[$"{m.Site}.weight"].to_array(),
                changed.Store[$"{m.Site}.weight"].to_array()
            );
            for (var i = 0; i < before.Length; i++)
                Assert.Equal(m[i], before[i] == after[i]);
        }
        Assert.Equal(
            model.Store["bert.pooler.dense.bias"].to_array(),
            changed.Store["bert.pooler.dense.bias"].to_array()
        );
        RedrawWeights.Outside(changed, mask, null);
        Assert.All(
            mask.Matrices,
            m => Assert.Equal(m.Count - m.Kept, changed.Store[$"{m.Site}.weight"].to_array().LongCount(x => x == 0))
        );
    }

    private static (string Site, Tensor Weight)[] Matrices(BertForSequenceClassification model) =>
        [.. BertParameters.Maskable(model.Config).Select(site => (site, model.Store[$"{site}.weight"]))];

    private static string Text(WeightMask mask) =>
        string.Join(
            ' ',
            mask.Matrices.Select(m => string.Concat(Enumerable.Range(0, (int)m.Count).Select(i => m[i] ? '1' : '0')))
        );
}
