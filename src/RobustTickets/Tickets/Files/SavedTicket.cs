using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Pipeline;
using RobustTickets.Tickets;

namespace RobustTickets.Tickets.Files;

/// <summary>A ticket as it lies on disk: what it keeps, and where it came from.</summary>
/// <param name="Folder">The ticket folder.</param>
/// <param name="Mask">What it keeps: heads and neurons, or single weights.</param>
/// <param name="Facts">ticket.json: rule, step, base, seed, hashes.</param>
public sealed record SavedTicket(string Folder, ITicketMask Mask, JsonObject Facts)
{
    /// <summary>Reads the ticket of a ticket folder or of a run folder.</summary>
    /// <exception cref="CheckpointException">There is none, or it is broken.</exception>
    public static SavedTicket Load(string path)
    {
        var folder = TicketInputs.Resolve(path);
        var mask = TicketFolder.Read(folder);
        return new SavedTicket(
            folder,
            mask,
            JsonNode.Parse(File.ReadAllText(Path.Combine(folder, TicketFolder.File)))!.AsObject()
        );
    }
}
