// Tickets that need no search: one-shot magnitude pruning (spec 10.2), random positions with
// another ticket's counts (spec 10.3, 15.13), and tickets saved before.
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Recipes;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Torch;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Draws tickets at once.</summary>
internal static class DrawnTicketRun
{
    /// <summary>The smallest absolute weights of the pre-trained network go.</summary>
    internal static WeightMask OneShot(RunSession session, WeightDrawOptions draw)
    {
        using var model = session.Checkpoint0();
        var mask = WeightDraw.ByMagnitude(
            [.. BertParameters.Maskable(model.Config).Select(site => (site, model.Store[BertParameters.Weight(site)]))],
            draw.Sparsity
        );
        WeightTickets.Conclude(session, "one-shot", mask, draw.Sparsity, StageTally.Zero, null);
        return mask;
    }

    /// <summary>Random positions.</summary>
    internal static WeightMask Random(RunSession session, RandomWeightSearch search, WeightDrawOptions draw)
    {
        using var model = session.Checkpoint0();
        var folder = search.Ticket is { } named ? TicketInputs.Place(named, session.Folder.Path) : null;
        var like = folder is null ? null : TicketInputs.Weights(folder);
        var matrices = FixedMasks.Shapes(model).Select(s => (s.Site, Rows: s.Shape[0], Columns: s.Shape[1])).ToArray();
        like?.RequireShapes(FixedMasks.Shapes(model), folder!);
        // Six matrices a layer, in the order of the forward pass; the pooler comes last and alone.
        var pools = search.Pool == RandomPool.Matrix ? matrices.Chunk(1) : matrices.Chunk(6);
        var mask = WeightDraw.Random(
            [.. pools.Select(pool => ((IReadOnlyList<(string, long, long)>)pool, pool.Sum(Kept)))],
            session.StageKey(SearchRun.Stage)
        );
        WeightTickets.Conclude(session, "random-weights", mask, draw.Sparsity, StageTally.Zero, null);
        return mask;

        long Kept((string Site, long Rows, long Columns) m)
        {
            var count = m.Rows * m.Columns;
            return like?.Of(m.Site)!.Kept ?? count - WeightDraw.PrunedCount(count, draw.Sparsity);
        }
    }

    /// <summary>A ticket drawn before, as it is or, from its scores, at another sparsity.</summary>
    internal static ITicketMask Saved(RunSession session, SavedTicketSearch search, TicketDraw draw)
    {
        var folder = TicketInputs.Resolve(TicketInputs.Place(search.Ticket, session.Folder.Path));
        if (draw is WeightDrawOptions weights)
        {
            using var scope = torch.scope();
            var mask = WeightTickets.Draw(folder, TicketInputs.Weights(folder), weights.Sparsity, out var scores);
            WeightTickets.Conclude(
                session,
                scores is null ? "saved-round" : "saved-scores",
                mask,
                weights.Sparsity,
                StageTally.Zero,
                scores
            );
            return mask;
        }
        var ticket = TicketFolder.Read(folder);
        AtomicFolder.Create(
            session.Folder.TicketFolder,
            target =>
            {
                var json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, TicketFolder.File)))!;
                json["saved_from"] = Path.GetFileName(Path.GetDirectoryName(folder));
                AtomicFile.WriteAllText(Path.Combine(target, TicketFolder.File), json.ToJsonString() + "\n");
                foreach (var name in WeightTickets.Files.Where(name => File.Exists(Path.Combine(folder, name))))
                    File.Copy(Path.Combine(folder, name), Path.Combine(target, name));
            },
            replace: true
        );
        session.Ticket = ticket switch
        {
            WeightMask mask => WeightTickets.Summary("saved", mask, StageTally.Zero, default),
            StructuredMask mask => new TicketSummary(
                "saved",
                0,
                0,
                0,
                0,
                true,
                mask.Heads.Sum(l => l.Length),
                mask.HeadsKept,
                mask.Neurons.Sum(l => l.Length),
                mask.NeuronsKept,
                [.. mask.Heads.Select(l => l.Count(k => k))],
                [.. mask.Neurons.Select(l => l.Count(k => k))]
            ),
            _ => throw new NotSupportedException($"no summary of {ticket.GetType().Name}"),
        };
        return ticket;
    }
}
