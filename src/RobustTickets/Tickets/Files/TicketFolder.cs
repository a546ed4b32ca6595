// The ticket folder of a run: the mask with its provenance (ticket.json), the snapshots it was
// drawn from and their distances.
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Tickets.Files;

/// <summary>Reads and writes ticket folders.</summary>
internal static class TicketFolder
{
    internal const string File = "ticket.json";

    /// <summary>File of the coefficients recorded by a slimming search.</summary>
    internal const string Snapshots = "coefficients.safetensors";

    private const string Structured = "structured";

    /// <summary>Upper limit for heads or neurons of a layer, far above any model's.</summary>
    private const int MostUnits = 1 << 20;

    /// <summary>Writes the ticket of a slimming search.</summary>
    /// <param name="path">The folder; written atomically.</param>
    /// <param name="provenance">Provenance of the ticket.</param>
    /// <param name="snapshots">The coefficients it was drawn from.</param>
    /// <param name="mask">The kept heads and neurons.</param>
    /// <param name="draw">Options of the draw.</param>
    /// <param name="rule">The stop rule.</param>
    /// <param name="drawnAt">Step of the snapshot it was drawn from.</param>
    internal static void Write(
        string path,
        TicketProvenance provenance,
        SnapshotList snapshots,
        StructuredMask mask,
        DrawOptions draw,
        string rule,
        long drawnAt
    )
    {
        var ticket = new JsonObject
        {
            ["schema_version"] = 1,
            ["kind"] = Structured,
            ["rule"] = rule,
            ["source_step"] = drawnAt,
            ["head_ratio"] = draw.HeadRatio,
            ["neuron_ratio"] = draw.NeuronRatio,
            ["base"] = provenance.Base,
            ["seed"] = provenance.Seed,
            ["heads"] = Counts(mask.Heads),
            ["neurons"] = Counts(mask.Neurons),
            ["heads_kept"] = Lists(mask.Heads),
            ["neurons_kept"] = Lists(mask.Neurons),
        };
        AtomicFolder.Create(
            path,
            folder =>
            {
                AtomicFile.WriteAllText(Path.Combine(folder, File), ticket.ToJsonString() + "\n");
                AtomicFile.WriteAllText(
                    Path.Combine(folder, "distances.json"),
                    snapshots.Distances(draw).ToJsonString() + "\n"
                );
                snapshots.Write(Path.Combine(folder, Snapshots));
            },
            replace: true
        );

        static JsonArray Counts(bool[][] layers) => new([.. layers.Select(l => (JsonNode)l.Length)]);
        static JsonArray Lists(bool[][] layers) =>
            new([.. layers.Select(l => new JsonArray([.. StructuredMask.Kept(l).Select(i => (JsonNode)i)]))]);
    }

    /// <summary>The ticket folder for a path: the path itself, or a run's ticket folder.</summary>
    internal static string Find(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var inside = Path.Combine(full, "ticket");
        return !System.IO.File.Exists(Path.Combine(full, File)) && System.IO.File.Exists(Path.Combine(inside, File))
            ? inside
            : full;
    }

    /// <summary>Reads a ticket of single weights.</summary>
    /// <param name="path">Ticket or run folder.</param>
    /// <exception cref="CheckpointException">The ticket is of another kind, or missing.</exception>
    internal static WeightMask ReadWeights(string path) =>
        Read(Find(path)) as WeightMask
        ?? throw new CheckpointException($"{path}: is a ticket of heads and neurons; one of single weights is needed");

    /// <summary>Whether a ticket.json is of a structured ticket (heads and neurons).</summary>
    /// <exception cref="System.Text.Json.JsonException">The file is not JSON.</exception>
    internal static bool IsStructured(string file) =>
        JsonNode.Parse(System.IO.File.ReadAllText(file)) is JsonObject ticket
        && (ticket["kind"] is not { } kind || kind.ToString() == Structured);

    /// <summary>Reads the mask of a ticket folder.</summary>
    /// <exception cref="CheckpointException">The ticket is missing, malformed or of an unknown
    /// kind.</exception>
    internal static ITicketMask Read(string folder)
    {
        var file = Path.Combine(folder, File);
        if (!System.IO.File.Exists(file))
            throw new CheckpointException(
                Directory.Exists(folder)
                    ? $"{file}: no such file, so this folder holds no ticket; a run has one, in ticket/, once the "
                        + "search "
                        + "of its recipe has finished"
                    : $"{folder}: no such folder; a run folder or a ticket folder is needed"
            );
        try
        {
            var ticket = JsonFile.Object(file);
            return (string?)ticket["kind"] switch
            {
                // Tickets without a kind (from early versions) are structured.
                null or Structured => ReadStructured(ticket),
                WeightTickets.Kind => WeightTickets.Read(folder, ticket),
                var other => throw new CheckpointException(
                    $"{file}: unknown kind \"{other}\"; possible: {Structured}, {WeightTickets.Kind}"
                ),
            };
        }
        catch (Exception e)
            when (e
                    is IOException
                        or NullReferenceException
                        or InvalidOperationException
                        or FormatException
                        or OverflowException
                        or IndexOutOfRangeException
            )
        {
            throw new CheckpointException($"{file}: is not a ticket ({e.Message})", e);
        }
    }

    private static StructuredMask ReadStructured(JsonNode ticket)
    {
        return new StructuredMask(Masks("heads"), Masks("neurons"));

        bool[][] Masks(string kind) =>
            ticket[kind]!
                .AsArray()
                .Zip(
                    ticket[$"{kind}_kept"]!.AsArray(),
                    (size, kept) =>
                    {
                        var units = (int)size!;
                        if (units is < 0 or > MostUnits)
                            throw new FormatException($"{units} {kind} in a layer; possible: 0 to {MostUnits}");
                        var mask = new bool[units];
                        foreach (var i in kept!.AsArray())
                            mask[(int)i!] = true;
                        return mask;
                    }
                )
                .ToArray();
    }
}
