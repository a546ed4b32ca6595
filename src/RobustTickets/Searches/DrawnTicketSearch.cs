// Tickets that need no search: one-shot magnitude pruning, random positions with another ticket's
// counts (RobusT 4.2), and saved tickets.
using RobustTickets.Checkpoints.Files;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Torch;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Draws tickets without a search.</summary>
internal static class DrawnTicketSearch
{
    private const string Rule = "saved";

    /// <summary>Prunes the smallest absolute weights of the pre-trained network.</summary>
    internal static FoundTicket OneShot(SearchContext context, WeightDrawOptions draw)
    {
        using var model = context.PreTrained();
        var mask = WeightDraw.ByMagnitude(
            [.. BertParameters.Maskable(model.Config).Select(site => (site, model.Store[BertParameters.Weight(site)]))],
            draw.Sparsity
        );
        return context.Write("one-shot", mask, draw.Sparsity, StageTally.Zero);
    }

    /// <summary>Keeps random positions.</summary>
    /// <param name="context">Model and output folder.</param>
    /// <param name="search">The pools to draw from.</param>
    /// <param name="draw">The sparsity, if no ticket is matched.</param>
    /// <param name="folder">The ticket whose counts are matched, or null.</param>
    internal static FoundTicket Random(
        SearchContext context,
        RandomWeightSearchOptions search,
        WeightDrawOptions draw,
        string? folder
    )
    {
        using var model = context.PreTrained();
        var like = folder is null ? null : TicketFolder.ReadWeights(folder);
        var matrices = FixedMasks.Shapes(model).Select(s => (s.Site, Rows: s.Shape[0], Columns: s.Shape[1])).ToArray();
        like?.RequireShapes(FixedMasks.Shapes(model), folder!);
        // One pool per matrix, or one per layer; the pooler is a layer of its own.
        var pools =
            search.Pool == RandomPool.Matrix
                ? matrices.Chunk(1)
                : matrices.GroupBy(m => BertParameters.LayerOf(m.Site)).Select(layer => layer.ToArray());
        var mask = WeightDraw.Random(
            [.. pools.Select(pool => ((IReadOnlyList<(string, long, long)>)pool, pool.Sum(Kept)))],
            context.Stages.KeyOf(StageName.Search)
        );
        return context.Write("random-weights", mask, draw.Sparsity, StageTally.Zero);

        long Kept((string Site, long Rows, long Columns) m)
        {
            var count = m.Rows * m.Columns;
            return like?.Of(m.Site)!.Kept ?? count - WeightDraw.PrunedCount(count, draw.Sparsity);
        }
    }

    /// <summary>
    /// Loads a saved ticket, unchanged or drawn from its scores at another sparsity.
    /// </summary>
    /// <param name="context">Output folder of the new ticket.</param>
    /// <param name="ticketOrRun">Path of the saved ticket.</param>
    /// <param name="draw">Unchanged, or another sparsity.</param>
    internal static FoundTicket Saved(SearchContext context, string ticketOrRun, TicketDraw draw)
    {
        var folder = TicketFolder.Find(ticketOrRun);
        if (draw is WeightDrawOptions weights)
        {
            using var scope = torch.scope();
            var drawn = WeightTickets.Draw(folder, TicketFolder.ReadWeights(folder), weights.Sparsity);
            return context.Write(
                drawn.Scores is null ? "saved-round" : "saved-scores",
                drawn.Mask,
                weights.Sparsity,
                StageTally.Zero,
                scores: drawn.Scores,
                rounds: drawn.Rounds
            );
        }
        var ticket = TicketFolder.Read(folder);
        if (context.Store.Writes)
            Copy(folder, context.TicketFolder);
        return ticket switch
        {
            WeightMask mask => FoundTicket.Of(Rule, mask, StageTally.Zero, default),
            StructuredMask mask => FoundTicket.Of(Rule, mask, default, default, converged: true),
            _ => throw new NotSupportedException($"no summary of {ticket.GetType().Name}"),
        };
    }

    private static void Copy(string folder, string to) =>
        AtomicFolder.Create(
            to,
            target =>
            {
                var json = JsonFile.Object(Path.Combine(folder, TicketFolder.File));
                json["saved_from"] = Path.GetFileName(Path.GetDirectoryName(folder));
                AtomicFile.WriteAllText(Path.Combine(target, TicketFolder.File), json.ToJsonString() + "\n");
                foreach (var file in WeightTickets.FilesOf(folder))
                    SourceFile.Copy(file, Path.Combine(target, Path.GetFileName(file)));
            },
            replace: true
        );
}
