using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Tickets;

/// <summary>Ablations that take pre-trained values away: only what they name may change.</summary>
[Collection(TorchCollection.Name)]
public class RedrawTests
{
    private static readonly RandomKey Key = RandomKey.FromSeed(11);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Everything_spares_the_classifier_and_on_request_embeddings_and_norms(bool embeddingsToo)
    {
        using var model = TinyBert.New(TinyBert.Dense(), new Execution(), seed: 5);
        var before = Values(model);
        Redraw.Everything(model, Key, embeddingsToo);
        foreach (var (name, values) in Values(model))
        {
            var spared =
                name.StartsWith(BertParameters.Classifier, StringComparison.Ordinal)
                || (!embeddingsToo && (BertParameters.IsEmbedding(name) || name.Contains("LayerNorm")));
            Assert.True(spared == values.SequenceEqual(before[name]), name);
            if (!spared && name.EndsWith("bias"))
                Assert.All(values, v => Assert.Equal(0f, v));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Outside_changes_exactly_the_discarded_rows_and_columns(bool zero)
    {
        using var model = TinyBert.New(TinyBert.Dense(), new Execution(), seed: 5);
        var mask = EveryOther(model.Config);
        var before = Values(model);
        using var kept = Slicer.Slice(model, mask);
        Redraw.Outside(model, mask, zero ? null : Key);
        using var keptAfter = Slicer.Slice(model, mask);
        foreach (var name in kept.Store.Names)
            Assert.Equal(kept.Store[name].span<float>().ToArray(), keptAfter.Store[name].span<float>().ToArray());

        // The complement is what was drawn: nothing of it keeps its value (zeros of fresh biases
        // aside), and with zero it is gone.
        var inverse = new StructuredMask(Invert(mask.Heads), Invert(mask.Neurons));
        using var outside = Slicer.Slice(model, inverse);
        for (var l = 0; l < model.Config.Layers; l++)
        {
            foreach (
                var name in BertParameters
                    .HeadRows(l)
                    .Select(n => $"{n}.weight")
                    .Concat([
                        BertParameters.HeadColumns(l),
                        $"{BertParameters.NeuronRows(l)}.weight",
                        BertParameters.NeuronColumns(l),
                    ])
            )
            {
                var values = outside.Store[name].span<float>().ToArray();
                if (zero)
                    Assert.All(values, v => Assert.Equal(0f, v));
                else
                    Assert.DoesNotContain(values, v => v == 0f);
                Assert.Equal(
                    before[name].Length - kept.Store[name].numel,
                    before[name].Zip(model.Store[name].span<float>().ToArray()).LongCount(p => p.First != p.Second)
                );
            }
            foreach (var name in BertParameters.HeadRows(l).Append(BertParameters.NeuronRows(l)))
                Assert.All(outside.Store[$"{name}.bias"].span<float>().ToArray(), v => Assert.Equal(0f, v));
        }
    }

    [Fact]
    public void Released_heads_are_zeroed_along_the_wrong_axis()
    {
        using var model = TinyBert.New(TinyBert.Dense(), new Execution(), seed: 5);
        var mask = EveryOther(model.Config);
        Redraw.AuthorsCodeHeads(model, mask);
        var c = model.Config;
        var query = model.Store[$"{BertParameters.HeadRows(0).First()}.weight"].span<float>();
        for (var row = 0; row < c.HeadsPerLayer[0] * c.HeadSize; row++)
        {
            for (var column = 0; column < c.Hidden; column++)
                Assert.Equal(!mask.Heads[0][column / c.HeadSize], query[(row * c.Hidden) + column] == 0);
        }
    }

    private static Dictionary<string, float[]> Values(BertForSequenceClassification model) =>
        model.Store.Names.ToDictionary(n => n, n => model.Store[n].span<float>().ToArray());

    private static StructuredMask EveryOther(BertConfig c) =>
        new(
            [.. c.HeadsPerLayer.Select(n => Enumerable.Range(0, n).Select(i => i % 2 == 0).ToArray())],
            [.. c.NeuronsPerLayer.Select(n => Enumerable.Range(0, n).Select(i => i % 2 == 1).ToArray())]
        );

    private static bool[][] Invert(bool[][] layers) =>
        Array.ConvertAll(layers, layer => Array.ConvertAll(layer, kept => !kept));
}
