// Re-initialised weights (docs/methods/ablations.md): "w/o Initialization" (the whole encoder,
// before the ticket is sliced) and "w/o Structure" (only the pruned parts, in the dense network).
using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Tickets;

/// <summary>Re-initialises weights of a model in place.</summary>
internal static class Redraw
{
    /// <summary>
    /// Re-initialises matrices and biases of every layer and of the pooler; optionally embeddings
    /// and LayerNorms as well. The classifier is kept.
    /// </summary>
    /// <param name="model">The dense model.</param>
    /// <param name="key">Random key.</param>
    /// <param name="embeddingsToo">Whether embeddings and LayerNorms are re-initialised
    /// too.</param>
    public static void Everything(BertForSequenceClassification model, RandomKey key, bool embeddingsToo)
    {
        foreach (var (name, shape) in BertShapes.OfClassifier(model.Config))
        {
            var classifier = BertParameters.IsClassifier(name);
            var kept = BertParameters.IsEmbedding(name) || BertParameters.IsNorm(name);
            if (classifier || (kept && !embeddingsToo))
                continue;
            using var fresh = BertFiles.Fresh([(name, shape)], model.Config, key);
            using var values = model.Store[name].edit<float>();
            fresh[name].span<float>().CopyTo(values.Span);
        }
    }

    /// <summary>
    /// Re-initialises pruned parts: rows of Q, K, V and columns of O of discarded heads, rows of U
    /// and columns of D of discarded neurons; biases of these rows become zero.
    /// </summary>
    /// <param name="model">The dense model.</param>
    /// <param name="mask">The kept parts.</param>
    /// <param name="key">Random key; null sets everything to zero instead.</param>
    public static void Outside(BertForSequenceClassification model, StructuredMask mask, RandomKey? key)
    {
        var c = model.Config;
        for (var l = 0; l < c.Layers; l++)
        {
            var heads = Discarded(mask.Heads[l], c.HeadSize);
            var neurons = Discarded(mask.Neurons[l], 1);
            foreach (var name in BertParameters.HeadRows(l))
                Rows(model, name, heads, key);
            Columns(model, BertParameters.HeadColumns(l), heads, key);
            Rows(model, BertParameters.NeuronRows(l), neurons, key);
            Columns(model, BertParameters.NeuronColumns(l), neurons, key);
        }
    }

    /// <summary>
    /// The released script's treatment of discarded heads: zeros along the wrong axis, i.e. input
    /// columns of Q, K, V and output rows of O, but the correct biases of Q, K, V.
    /// </summary>
    /// <param name="model">The dense model.</param>
    /// <param name="mask">The kept parts.</param>
    public static void AuthorsCodeHeads(BertForSequenceClassification model, StructuredMask mask)
    {
        var c = model.Config;
        for (var l = 0; l < c.Layers; l++)
        {
            var heads = Discarded(mask.Heads[l], c.HeadSize);
            foreach (var name in BertParameters.HeadRows(l))
            {
                Columns(model, BertParameters.Weight(name), heads, null);
                using var bias = model.Store[BertParameters.Bias(name)].edit<float>();
                foreach (var i in heads)
                    bias.Span[i] = 0;
            }
            using var output = model.Store[BertParameters.HeadColumns(l)].edit<float>();
            foreach (var i in heads)
                Row(output.Span, i, c.HeadsPerLayer[l] * c.HeadSize).Clear();
        }
    }

    private static int[] Discarded(bool[] kept, int width) =>
        [.. Enumerable.Range(0, kept.Length).Where(u => !kept[u]).SelectMany(u => Enumerable.Range(u * width, width))];

    private static void Rows(BertForSequenceClassification model, string name, int[] rows, RandomKey? key)
    {
        var weight = model.Store[BertParameters.Weight(name)];
        using var fresh = Fresh(model, BertParameters.Weight(name), weight, key);
        using HostElements<float> matrix = weight.edit<float>(),
            bias = model.Store[BertParameters.Bias(name)].edit<float>();
        var width = (int)weight.sizes[1];
        foreach (var i in rows)
        {
            Row(fresh.span<float>(), i, width).CopyTo(Row(matrix.Span, i, width));
            bias.Span[i] = 0;
        }
    }

    private static void Columns(BertForSequenceClassification model, string name, int[] columns, RandomKey? key)
    {
        var weight = model.Store[name];
        using var fresh = Fresh(model, name, weight, key);
        using var matrix = weight.edit<float>();
        var width = (int)weight.sizes[1];
        for (var r = 0; r < weight.sizes[0]; r++)
        {
            var from = Row(fresh.span<float>(), r, width);
            var to = Row(matrix.Span, r, width);
            foreach (var i in columns)
                to[i] = from[i];
        }
    }

    // Matrices become N(0, initializer_range), biases 0, keyed by name, so that values do not
    // depend on the mask.
    private static Tensor Fresh(BertForSequenceClassification model, string name, Tensor like, RandomKey? key)
    {
        if (key is not { } k)
            return torch.zeros(like.shape);
        var store = BertFiles.Fresh([(name, like.shape)], model.Config, k);
        return store[name];
    }

    private static Span<float> Row(Span<float> matrix, int row, int width) => matrix.Slice(row * width, width);
}
