// The compiled evaluation path: equal to the trained network (packed and padded) within 1e-5, and
// the row of a text a function of the text alone, bit for bit.
using RobustTickets.Kernels.Inference;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

[Collection(TorchCollection.Name)]
public sealed class InferenceTests : IDisposable
{
    private const double Tolerance = 1e-5;

    public void Dispose() => torch.set_num_threads(1);

    [Fact]
    public void It_equals_the_network_packed_and_padded_whatever_is_left_of_the_layers()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            AssertEqualsNetwork(TinyBert.Ragged(random, dropout: 0.1), random, seed, gates: seed % 3 == 0);
        }
    }

    [Fact]
    public void It_equals_the_network_at_every_width_of_the_feed_forward_network()
    {
        for (var width = 1; width <= 70; width++)
        {
            var config = TinyBert.Dense(hidden: 12, heads: 3) with
            {
                NeuronsPerLayer = [width, 71 - width],
                HeadsPerLayer = [1 + (width % 3), 3 - (width % 3)],
            };
            AssertEqualsNetwork(config, new Random(width), width, gates: width % 2 == 0);
        }
    }

    [Theory]
    [InlineData(0, 2, 5, 7)]
    [InlineData(2, 0, 5, 7)]
    [InlineData(2, 2, 0, 7)]
    [InlineData(2, 2, 5, 0)]
    [InlineData(0, 0, 0, 0)]
    public void It_equals_the_network_where_a_layer_lost_everything(
        int heads0,
        int heads1,
        int neurons0,
        int neurons1
    ) =>
        AssertEqualsNetwork(
            TinyBert.Dense() with
            {
                HeadsPerLayer = [heads0, heads1],
                NeuronsPerLayer = [neurons0, neurons1],
            },
            new Random(3),
            3,
            gates: false
        );

    [Fact]
    public void The_comparison_notices_a_single_changed_weight()
    {
        var config = TinyBert.Dense();
        using var model = TinyBert.New(config, new Execution(), seed: 1);
        var batch = PackedBatch.From(TinyBert.Examples(new Random(1), config, 6, 40));
        using var before = new BertInference(model.Store, config);
        model.Store["bert.encoder.layer.0.output.dense.weight"].span<float>()[3] += 0.01f;
        using var after = new BertInference(model.Store, config);
        Assert.True(Distance(Logits(before, batch), Logits(after, batch)) > Tolerance);
    }

    [Fact]
    public void Weights_that_do_not_suffice_leave_no_packed_matrices_behind()
    {
        using var model = TinyBert.New(TinyBert.Dense(layers: 3), new Execution(), seed: 1);
        LiveTensors.Settled();
        var before = AlignedMemory.LiveCount;
        // The fourth layer is missing, and in a masked language model its head.
        Assert.ThrowsAny<Exception>(() => new BertInference(model.Store, TinyBert.Dense(layers: 4)));
        Assert.Equal(before, AlignedMemory.LiveCount);
        Assert.ThrowsAny<Exception>(() => new MaskedLmInference(model.Store, model.Config));
        Assert.Equal(before, AlignedMemory.LiveCount);
    }

    [Fact]
    public void A_batch_that_fails_returns_its_working_memory()
    {
        var config = TinyBert.Dense();
        using var model = TinyBert.New(config, new Execution(), seed: 1);
        using var inference = new BertInference(model.Store, config);
        var batch = PackedBatch.From(TinyBert.Examples(new Random(1), config, 6, 40));
        var expected = Logits(inference, batch);
        LiveTensors.Settled();
        var before = AlignedMemory.LiveCount;
        for (var i = 0; i < 3; i++)
            Assert.ThrowsAny<IndexOutOfRangeException>(() => Logits(inference, batch with { Positions = [0] }));
        Assert.Equal(before, AlignedMemory.LiveCount);
        Assert.Equal(expected, Logits(inference, batch));
    }

    public static TheoryData<int> Seeds() => [0, 1, 2];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_row_of_a_text_does_not_depend_on_batch_order_or_threads(int seed)
    {
        var random = new Random(seed);
        var config = seed switch
        {
            0 => TinyBert.Dense(hidden: 48, heads: 4, intermediate: 100),
            1 => TinyBert.Ragged(random, 0),
            _ => TinyBert.Dense() with { HeadsPerLayer = [0, 3], NeuronsPerLayer = [33, 0] },
        };
        using var model = TinyBert.New(config, new Execution(), seed);
        using var inference = new BertInference(model.Store, config);

        // Every length from 1 to 64, some of them pairs.
        var examples = Enumerable
            .Range(1, 64)
            .Select(length => new EncodedExample(
                length - 1,
                [.. Enumerable.Range(0, length).Select(_ => random.Next(config.VocabularySize))],
                [.. Enumerable.Range(0, length).Select(i => length % 3 == 0 && i > length / 2 ? 1 : 0)],
                0
            ))
            .ToArray();
        var alone = examples.Select(e => Logits(inference, PackedBatch.From([e]))).ToArray();
        var hidden = examples.Select(e => Hidden(inference, PackedBatch.From([e]))).ToArray();
        Assert.Equal(64, alone.Select(row => row[0]).Distinct().Count());

        foreach (var size in new[] { 2, 7, 64 })
        {
            foreach (var order in new[] { examples, [.. examples.Reverse()], Shuffled(examples, random) })
            {
                foreach (var group in order.Chunk(size))
                    AssertRows(group);
            }
        }
        torch.set_num_threads(2);
        foreach (var size in new[] { 1, 7, 64 })
        {
            foreach (var group in Shuffled(examples, random).Chunk(size).Take(8))
                AssertRows(group);
        }

        void AssertRows(EncodedExample[] group)
        {
            var batch = PackedBatch.From(group);
            var rows = Logits(inference, batch);
            var states = Hidden(inference, batch);
            for (var b = 0; b < group.Length; b++)
            {
                var same =
                    alone[group[b].Id].AsSpan().SequenceEqual(rows.AsSpan(b * config.Labels, config.Labels))
                    && hidden[group[b].Id]
                        .AsSpan()
                        .SequenceEqual(
                            states.AsSpan(batch.Offsets[b] * config.Hidden, group[b].Ids.Length * config.Hidden)
                        );
                Assert.True(
                    same,
                    $"text {group[b].Id} has another row among {group.Length}, {torch.get_num_threads()} threads"
                );
            }
        }
    }

    private static void AssertEqualsNetwork(BertConfig config, Random random, int seed, bool gates)
    {
        using var packed = Network(new Execution());
        using var padded = Network(Execution.Reference);
        Assert.True(BertInference.Covers(config));
        using var inference = new BertInference(packed.Store, config, packed.Encoder.Coefficients);
        var batch = PackedBatch.From(TinyBert.Examples(random, config, random.Next(1, 9), 64));
        var found = Logits(inference, batch);
        var hidden = Hidden(inference, batch);
        Assert.All(found, x => Assert.True(float.IsFinite(x)));
        var what =
            $"seed {seed}: heads [{string.Join(' ', config.HeadsPerLayer)}] x {config.HeadSize}, neurons "
            + $"[{string.Join(' ', config.NeuronsPerLayer)}]";
        foreach (var (name, model) in new[] { ("packed", packed), ("padded", padded) })
        {
            using var quiet = torch.no_grad();
            using var scope = torch.scope();
            var inputs = model.Prepare(batch, training: false);
            var logits = Distance(model.Forward(inputs, PassOptions.Evaluation).to_array(), found);
            var states = Distance(
                model.Encoder.EncodeAll(inputs, PassOptions.Evaluation).contiguous().to_array(),
                hidden
            );
            Assert.True(
                logits < Tolerance && states < Tolerance,
                $"{what}, {name}: logits differ by {logits:0.0e+0}, hidden states by {states:0.0e+0}"
            );
        }

        BertForSequenceClassification Network(Execution execution)
        {
            var model = TinyBert.New(config, execution, seed);
            if (!gates)
                return model;
            SlimmingCoefficients.Attach(model);
            var draw = new Random(seed);
            foreach (var name in model.Store.Names.Where(BertParameters.IsCoefficient))
                TinyBert.Normal(draw, model.Store[name].numel, 1, 0.3).CopyTo(model.Store[name].span<float>());
            return model;
        }
    }

    /// <summary>
    /// Largest difference, relative where values are larger than one; infinite where the numbers of
    /// values differ.
    /// </summary>
    private static double Distance(float[] expected, float[] found) =>
        expected.Length != found.Length
            ? double.PositiveInfinity
            : expected.Zip(found).Max(p => Math.Abs((double)p.First - p.Second) / Math.Max(1, Math.Abs(p.First)));

    private static float[] Logits(BertInference inference, PackedBatch batch)
    {
        using var logits = inference.Logits(batch);
        return logits.to_array();
    }

    private static float[] Hidden(BertInference inference, PackedBatch batch)
    {
        using var hidden = inference.HiddenStates(batch);
        return hidden.to_array();
    }

    private static EncodedExample[] Shuffled(EncodedExample[] examples, Random random)
    {
        var order = examples.ToArray();
        random.Shuffle(order);
        return order;
    }
}
