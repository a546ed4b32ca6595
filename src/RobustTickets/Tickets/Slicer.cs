// Removes pruned parts physically: rows of Q, K, V (weights and biases) and columns of O per head,
// rows of U (weight and bias) and columns of D per neuron. The biases of O and D stay, so a layer
// without heads or neurons still adds them. Scores are still divided by sqrt(d_h).
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Tickets;

/// <summary>Physical slicing of a classifier.</summary>
internal static class Slicer
{
    /// <summary>A new, smaller model with the kept parts; the source is not changed.</summary>
    /// <exception cref="ArgumentException">The mask has another shape than the model.</exception>
    public static BertForSequenceClassification Slice(BertForSequenceClassification source, StructuredMask mask)
    {
        var c = source.Config;
        Check(c, mask);
        var store = new ParameterStore();
        store.MoveTo(source.Store.Device);
        using var _ = torch.no_grad();
        using var scope = torch.scope();
        foreach (var name in source.Store.Names.Where(n => !BertParameters.IsCoefficient(n)))
            store.Add(name, scope.Keep(source.Store[name].clone()));
        for (var l = 0; l < c.Layers; l++)
        {
            var neurons = Index(StructuredMask.Kept(mask.Neurons[l]), 1, store.Device);
            var heads = Index(StructuredMask.Kept(mask.Heads[l]), c.HeadSize, store.Device);
            if (neurons.numel < c.NeuronsPerLayer[l])
            {
                Select(scope, store, BertParameters.Weight(BertParameters.NeuronRows(l)), 0, neurons);
                Select(scope, store, BertParameters.Bias(BertParameters.NeuronRows(l)), 0, neurons);
                Select(scope, store, BertParameters.NeuronColumns(l), 1, neurons);
            }
            if (heads.numel == (long)c.HeadsPerLayer[l] * c.HeadSize)
                continue;
            foreach (var name in BertParameters.HeadRows(l))
            {
                Select(scope, store, BertParameters.Weight(name), 0, heads);
                Select(scope, store, BertParameters.Bias(name), 0, heads);
            }
            Select(scope, store, BertParameters.HeadColumns(l), 1, heads);
        }
        var config = c with
        {
            HeadsPerLayer = Array.ConvertAll(mask.Heads, layer => layer.Count(kept => kept)),
            NeuronsPerLayer = Array.ConvertAll(mask.Neurons, layer => layer.Count(kept => kept)),
        };
        return new BertForSequenceClassification(store, config, source.Execution);
    }

    private static void Check(BertConfig c, StructuredMask mask)
    {
        if (mask.Heads.Length != c.Layers || mask.Neurons.Length != c.Layers)
        {
            throw new ArgumentException($"the mask has {mask.Heads.Length} layers, the model {c.Layers}");
        }
        for (var l = 0; l < c.Layers; l++)
        {
            if (mask.Heads[l].Length != c.HeadsPerLayer[l] || mask.Neurons[l].Length != c.NeuronsPerLayer[l])
            {
                throw new ArgumentException(
                    $"layer {l}: the mask has {mask.Heads[l].Length} heads and {mask.Neurons[l].Length} "
                        + $"neurons, the model has {c.HeadsPerLayer[l]} and {c.NeuronsPerLayer[l]}"
                );
            }
        }
    }

    /// <summary>Row indices of units that are <paramref name="width"/> rows wide.</summary>
    private static Tensor Index(int[] units, int width, Device device)
    {
        var rows = units.SelectMany(u => Enumerable.Range(u * width, width)).Select(r => (long)r).ToArray();
        return torch.vector(rows, device);
    }

    /// <summary>
    /// Replaces a parameter by selected rows or columns, keeping its place in the store's order.
    /// </summary>
    private static void Select(TensorScope scope, ParameterStore store, string name, int axis, Tensor index) =>
        store.Replace(name, scope.Keep(store[name].index_select(axis, index).contiguous()));
}
