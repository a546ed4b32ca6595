// What a recipe asks of a model that only the model's shape can answer, before data are read and
// anything is written: whether the ratios leave every layer something.
using RobustTickets.Checkpoints;
using RobustTickets.Recipes.Validation;
using RobustTickets.Tickets;

namespace RobustTickets.Pipeline;

/// <summary>Checks a structured draw against the model it would cut.</summary>
internal static class TicketFit
{
    /// <summary>
    /// Throws when a draw would leave a layer without heads, or without the neurons that the recipe
    /// guards.
    /// </summary>
    /// <exception cref="RecipeException">It would; the message gives the counts and the largest
    /// ratio that fits.</exception>
    internal static void Require(Recipe recipe, HuggingFaceConfig config)
    {
        if (recipe.Draw is not DrawOptions draw)
            return;
        int layers = config.NumHiddenLayers,
            heads = config.NumAttentionHeads,
            neurons = config.IntermediateSize;
        Check("draw.head-ratio", draw.HeadRatio, "heads", layers, heads, 1, draw.HeadScope == HeadScope.Layerwise);
        if (draw.Ties == TieRule.Rank)
            Check(
                "draw.neuron-ratio",
                draw.NeuronRatio,
                "neurons",
                layers,
                neurons,
                draw.MinNeuronsPerLayer,
                draw.NeuronScope == NeuronScope.Layerwise
            );
    }

    private static void Check(
        string path,
        double ratio,
        string units,
        int layers,
        int perLayer,
        int guard,
        bool layerwise
    )
    {
        var (total, kept) = layerwise ? (perLayer, guard) : (layers * perLayer, layers * guard);
        var pruned = DrawRule.PrunedCount(total, ratio);
        if (pruned <= total - kept)
            return;
        // floor(r (n - 1)) + 1 <= n - kept.
        var largest = total - kept <= 0 ? 0 : Math.Floor(1000.0 * (total - kept) / Math.Max(1, total - 1)) / 1000;
        var where = layerwise ? $"of each layer's {perLayer}" : $"of the model's {total}";
        throw new RecipeException(
            $"{path}: {RecipeProblems.Show(ratio)} would prune {pruned} {where} {units}, but each of the "
                + $"{layers} layers keeps at least {guard}; possible: "
                + $"{(largest > 0 ? $"below {RecipeProblems.Show(largest)}" : "0")}"
        );
    }
}
