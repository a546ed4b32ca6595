// HuggingFaceConfig <-> JSON. Reading is strict (kinds, ranges, fields that contradict each other);
// writing gives keys in alphabetical order and two spaces of indentation, as transformers does,
// with unknown fields in their places.

using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RobustTickets.Checkpoints;

public sealed partial record HuggingFaceConfig
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Reads a config.json.</summary>
    /// <exception cref="CheckpointException">The file is missing or malformed, or a field has a
    /// value that is not possible; file and field named.</exception>
    public static HuggingFaceConfig Load(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be read: {e.Message}", e);
        }
        return Parse(text, path);
    }

    /// <summary>Reads the text of a config.json.</summary>
    /// <param name="json">The text.</param>
    /// <param name="place">The file to name in errors.</param>
    /// <exception cref="CheckpointException">The text is malformed, or a field has a value that is
    /// not possible; field named.</exception>
    public static HuggingFaceConfig Parse(string json, string place = "config.json")
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(new JsonFields(place, document.RootElement), place);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{place}: is not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>The text of the config.json.</summary>
    /// <exception cref="CheckpointException">A value is not possible (as on reading).</exception>
    public string ToJson()
    {
        var json = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var (name, value) in Unknown)
            json[name] = JsonNode.Parse(value.GetRawText());
        json["architectures"] =
            Architectures.Count == 0
                ? null
                : new JsonArray([.. Architectures.Select(a => (JsonNode)JsonValue.Create(a))]);
        json["attention_probs_dropout_prob"] = AttentionProbsDropoutProb;
        json["classifier_dropout"] = ClassifierDropout;
        json["hidden_act"] = HiddenAct;
        json["hidden_dropout_prob"] = HiddenDropoutProb;
        json["hidden_size"] = HiddenSize;
        json["initializer_range"] = InitializerRange;
        json["intermediate_size"] = IntermediateSize;
        json["layer_norm_eps"] = LayerNormEps;
        json["max_position_embeddings"] = MaxPositionEmbeddings;
        json["model_type"] = ModelType;
        json["num_attention_heads"] = NumAttentionHeads;
        json["num_hidden_layers"] = NumHiddenLayers;
        json["pad_token_id"] = PadTokenId;
        json["position_embedding_type"] = PositionEmbeddingType;
        json["problem_type"] = ProblemType;
        json["type_vocab_size"] = TypeVocabSize;
        json["vocab_size"] = VocabSize;
        // As transformers does, the default of two unnamed classes is not written.
        if (!Labels.SequenceEqual(DefaultLabels(2)))
        {
            json["id2label"] = new JsonObject(
                Labels.Select(
                    (label, id) => KeyValuePair.Create(id.ToString(CultureInfo.InvariantCulture), (JsonNode?)label)
                )
            );
            json["label2id"] = new JsonObject(Labels.Select((label, id) => KeyValuePair.Create(label, (JsonNode?)id)));
        }
        if (!TieWordEmbeddings)
            json["tie_word_embeddings"] = false;
        if (PrunedHeads.Count > 0)
        {
            json["pruned_heads"] = new JsonObject(
                PrunedHeads
                    .OrderBy(p => p.Key)
                    .Select(p =>
                        KeyValuePair.Create(
                            p.Key.ToString(CultureInfo.InvariantCulture),
                            (JsonNode?)new JsonArray([.. p.Value.Select(h => (JsonNode)JsonValue.Create(h))])
                        )
                    )
            );
        }
        if (Ticket is not null)
            json["ticket"] = Ticket.ToJson();
        // Null says "default" for these; leaving them out keeps old readers content.
        foreach (var name in new[] { "architectures", "classifier_dropout", "problem_type" })
        {
            if (json[name] is null)
                json.Remove(name);
        }
        var text = new JsonObject(json).ToJsonString(Indented) + "\n";
        // What is written must be readable: a record made by `with` is checked here, before it
        // becomes a file.
        _ = Parse(text, "config.json to be written");
        return text;
    }

    private static HuggingFaceConfig Read(JsonFields fields, string place)
    {
        var modelType = fields.Text("model_type");
        var architectures = fields.Texts("architectures");
        if (modelType is not (null or "bert"))
            throw fields.Refuse("model_type", $"'{modelType}'", "'bert'");
        if (
            modelType is null
            && architectures.FirstOrDefault(a => !a.StartsWith("Bert", StringComparison.Ordinal)) is { } other
        )
        {
            throw fields.Refuse("architectures", $"'{other}' (and there is no model_type)", "a Bert... class");
        }
        if (fields.Text("hidden_act") is { } act && act != "gelu")
            throw fields.Refuse("hidden_act", $"'{act}'", "'gelu'");
        if (fields.Text("position_embedding_type") is { } kind && kind != "absolute")
            throw fields.Refuse("position_embedding_type", $"'{kind}'", "'absolute'");
        // These change the computation (causal mask, cross attention): written back when false,
        // refused when true.
        foreach (var name in new[] { "is_decoder", "add_cross_attention", "is_encoder_decoder" })
        {
            if (fields.Peek(name) is { ValueKind: JsonValueKind.True })
                throw fields.Refuse(name, "true", "false: only the encoder is supported");
        }

        var hidden = fields.Integer("hidden_size", 1, 1 << 20);
        var heads = fields.Integer("num_attention_heads", 1, 1 << 16);
        var layers = fields.Integer("num_hidden_layers", 1, 1 << 12);
        var intermediate = fields.Integer("intermediate_size", 1, 1 << 22);
        var vocabulary = fields.Integer("vocab_size", 1, int.MaxValue);
        if (hidden % heads != 0)
        {
            throw new CheckpointException(
                $"{place}: 'hidden_size' {hidden} is not a multiple of 'num_attention_heads' {heads}"
            );
        }
        var pruned = ReadPrunedHeads(fields, place, layers, heads);
        return new HuggingFaceConfig
        {
            VocabSize = vocabulary,
            HiddenSize = hidden,
            NumHiddenLayers = layers,
            NumAttentionHeads = heads,
            IntermediateSize = intermediate,
            HiddenDropoutProb = Probability(fields, "hidden_dropout_prob", 0.1),
            AttentionProbsDropoutProb = Probability(fields, "attention_probs_dropout_prob", 0.1),
            ClassifierDropout = Probability(fields, "classifier_dropout", -1) is var dropout and >= 0 ? dropout : null,
            MaxPositionEmbeddings = fields.Integer("max_position_embeddings", 1, 1 << 24, 512),
            TypeVocabSize = fields.Integer("type_vocab_size", 1, 1 << 16, 2),
            LayerNormEps = fields.Number("layer_norm_eps", e => e > 0 && e < 1, "a number above 0 and below 1", 1e-12),
            PadTokenId = fields.Integer("pad_token_id", 0, vocabulary - 1, 0),
            InitializerRange = fields.Number(
                "initializer_range",
                r => r >= 0 && double.IsFinite(r),
                "a number of at least 0",
                0.02
            ),
            Labels = ReadLabels(fields, place),
            Architectures = architectures,
            TieWordEmbeddings = fields.Boolean("tie_word_embeddings", true),
            ProblemType = fields.Text("problem_type"),
            PrunedHeads = pruned,
            Ticket = ReadTicket(fields, place, pruned, layers, heads, intermediate),
            Unknown = fields.Unknown,
        };
    }

    private static double Probability(JsonFields fields, string name, double absent) =>
        fields.Number(name, p => p >= 0 && p < 1, "a probability of at least 0 and below 1", absent);

    private static IReadOnlyList<string> ReadLabels(JsonFields fields, string place)
    {
        var id2label = fields.Optional("id2label");
        var label2id = fields.Optional("label2id");
        // Very old configs hold only a count, "num_labels" (and transformers' own alias
        // "_num_labels").
        int? count = fields.Optional("num_labels") is null ? null : fields.Integer("num_labels", 1, 1 << 20);
        int? alias = fields.Optional("_num_labels") is null ? null : fields.Integer("_num_labels", 1, 1 << 20);
        count ??= alias;
        if (id2label is not { } map)
        {
            var labels = label2id is { } only ? InvertLabel2Id(fields, only) : DefaultLabels(count ?? 2);
            if (count is { } asked && asked != labels.Count)
                throw new CheckpointException(
                    $"{place}: 'num_labels' is {asked}, but 'label2id' has {labels.Count} entries"
                );
            return labels;
        }
        if (map.ValueKind != JsonValueKind.Object)
            throw fields.Refuse("id2label", map, "an object from id to name");
        var names = new SortedDictionary<int, string>();
        foreach (var entry in map.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                throw fields.Refuse("id2label", $"keyed '{entry.Name}'", "integers from 0");
            // Some exporters write numbers as names.
            var name =
                entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : entry.Value.GetRawText();
            if (!names.TryAdd(id, name))
                throw fields.Refuse("id2label", $"keyed '{id}' twice", "one name per id");
        }
        if (names.Count == 0 || names.Keys.Last() != names.Count - 1)
            throw fields.Refuse("id2label", map, "an object with ids 0, 1, 2, ... without a gap");
        if (names.Values.GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw fields.Refuse("id2label", $"giving the name '{twice.Key}' to {twice.Count()} ids", "different names");
        }
        if (count is { } given && given != names.Count)
        {
            throw new CheckpointException(
                $"{place}: 'num_labels' is {given}, but 'id2label' has {names.Count} entries"
            );
        }
        if (label2id is { } back)
            CheckLabel2Id(fields, back, [.. names.Values]);
        return [.. names.Values];
    }

    // A label order that differs between the two maps has cost people their accuracy; either map
    // may be the one another tool believes.
    private static void CheckLabel2Id(JsonFields fields, JsonElement map, IReadOnlyList<string> labels)
    {
        if (map.ValueKind != JsonValueKind.Object)
            throw fields.Refuse("label2id", map, "an object from name to id");
        foreach (var entry in map.EnumerateObject())
        {
            var text =
                entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : entry.Value.GetRawText();
            var known =
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && id < labels.Count
                && labels[id] == entry.Name;
            if (!known)
                throw fields.Refuse(
                    "label2id",
                    $"'{entry.Name}': {text}",
                    $"the inverse of id2label ({string.Join(", ", labels.Take(8).Select((l, i) => $"{i}: {l}"))})"
                );
        }
    }

    private static IReadOnlyList<string> InvertLabel2Id(JsonFields fields, JsonElement map)
    {
        if (map.ValueKind != JsonValueKind.Object)
            throw fields.Refuse("label2id", map, "an object from name to id");
        var names = new SortedDictionary<int, string>();
        foreach (var entry in map.EnumerateObject())
        {
            var number = entry.Value.ValueKind == JsonValueKind.Number && entry.Value.TryGetInt32(out var id) ? id : -1;
            if (number < 0 || !names.TryAdd(number, entry.Name))
                throw fields.Refuse(
                    "label2id",
                    $"'{entry.Name}': {entry.Value.GetRawText()}",
                    "one id from 0 per name"
                );
        }
        if (names.Count == 0 || names.Keys.Last() != names.Count - 1)
            throw fields.Refuse("label2id", map, "ids 0, 1, 2, ... without a gap");
        return [.. names.Values];
    }

    private static Dictionary<int, IReadOnlyList<int>> ReadPrunedHeads(
        JsonFields fields,
        string place,
        int layers,
        int heads
    )
    {
        var pruned = new Dictionary<int, IReadOnlyList<int>>();
        if (fields.Optional("pruned_heads") is not { } map)
            return pruned;
        if (map.ValueKind != JsonValueKind.Object)
            throw fields.Refuse("pruned_heads", map, "an object from layer to removed heads");
        var inner = new JsonFields($"{place}: pruned_heads", map);
        foreach (var entry in map.EnumerateObject())
        {
            if (
                !int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
                || layer >= layers
            )
            {
                throw fields.Refuse("pruned_heads", $"keyed '{entry.Name}'", $"layers 0 to {layers - 1}");
            }
            var removed = inner.Integers(entry.Name, 0, heads - 1) ?? [];
            if (removed.Count > 0)
                pruned[layer] = [.. removed.Distinct().Order()];
        }
        return pruned;
    }

    private static TicketConfig? ReadTicket(
        JsonFields fields,
        string place,
        Dictionary<int, IReadOnlyList<int>> pruned,
        int layers,
        int heads,
        int intermediate
    )
    {
        var fromHeads = pruned.Count > 0 ? TicketConfig.FromPrunedHeads(pruned, layers, heads, intermediate) : null;
        if (fields.Optional("ticket") is not { } json)
            return fromHeads;
        var ticket = TicketConfig.Parse($"{place}: ticket", json, layers, heads, intermediate);
        for (var layer = 0; fromHeads is not null && layer < layers; layer++)
        {
            if (ticket.LayerHeadNum[layer] != fromHeads.LayerHeadNum[layer])
            {
                throw new CheckpointException(
                    $"{place}: 'ticket' keeps {ticket.LayerHeadNum[layer]} heads in layer {layer}, "
                        + $"'pruned_heads' keeps {fromHeads.LayerHeadNum[layer]}"
                );
            }
        }
        return ticket;
    }
}
