// The ticket of a run folder by layer, and the comparison of two (counted as in ticket show and
// ticket diff).
using RobustTickets.Checkpoints;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;

namespace RobustTickets.Cli.Playground.Runs;

/// <summary>What a ticket keeps.</summary>
/// <param name="Kind"><c>structured</c> or <c>weights</c>.</param>
/// <param name="Layers">Heads and neurons; null for an unstructured ticket.</param>
/// <param name="Parts">Number of kept entries by part, in forward-pass order.</param>
/// <param name="Facts">Its origin: name and value.</param>
internal sealed record DrawnTicket(
    string Kind,
    IReadOnlyList<MaskLayer>? Layers,
    IReadOnlyList<TicketPart> Parts,
    IReadOnlyList<string[]> Facts
)
{
    /// <summary>
    /// The layers of a ticket; empty if it is unstructured or corrupt (the ticket page reports the
    /// reason).
    /// </summary>
    /// <param name="file">Its <c>ticket.json</c>.</param>
    public static IReadOnlyList<MaskLayer> LayersOf(string file)
    {
        try
        {
            // Unstructured masks are large and have no layers to draw.
            return
                TicketFolder.IsStructured(file)
                && TicketFolder.Read(Path.GetDirectoryName(file)!) is StructuredMask mask
                ? MaskLayers.Of(mask)
                : [];
        }
        catch (Exception e)
            when (e
                    is CheckpointException
                        or System.Text.Json.JsonException
                        or IOException
                        or UnauthorizedAccessException
            )
        {
            return [];
        }
    }

    /// <summary>The ticket of a run.</summary>
    /// <exception cref="CheckpointException">The ticket is missing or corrupt.</exception>
    public static DrawnTicket Of(string run)
    {
        var ticket = SavedTicket.Load(run);
        return new DrawnTicket(
            ticket.Mask is StructuredMask ? "structured" : "weights",
            ticket.Mask is StructuredMask mask ? MaskLayers.Of(mask) : null,
            TicketParts.Of(ticket.Mask),
            [
                .. ticket
                    .Facts.Where(f => f.Value is System.Text.Json.Nodes.JsonValue)
                    .Select(f => (string[])[f.Key, f.Value!.ToString()]),
            ]
        );
    }
}

/// <summary>Comparison of two tickets with the same shape.</summary>
/// <param name="Parts">Differences by part.</param>
/// <param name="Totals">Differences by kind of part, and in total.</param>
internal sealed record TicketComparison(IReadOnlyList<PartDifference> Parts, IReadOnlyList<PartDifference> Totals)
{
    /// <summary>Compares the tickets of two runs.</summary>
    /// <exception cref="CheckpointException">A ticket is missing or corrupt.</exception>
    /// <exception cref="TicketShapeException">They differ in kind or shape.</exception>
    public static TicketComparison Of(string run, string other, string name, string otherName)
    {
        var parts = TicketParts.Compare(SavedTicket.Load(run).Mask, SavedTicket.Load(other).Mask, name, otherName);
        return new TicketComparison(
            parts,
            [
                .. parts
                    .GroupBy(p => p.Kind)
                    .Where(g => g.Count() > 1)
                    .Select(g => TicketParts.Total([.. g]) with { Kind = g.Key }),
                TicketParts.Total(parts),
            ]
        );
    }
}
