// Ticket folders of single weights: ticket.json (counts, provenance with hashes), masks.safetensors
// (one bit per weight, as bytes), scores.safetensors after a mask search, and round-N.safetensors
// with each round's mask after magnitude pruning.
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Kernels.Masks;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Tickets.Files;

/// <summary>Scores that a ticket was drawn from.</summary>
/// <param name="Layout">How groups are laid out over a matrix.</param>
/// <param name="Scores">Scores [R, C] of each layer.</param>
internal sealed record SavedScores(MaskLayout Layout, IReadOnlyList<(string Site, Tensor Scores)> Scores);

/// <summary>A ticket of single weights to write.</summary>
/// <param name="Rule">Rule of the search.</param>
/// <param name="Mask">The kept weights.</param>
/// <param name="Sparsity">Target fraction of pruned weights.</param>
/// <param name="Step">Step of the search after which it was drawn.</param>
/// <param name="HeadsPerLayer">Heads per layer before pruning.</param>
internal sealed record WeightTicket(string Rule, WeightMask Mask, double Sparsity, long Step, int HeadsPerLayer)
{
    /// <summary>The scores it was drawn from, or null.</summary>
    internal SavedScores? Scores { get; init; }

    /// <summary>The masks of all pruning rounds, its own last.</summary>
    internal IReadOnlyList<WeightMask> Rounds { get; init; } = [];
}

/// <summary>A mask drawn from a saved ticket.</summary>
/// <param name="Mask">The kept weights.</param>
/// <param name="Scores">The scores it was drawn from, or null.</param>
/// <param name="Rounds">The masks of the pruning rounds up to its own; empty if it is none of
/// them.</param>
internal sealed record DrawnWeights(WeightMask Mask, SavedScores? Scores, IReadOnlyList<WeightMask> Rounds);

/// <summary>Reads and writes tickets of single weights.</summary>
internal static class WeightTickets
{
    internal const string Kind = "weights";

    private const string MasksFile = "masks.safetensors",
        ScoresFile = "scores.safetensors",
        LayoutKey = "layout";

    /// <summary>The files of a ticket other than ticket.json.</summary>
    internal static IEnumerable<string> FilesOf(string folder) =>
        ((string[])[MasksFile, ScoresFile])
            .Select(name => Path.Combine(folder, name))
            .Where(File.Exists)
            .Concat(Rounds(folder));

    /// <summary>Writes a ticket folder atomically.</summary>
    internal static void Write(string path, TicketProvenance provenance, WeightTicket written)
    {
        var mask = written.Mask;
        var ticket = new JsonObject
        {
            ["schema_version"] = 1,
            ["kind"] = Kind,
            ["rule"] = written.Rule,
            ["source_step"] = written.Step,
            ["sparsity"] = written.Sparsity,
            ["base"] = provenance.Base,
            ["seed"] = provenance.Seed,
            ["weights"] = mask.Count,
            ["kept"] = mask.Kept,
            ["recipe_sha256"] = provenance.RecipeHash,
            ["inputs_sha256"] = provenance.InputFingerprint,
            ["masks_sha256"] = Hash(mask),
            ["matrices"] = new JsonArray([
                .. mask.Matrices.Select(m => new JsonObject
                {
                    ["name"] = m.Site,
                    ["rows"] = m.Rows,
                    ["columns"] = m.Columns,
                    ["kept"] = m.Kept,
                }),
            ]),
            ["head_weights_kept"] = Heads(mask, written.HeadsPerLayer),
        };
        AtomicFolder.Create(
            path,
            folder =>
            {
                AtomicFile.WriteAllText(Path.Combine(folder, TicketFolder.File), ticket.ToJsonString() + "\n");
                WriteMasks(Path.Combine(folder, MasksFile), mask);
                for (var i = 0; i < written.Rounds.Count; i++)
                    WriteMasks(RoundFile(folder, i + 1), written.Rounds[i]);
                if (written.Scores is not { } scores)
                    return;
                SafetensorsWriter.WriteStreamed(
                    Path.Combine(folder, ScoresFile),
                    scores.Scores.Select(s => BertFiles.Stream(s.Site, s.Scores)),
                    new Dictionary<string, string>
                    {
                        [LayoutKey] = scores.Layout == MaskLayout.Blocks ? "blocks" : "strided",
                    }
                );
            },
            replace: true
        );
    }

    /// <summary>File of a round's mask, from round 1.</summary>
    internal static string RoundFile(string folder, int round) =>
        Path.Combine(folder, FormattableString.Invariant($"round-{round}.safetensors"));

    /// <summary>The round files in a folder, in order.</summary>
    internal static IEnumerable<string> Rounds(string folder) =>
        Enumerable.Range(1, int.MaxValue).Select(round => RoundFile(folder, round)).TakeWhile(File.Exists);

    /// <summary>
    /// Draws a mask of another sparsity from a ticket folder: from its scores, or the mask of one
    /// of its rounds.
    /// </summary>
    /// <param name="folder">The ticket folder.</param>
    /// <param name="saved">Its own mask.</param>
    /// <param name="sparsity">Fraction of weights to prune.</param>
    /// <exception cref="CheckpointException">The folder has neither scores nor such a round; the
    /// message says what is possible.</exception>
    internal static DrawnWeights Draw(string folder, WeightMask saved, double sparsity)
    {
        if (File.Exists(Path.Combine(folder, ScoresFile)) || !Rounds(folder).Any())
        {
            var (layout, found) = ReadScores(folder);
            var mask = WeightDraw.ByScore(
                [
                    .. found.Select(s =>
                        (s.Site, s.Scores, saved.Of(s.Site) is { } m ? (long[])[m.Rows, m.Columns] : [])
                    ),
                ],
                layout,
                sparsity
            );
            return new DrawnWeights(mask, new SavedScores(layout, found), []);
        }
        var rounds = Rounds(folder).Select(ReadMasks).ToArray();
        var drawn = Array.FindIndex(rounds, r => r.Count - r.Kept == WeightDraw.PrunedCount(r.Count, sparsity));
        return drawn >= 0
            ? new DrawnWeights(rounds[drawn], null, rounds[..(drawn + 1)])
            : throw new CheckpointException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{folder}: was pruned in rounds, none of which has sparsity {sparsity}; possible "
                        + $"draw.sparsity: {string.Join(", ", rounds.Select(SparsityText))}"
                )
            );
    }

    private static string SparsityText(WeightMask mask) =>
        mask.Sparsity.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>
    /// Number of kept weights in the query, key and value rows of each head, layer by layer (RobusT
    /// Figure 3).
    /// </summary>
    private static JsonArray Heads(WeightMask mask, int heads)
    {
        var layers = new JsonArray();
        for (
            var layer = 0;
            BertParameters.HeadRows(layer).Select(mask.Of).OfType<MatrixMask>().ToArray() is { Length: > 0 } matrices;
            layer++
        )
        {
            layers.Add(
                new JsonArray([
                    .. Enumerable
                        .Range(0, heads)
                        .Select(h =>
                            (JsonNode)matrices.Sum(m => m.KeptInRows(m.Rows * h / heads, m.Rows * (h + 1) / heads))
                        ),
                ])
            );
        }
        return layers;
    }

    /// <summary>Writes masks as bytes of eight weights each.</summary>
    internal static void WriteMasks(string path, WeightMask mask) =>
        SafetensorsWriter.Write(
            path,
            mask.Matrices.Select(m => new NamedTensor(
                m.Site,
                TensorElement.U8,
                [m.Words.Length * sizeof(ulong)],
                MemoryMarshal.AsBytes(m.Words.Span).ToArray()
            )),
            mask.Matrices.ToDictionary(m => m.Site, m => FormattableString.Invariant($"{m.Rows}x{m.Columns}"))
        );

    /// <summary>Reads masks in the order of the forward pass.</summary>
    /// <exception cref="CheckpointException">The file is missing or contains no masks.</exception>
    internal static WeightMask ReadMasks(string path)
    {
        using var file = SafetensorsFile.Open(path);
        try
        {
            var matrices = file.Tensors.Select(t =>
            {
                var shape = file.Metadata[t.Name].Split('x');
                return new MatrixMask(
                    t.Name,
                    long.Parse(shape[0], CultureInfo.InvariantCulture),
                    long.Parse(shape[1], CultureInfo.InvariantCulture),
                    MemoryMarshal.Cast<byte, ulong>(file.Bytes(t.Name).Span).ToArray()
                );
            });
            return new WeightMask([.. matrices.OrderBy(m => BertParameters.MaskableOrder(m.Site))]);
        }
        catch (Exception e)
            when (e is KeyNotFoundException or FormatException or IndexOutOfRangeException or ArgumentException)
        {
            throw new CheckpointException($"{path}: holds no masks ({e.Message})", e);
        }
    }

    /// <summary>
    /// Reads the mask of a ticket folder with the given ticket.json, and checks its hash.
    /// </summary>
    /// <exception cref="CheckpointException">The masks are missing, malformed, or have another
    /// hash.</exception>
    internal static WeightMask Read(string folder, JsonNode ticket)
    {
        var mask = ReadMasks(Path.Combine(folder, MasksFile));
        if ((string?)ticket["masks_sha256"] != Hash(mask))
            throw new CheckpointException(
                $"{Path.Combine(folder, MasksFile)}: these are not the masks that {TicketFolder.File} was "
                    + "written with (masks_sha256)"
            );
        return mask;
    }

    /// <summary>Reads the scores of a ticket folder.</summary>
    /// <exception cref="CheckpointException">The ticket was saved without scores.</exception>
    internal static (MaskLayout Layout, IReadOnlyList<(string Site, Tensor Scores)> Scores) ReadScores(string folder)
    {
        var path = Path.Combine(folder, ScoresFile);
        if (!File.Exists(path))
            throw new CheckpointException(
                $"{folder}: holds neither scores nor masks of pruning rounds, so only its saved mask can be used; set "
                    + "draw to "
                    + $"{{\"kind\":\"as-saved\"}}"
            );
        using var file = SafetensorsFile.Open(path);
        var layout = file.Metadata.GetValueOrDefault(LayoutKey) == "blocks" ? MaskLayout.Blocks : MaskLayout.Strided;
        return (
            layout,
            [
                .. file
                    .Tensors.OrderBy(t => BertParameters.MaskableOrder(t.Name))
                    .Select(t => (t.Name, torch.tensor<float>(file.ReadFloats(t.Name), t.Shape))),
            ]
        );
    }

    /// <summary>SHA-256 over names, shapes and bits.</summary>
    internal static string Hash(WeightMask mask)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var m in mask.Matrices)
        {
            hash.AppendData(
                System.Text.Encoding.UTF8.GetBytes(FormattableString.Invariant($"{m.Site} {m.Rows}x{m.Columns}\n"))
            );
            hash.AppendData(MemoryMarshal.AsBytes(m.Words.Span));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
