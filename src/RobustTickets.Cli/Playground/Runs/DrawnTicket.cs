// The ticket of a run folder, layer by layer, and two of them side by side (as ticket show and
// ticket diff count them).
using RobustTickets.Checkpoints;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;

namespace RobustTickets.Cli.Playground.Runs;

/// <summary>What a ticket keeps.</summary>
/// <param name="Kind"><c>structured</c> or <c>weights</c>.</param>
/// <param name="Layers">Heads and neurons; null for a ticket of single weights.</param>
/// <param name="Parts">Kept entries by part, in the order of the forward pass.</param>
/// <param name="Facts">Where it came from: name and value.</param>
internal sealed record DrawnTicket(
    string Kind,
    IReadOnlyList<MaskLayer>? Layers,
    IReadOnlyList<TicketPart> Parts,
    IReadOnlyList<string[]> Facts
)
{
    /// <summary>
    /// The layers of a ticket; none where it is one of single weights, or broken (the page of
    /// tickets says of what).
    /// </summary>
    /// <param name="file">Its <c>ticket.json</c>.</param>
    public static IReadOnlyList<MaskLayer> LayersOf(string file)
    {
        try
        {
            // The masks of single weights are large and have no layers to draw.
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
    /// <exception cref="CheckpointException">There is none, or it is broken.</exception>
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

/// <summary>Two tickets of one shape.</summary>
/// <param name="Parts">Part by part.</param>
/// <param name="Totals">By kind of part, and over all.</param>
internal sealed record TicketComparison(IReadOnlyList<PartDifference> Parts, IReadOnlyList<PartDifference> Totals)
{
    /// <summary>Compares the tickets of two runs.</summary>
    /// <exception cref="CheckpointException">One has none, or it is broken.</exception>
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
