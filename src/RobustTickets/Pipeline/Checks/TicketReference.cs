// Tickets named by a recipe, checked against the checkpoint before data are read, so that a ticket
// of another shape is rejected early. The content of a named ticket is part of the run's input
// fingerprint.
using System.Globalization;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Torch;

namespace RobustTickets.Pipeline.Checks;

/// <summary>Checks the ticket named by a recipe's search.</summary>
internal static class TicketReference
{
    /// <summary>
    /// Throws if the ticket does not fit the checkpoint; returns the identity of a named ticket, or
    /// null.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="config">Shape of the checkpoint.</param>
    /// <param name="run">Run folder, relative to which ticket paths may be given.</param>
    /// <exception cref="CheckpointException">A ticket is missing, corrupt, or of another
    /// shape.</exception>
    /// <exception cref="RecipeException">The sparsity differs from the named ticket's.</exception>
    internal static string? Require(Recipe recipe, HuggingFaceConfig config, string run)
    {
        var shape = BertFiles.ConfigOf(config, 2);
        switch (recipe.Search)
        {
            case RandomWeightSearchOptions { Ticket: { } ticket }:
                var named = Find(ticket, run);
                var like = TicketFolder.ReadWeights(named);
                like.RequireShapes(BertShapes.OfMaskable(shape), named);
                if (recipe.Draw is WeightDrawOptions { Sparsity: var asked } && Math.Abs(asked - like.Sparsity) > 0.005)
                {
                    throw new RecipeException(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"draw.sparsity: is {asked}, but the ticket whose counts it matches ({named}) has "
                                + $"{like.Sparsity:0.####}; use that value"
                        )
                    );
                }
                return WeightTickets.Hash(like);
            case SavedTicketSearchOptions search:
                var place = Find(search.Ticket, run);
                return Saved(TicketFolder.Read(TicketFolder.Find(place)), place, shape, recipe.Draw);
            default:
                return null;
        }
    }

    /// <summary>
    /// Path of the ticket named by a recipe: next to the run (so that folders of runs that refer to
    /// each other can be moved), or relative to the current directory.
    /// </summary>
    /// <param name="named">The path in the recipe.</param>
    /// <param name="run">Run folder.</param>
    /// <param name="field">The field that names it.</param>
    /// <exception cref="RecipeException">Both paths exist.</exception>
    internal static string Find(string named, string run, string field = "search.ticket")
    {
        if (Path.IsPathRooted(named))
            return named;
        var beside = Path.GetFullPath(Path.Combine(run, "..", named));
        if (!Directory.Exists(beside))
            return named;
        if (!Directory.Exists(named) || Path.GetFullPath(named) == beside)
            return beside;
        throw new RecipeException(
            $"{field}: \"{named}\" exists both next to the run ({beside}) and in the current directory "
                + $"({Path.GetFullPath(named)}); give the full path of the intended one"
        );
    }

    private static string Saved(ITicketMask ticket, string path, BertConfig shape, TicketDraw? draw)
    {
        switch (ticket)
        {
            case WeightMask mask:
                mask.RequireShapes(BertShapes.OfMaskable(shape), path);
                if (draw is not WeightDrawOptions weights)
                    return WeightTickets.Hash(mask);
                using (torch.scope())
                {
                    var drawn = WeightTickets.Draw(TicketFolder.Find(path), mask, weights.Sparsity).Mask;
                    if (drawn.Kept == 0 || drawn.Kept == drawn.Count)
                        throw new RecipeException(
                            string.Create(
                                CultureInfo.InvariantCulture,
                                $"draw.sparsity: {weights.Sparsity} prunes {(drawn.Kept == 0 ? "all" : "none")} of the "
                                    + $"scores of {path}"
                            )
                        );
                    return WeightTickets.Hash(drawn);
                }
            case StructuredMask mask:
                if (draw is WeightDrawOptions)
                    throw new RecipeException(
                        $"draw: {path} is a ticket of heads and neurons, so no weight sparsity can be drawn from it; "
                            + $"set draw to {{\"kind\":\"as-saved\"}}"
                    );
                var (heads, neurons) = (mask.Heads.Select(l => l.Length), mask.Neurons.Select(l => l.Length));
                if (!heads.SequenceEqual(shape.HeadsPerLayer) || !neurons.SequenceEqual(shape.NeuronsPerLayer))
                {
                    throw new TicketShapeException(
                        $"{path}: is a ticket for layers of {string.Join(", ", heads)} heads and "
                            + $"{string.Join(", ", neurons)} neurons, the checkpoint has "
                            + $"{string.Join(", ", shape.HeadsPerLayer)} and "
                            + $"{string.Join(", ", shape.NeuronsPerLayer)}; a ticket fits only a checkpoint of the "
                            + "same shape"
                    );
                }
                return string.Join(
                    ';',
                    mask.Heads.Concat(mask.Neurons).Select(l => string.Concat(l.Select(k => k ? '1' : '0')))
                );
            default:
                throw new NotSupportedException($"no shape check of {ticket.GetType().Name}");
        }
    }
}
