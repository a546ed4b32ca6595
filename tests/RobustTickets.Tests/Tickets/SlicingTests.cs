// Oracles: a head or neuron whose coefficient is 0 is as good as cut out, and a layer
// may lose everything (its biases stay).
using RobustTickets.Models;
using RobustTickets.Tests.GoldenValues;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Tickets;

[Collection(TorchCollection.Name)]
public sealed class SlicingTests
{
    [Theory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.Padded)]
    public void A_coefficient_of_zero_equals_the_cut(string execution)
    {
        for (var seed = 0; seed < 5; seed++)
        {
            var random = new Random(seed);
            var config = TinyBert.Dense(layers: 3);
            var mask = new StructuredMask(Draw(random, config.HeadsPerLayer), Draw(random, config.NeuronsPerLayer));
            Compare($"seed {seed}", execution, config, mask, mask).Agrees();
            var other = mask with { Neurons = Array.ConvertAll(mask.Neurons, layer => layer.Reverse().ToArray()) };
            Compare($"seed {seed}", execution, config, mask, other).Rejects("other neurons cut");
        }

        static bool[][] Draw(Random random, IReadOnlyList<int> units) =>
            [
                .. units.Select(n =>
                    Enumerable.Range(0, n).Select(i => i == 0 || (i != n - 1 && random.Next(2) == 0)).ToArray()
                ),
            ];
    }

    [Theory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.PackedAllRows)]
    [InlineData(Executions.Padded)]
    public void A_layer_may_lose_all_heads_and_all_neurons(string execution)
    {
        var config = TinyBert.Dense(layers: 3);
        var mask = new StructuredMask(All(config.HeadsPerLayer), All(config.NeuronsPerLayer));
        Array.Fill(mask.Heads[1], false);
        Array.Fill(mask.Neurons[2], false);
        Compare("emptied layers", execution, config, mask, mask).Agrees();

        using var dense = TinyBert.New(config, Executions.Of(execution), seed: 3);
        using var ticket = Slicer.Slice(dense, mask);
        SlimmingCoefficients.Attach(ticket);
        ticket.Train(_ => true);
        using var scope = torch.scope();
        var inputs = ticket.Prepare(PackedBatch.From(TinyBert.Examples(new Random(3), config, 4, 20)), training: true);
        BertForSequenceClassification.Loss(ticket.Forward(inputs, PassOptions.Evaluation), inputs).backward();
        Assert.All(
            Gradients.All(ticket.Store).Values,
            gradient => Assert.All(gradient, g => Assert.True(float.IsFinite(g)))
        );
        Assert.Contains(
            Gradients.Of(ticket.Store, $"{BertParameters.LayerPrefix(1)}.attention.output.dense.bias"),
            g => g != 0
        );

        static bool[][] All(IReadOnlyList<int> units) => [.. units.Select(n => Enumerable.Repeat(true, n).ToArray())];
    }

    [Fact]
    public void Slicing_copies_and_leaves_the_source_alone()
    {
        var config = TinyBert.Dense();
        using var dense = TinyBert.New(config, new Execution(), seed: 1);
        var before = dense.Store.Names.ToDictionary(n => n, n => dense.Store[n].to_array());
        var mask = new StructuredMask(
            [
                [true, false, true, false],
                [true, true, true, true],
            ],
            [.. config.NeuronsPerLayer.Select(n => Enumerable.Range(0, n).Select(i => i % 3 == 0).ToArray())]
        );
        using var ticket = Slicer.Slice(dense, mask);
        foreach (var name in ticket.Store.Names)
            ticket.Store[name].fill_(7);
        Assert.Equal(dense.Store.Names, ticket.Store.Names);
        foreach (var (name, values) in before)
            Assert.Equal(values, dense.Store[name].to_array());
        Assert.Equal([2, 4], ticket.Config.HeadsPerLayer);
        Assert.Equal(
            BertShapes.OfClassifier(ticket.Config).Select(s => string.Join(' ', s.Shape)),
            ticket.Store.Names.Select(n => string.Join(' ', ticket.Store[n].shape))
        );
    }

    [Fact]
    public void A_mask_of_another_shape_is_refused_by_layer()
    {
        using var dense = TinyBert.New(TinyBert.Dense(), new Execution(), seed: 1);
        var e = Assert.Throws<ArgumentException>(() =>
            Slicer.Slice(
                dense,
                new StructuredMask(
                    [
                        [true],
                        [true],
                    ],
                    [
                        [true],
                        [true],
                    ]
                )
            )
        );
        Assert.Contains("layer 0", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() =>
            Slicer.Slice(
                dense,
                new StructuredMask(
                    [
                        [true],
                    ],
                    [
                        [true],
                    ]
                )
            )
        );
    }

    /// <summary>
    /// Logits of the network with coefficients 0 outside <paramref name="gated"/> against those of
    /// the network cut to <paramref name="cut"/>.
    /// </summary>
    private static Comparison Compare(
        string name,
        string execution,
        BertConfig config,
        StructuredMask gated,
        StructuredMask cut
    )
    {
        var comparison = new Comparison($"{name}, {execution}");
        using var dense = TinyBert.New(config, Executions.Of(execution), seed: 9);
        using var ticket = Slicer.Slice(dense, cut);
        SlimmingCoefficients.Attach(dense);
        for (var l = 0; l < config.Layers; l++)
        {
            Write(BertParameters.HeadCoefficients(l), gated.Heads[l]);
            Write(BertParameters.NeuronCoefficients(l), gated.Neurons[l]);
        }
        var batch = PackedBatch.From(TinyBert.Examples(new Random(4), config, 5, 40));
        comparison.Near("logits", Logits(ticket), Logits(dense), 1e-5);
        return comparison;

        void Write(string parameter, bool[] kept) =>
            Array.ConvertAll(kept, k => k ? 1f : 0f).CopyTo(dense.Store[parameter].span<float>());

        float[] Logits(BertForSequenceClassification model)
        {
            using var quiet = torch.no_grad();
            using var scope = torch.scope();
            return model.Forward(model.Prepare(batch, training: false), PassOptions.Evaluation).to_array();
        }
    }
}
