// The layout of transformers before version 5: config.json lists the removed heads of each layer,
// and all layers have the same feed-forward width.
using RobustTickets.Checkpoints;
using RobustTickets.Models;

namespace RobustTickets.Export;

/// <summary>A ticket as <c>pruned_heads</c>.</summary>
internal static class PrunedHeadsLayout
{
    /// <summary>The configuration, and the target positions of stored rows and columns.</summary>
    public static (HuggingFaceConfig Config, Dictionary<string, TensorPlace> Places) Of(
        HuggingFaceConfig config,
        TicketConfig ticket
    )
    {
        var layers = Enumerable.Range(0, config.NumHiddenLayers).ToArray();
        var widest = Math.Max(1, layers.Max(config.IntermediateOf));
        var pruned = new Dictionary<int, IReadOnlyList<int>>();
        var places = new Dictionary<string, TensorPlace>(StringComparer.Ordinal);
        foreach (var layer in layers)
        {
            var heads = config.HeadsOf(layer);
            // transformers cannot load attention without heads: one zero head stays, which outputs
            // 0.
            IEnumerable<int> kept = heads == 0 ? [0] : ticket.KeptHeads?[layer] ?? [.. Enumerable.Range(0, heads)];
            int[] removed = [.. Enumerable.Range(0, config.NumAttentionHeads).Except(kept)];
            if (removed.Length > 0)
                pruned[layer] = removed;
            if (heads == 0)
                Place(places, BertParameters.HeadRows(layer), BertParameters.HeadColumns(layer), config.HeadSize, []);
            int[] neurons = [.. Enumerable.Range(0, config.IntermediateOf(layer))];
            if (neurons.Length < widest)
                Place(places, [BertParameters.NeuronRows(layer)], BertParameters.NeuronColumns(layer), widest, neurons);
        }
        return (
            config with
            {
                IntermediateSize = widest,
                PrunedHeads = pruned,
                Ticket =
                    pruned.Count == 0
                        ? null
                        : TicketConfig.FromPrunedHeads(pruned, layers.Length, config.NumAttentionHeads, widest),
            },
            places
        );
    }

    private static void Place(
        Dictionary<string, TensorPlace> places,
        IReadOnlyList<string> rows,
        string columns,
        int size,
        int[] index
    )
    {
        foreach (var name in rows)
        {
            places[BertParameters.Weight(name)] = new TensorPlace(0, size, index);
            places[BertParameters.Bias(name)] = new TensorPlace(0, size, index);
        }
        places[columns] = new TensorPlace(1, size, index);
    }
}
