// Weights drawn anew (docs/methods/ablations.md): "w/o Initialization" (the whole encoder, before
// the ticket is cut) and "w/o Structure" (only what the ticket leaves out, in the dense network).
using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Tickets;

/// <summary>Draws weights of a model anew, in place.</summary>
internal static class Redraw
{
    /// <summary>
    /// Draws matrices and biases of every layer and of the pooler; on request embeddings and
    /// LayerNorms as well. The classifier stays.
    /// </summary>
    /// <param name="model">The dense model.</param>
    /// <param name="key">Key of the draws.</param>
    /// <param name="embeddingsToo">Whether embeddings and LayerNorms lose their pre-trained values
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
    /// Draws what a mask leaves out: rows of Q, K, V and columns of O of discarded heads, rows of U
    /// and columns of D of discarded neurons, with zero biases for the rows.
    /// </summary>
    /// <param name="model">The dense model.</param>
    /// <param name="mask">What the ticket keeps.</param>
    /// <param name="key">Key of the draws; null sets everything to zero instead.</param>
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
    /// What the released script does to discarded heads: zeros along the wrong axis, i.e. input
    /// columns of Q, K, V and output rows of O, with the biases of Q, K, V on the
    /// right one.
    /// </summary>
    /// <param name="model">The dense model.</param>
    /// <param name="mask">What the ticket keeps.</param>
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

    // Matrices become N(0, initializer_range), biases 0, keyed by name: values do not depend on the
    // mask.
    private static Tensor Fresh(BertForSequenceClassification model, string name, Tensor like, RandomKey? key)
    {
        if (key is not { } k)
            return torch.zeros(like.shape);
        var store = BertFiles.Fresh([(name, like.shape)], model.Config, k);
        return store[name];
    }

    private static Span<float> Row(Span<float> matrix, int row, int width) => matrix.Slice(row * width, width);
}
