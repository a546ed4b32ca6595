using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Tickets.Files;

/// <summary>Provenance of a ticket.</summary>
/// <param name="Base">Name of the pre-trained folder.</param>
/// <param name="Seed">Seed of the recipe.</param>
/// <param name="RecipeHash">SHA-256 of the recipe.</param>
/// <param name="InputFingerprint">SHA-256 of the encoded examples and the pre-trained
/// weights.</param>
internal sealed record TicketProvenance(string Base, int Seed, string RecipeHash, string InputFingerprint);

/// <summary>A ticket saved on disk: its mask and provenance.</summary>
/// <param name="Folder">The ticket folder.</param>
/// <param name="Mask">The kept heads and neurons, or single weights.</param>
/// <param name="Facts">ticket.json: rule, step, base, seed, hashes.</param>
public sealed record SavedTicket(string Folder, ITicketMask Mask, JsonObject Facts)
{
    /// <summary>Reads a ticket from a ticket folder or a run folder.</summary>
    /// <exception cref="CheckpointException">There is no ticket, or it is corrupt.</exception>
    public static SavedTicket Load(string path)
    {
        var folder = TicketFolder.Find(path);
        var mask = TicketFolder.Read(folder);
        return new SavedTicket(folder, mask, JsonFile.Object(Path.Combine(folder, TicketFolder.File)));
    }
}
