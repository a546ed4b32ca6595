// The "ticket" object of config.json: the true shapes of a compact (structurally pruned) model,
// layer by layer (docs/compact-format.md). `layer_head_num` and `layer_inter_size` are the names
// proposed for transformers (PR 40840).

using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Checkpoints;

/// <summary>
/// Per-layer shapes of a compact ticket. Lists have one entry per layer, L in all.
/// </summary>
/// <param name="LayerHeadNum">Heads kept in each layer, 0 to the dense number.</param>
/// <param name="LayerInterSize">Feed-forward neurons kept in each layer, 0 to the dense
/// number.</param>
/// <param name="KeptHeads">Dense-model indices of the kept heads, in the order of the stored rows;
/// null when not recorded.</param>
/// <param name="KeptNeurons">Dense-model indices of the kept neurons, in the order of the stored
/// rows; null when not recorded.</param>
/// <param name="Unknown">Further fields of the object (source, sha256, ...), written back.</param>
public sealed record TicketConfig(
    IReadOnlyList<int> LayerHeadNum,
    IReadOnlyList<int> LayerInterSize,
    IReadOnlyList<IReadOnlyList<int>>? KeptHeads = null,
    IReadOnlyList<IReadOnlyList<int>>? KeptNeurons = null,
    IReadOnlyDictionary<string, JsonElement>? Unknown = null
)
{
    /// <summary>Reads the object and checks it against the dense shapes.</summary>
    internal static TicketConfig Parse(string place, JsonElement json, int layers, int heads, int intermediate)
    {
        var fields = new JsonFields(place, json);
        var keptHeads = fields.UnitLists("kept_heads", heads - 1);
        var keptNeurons = fields.UnitLists("kept_neurons", intermediate - 1);
        var headNum = fields.Integers("layer_head_num", 0, heads) ?? Counts(keptHeads) ?? Repeat(heads, layers);
        var interSize =
            fields.Integers("layer_inter_size", 0, intermediate) ?? Counts(keptNeurons) ?? Repeat(intermediate, layers);
        var ticket = new TicketConfig(headNum, interSize, keptHeads, keptNeurons, fields.Unknown);
        ticket.Validate(place, layers, heads, intermediate);
        return ticket;
    }

    /// <summary>
    /// The ticket of a <c>pruned_heads</c> map (transformers before version 5): layer to removed
    /// heads.
    /// </summary>
    internal static TicketConfig FromPrunedHeads(
        IReadOnlyDictionary<int, IReadOnlyList<int>> pruned,
        int layers,
        int heads,
        int intermediate
    )
    {
        IReadOnlyList<IReadOnlyList<int>> kept =
        [
            .. Enumerable
                .Range(0, layers)
                .Select(l =>
                    (IReadOnlyList<int>)[.. Enumerable.Range(0, heads).Except(pruned.GetValueOrDefault(l) ?? [])]
                ),
        ];
        return new TicketConfig([.. kept.Select(k => k.Count)], Repeat(intermediate, layers), kept);
    }

    /// <summary>Checks the lists against the dense shapes.</summary>
    /// <exception cref="CheckpointException">A list has the wrong length or an invalid number;
    /// field and numbers named.</exception>
    internal void Validate(string place, int layers, int heads, int intermediate)
    {
        CheckCounts(place, "layer_head_num", LayerHeadNum, layers, heads);
        CheckCounts(place, "layer_inter_size", LayerInterSize, layers, intermediate);
        CheckKept(place, "kept_heads", KeptHeads, "layer_head_num", LayerHeadNum, heads);
        CheckKept(place, "kept_neurons", KeptNeurons, "layer_inter_size", LayerInterSize, intermediate);
    }

    internal JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["layer_head_num"] = Array(LayerHeadNum),
            ["layer_inter_size"] = Array(LayerInterSize),
        };
        if (KeptHeads is not null)
            json["kept_heads"] = Ranges(KeptHeads);
        if (KeptNeurons is not null)
            json["kept_neurons"] = Ranges(KeptNeurons);
        foreach (
            var (name, value) in (Unknown ?? new Dictionary<string, JsonElement>()).OrderBy(
                u => u.Key,
                StringComparer.Ordinal
            )
        )
        {
            json[name] = JsonNode.Parse(value.GetRawText());
        }
        return json;
    }

    private static void CheckCounts(string place, string field, IReadOnlyList<int> counts, int layers, int dense)
    {
        if (counts.Count != layers)
            throw new CheckpointException(
                $"{place}: '{field}' has {counts.Count} entries; the model has {layers} layers"
            );
        for (var layer = 0; layer < layers; layer++)
        {
            if (counts[layer] < 0 || counts[layer] > dense)
                throw new CheckpointException($"{place}: '{field}[{layer}]' is {counts[layer]}; expected 0 to {dense}");
        }
    }

    private static void CheckKept(
        string place,
        string field,
        IReadOnlyList<IReadOnlyList<int>>? kept,
        string countField,
        IReadOnlyList<int> counts,
        int dense
    )
    {
        if (kept is null)
            return;
        if (kept.Count != counts.Count)
            throw new CheckpointException(
                $"{place}: '{field}' has {kept.Count} entries; the model has {counts.Count} layers"
            );
        for (var layer = 0; layer < counts.Count; layer++)
        {
            if (kept[layer].Count != counts[layer])
            {
                throw new CheckpointException(
                    $"{place}: '{field}[{layer}]' has {kept[layer].Count} entries; '{countField}[{layer}]' is "
                        + $"{counts[layer]}"
                );
            }
            var seen = new HashSet<int>();
            foreach (var unit in kept[layer])
            {
                if (unit < 0 || unit >= dense)
                    throw new CheckpointException($"{place}: '{field}[{layer}]' has {unit}; expected 0 to {dense - 1}");
                if (!seen.Add(unit))
                    throw new CheckpointException($"{place}: '{field}[{layer}]' has {unit} twice");
            }
        }
    }

    private static JsonNode Array(IReadOnlyList<int> values) =>
        new JsonArray([.. values.Select(v => (JsonNode)JsonValue.Create(v))]);

    private static JsonNode Ranges(IReadOnlyList<IReadOnlyList<int>> units) =>
        new JsonArray([.. units.Select(u => (JsonNode)JsonValue.Create(UnitRanges.Format(u)))]);

    private static IReadOnlyList<int>? Counts(IReadOnlyList<IReadOnlyList<int>>? kept) =>
        kept is null ? null : [.. kept.Select(k => k.Count)];

    private static IReadOnlyList<int> Repeat(int value, int count) => [.. Enumerable.Repeat(value, count)];
}
