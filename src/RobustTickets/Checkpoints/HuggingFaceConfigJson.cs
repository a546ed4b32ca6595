// HuggingFaceConfig <-> JSON. Reading is strict (kinds, ranges, contradicting fields); writing
// gives sorted keys and two spaces of indentation, as transformers does, including unknown fields.

using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Checkpoints;

public sealed partial record HuggingFaceConfig
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Reads a config.json.</summary>
    /// <exception cref="CheckpointException">The file is missing or malformed, or a field has an
    /// invalid value; file and field named.</exception>
    public static HuggingFaceConfig Load(string path)
    {
        var (text, note) = JsonFile.Read(path);
        var config = Parse(text, path);
        return note is null ? config : config with { Notes = [note, .. config.Notes] };
    }

    /// <summary>Reads the text of a config.json.</summary>
    /// <param name="json">The text.</param>
    /// <param name="place">The file name for errors.</param>
    /// <exception cref="CheckpointException">The text is malformed, or a field has an invalid
    /// value; field named.</exception>
    public static HuggingFaceConfig Parse(string json, string place = "config.json")
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(new JsonFields(place, document.RootElement), place);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{place}: is not valid JSON: {Attacks.GuardedJson.Reason(e)}", e);
        }
    }

    /// <summary>The text of the config.json.</summary>
    /// <exception cref="CheckpointException">A value is invalid (as on reading).</exception>
    public string ToJson()
    {
        var json = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var (name, value) in Unknown)
            json[name] = JsonNode.Parse(value.GetRawText());
        json["architectures"] =
            Architectures.Count == 0
                ? null
                : new JsonArray([
                    .. Architectures.Select(a => (JsonNode)JsonValue.Create(IsCompact ? CompactPrefix + a : a)),
                ]);
        json["attention_probs_dropout_prob"] = AttentionProbsDropoutProb;
        json["classifier_dropout"] = ClassifierDropout;
        json["hidden_act"] = HiddenAct;
        json["hidden_dropout_prob"] = HiddenDropoutProb;
        json["hidden_size"] = HiddenSize;
        json["initializer_range"] = InitializerRange;
        json["intermediate_size"] = IntermediateSize;
        json["layer_norm_eps"] = LayerNormEps;
        json["max_position_embeddings"] = MaxPositionEmbeddings;
        json["model_type"] = IsCompact ? CompactModelType : ModelType;
        json["num_attention_heads"] = NumAttentionHeads;
        json["num_hidden_layers"] = NumHiddenLayers;
        json["pad_token_id"] = PadTokenId;
        json["position_embedding_type"] = PositionEmbeddingType;
        json["problem_type"] = ProblemType;
        json["type_vocab_size"] = TypeVocabSize;
        json["vocab_size"] = VocabSize;
        // As in transformers, the default of two unnamed classes is not written.
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
        // Null means "default" here; omitting the fields keeps old readers working.
        foreach (var name in new[] { "architectures", "classifier_dropout", "problem_type" })
        {
            if (json[name] is null)
                json.Remove(name);
        }
        var text = new JsonObject(json).ToJsonString(Indented) + "\n";
        // What is written must be readable: a record made by `with` is validated here.
        _ = Parse(text, "config.json to be written");
        return text;
    }

    private static HuggingFaceConfig Read(JsonFields fields, string place)
    {
        var modelType = fields.Text("model_type");
        var compact = modelType == CompactModelType;
        var architectures = fields.Texts("architectures");
        if (compact)
        {
            if (fields.Peek("ticket") is not { ValueKind: JsonValueKind.Object })
                throw new CheckpointException(
                    $"{place}: 'model_type' is '{CompactModelType}', but there is no 'ticket' with the shapes of "
                        + "its layers"
                );
            architectures =
            [
                .. architectures.Select(a =>
                    a.StartsWith(CompactPrefix, StringComparison.Ordinal) ? a[CompactPrefix.Length..] : a
                ),
            ];
        }
        else if (modelType is not (null or "bert"))
            throw fields.Refuse("model_type", $"'{modelType}'", $"'bert' or '{CompactModelType}'");
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
        // These change the computation (causal mask, cross attention): written back if false,
        // rejected if true.
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
        var labels = ReadLabels(fields, place);
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
            Labels = labels,
            Notes = NotesOnLabel2Id(fields, place, labels),
            Architectures = architectures,
            TieWordEmbeddings = fields.Boolean("tie_word_embeddings", absent: true),
            ProblemType = fields.Text("problem_type"),
            PrunedHeads = pruned,
            Ticket = ReadTicket(fields, place, pruned, layers, heads, intermediate),
            Unknown = fields.Unknown,
        };
    }

    private static double Probability(JsonFields fields, string name, double absent) =>
        fields.Number(name, p => p >= 0 && p < 1, "a probability of at least 0 and below 1", absent);

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
            throw fields.Refuse("pruned_heads", map, "an object that maps layers to removed heads");
        var inner = new JsonFields($"{place}: pruned_heads", map);
        foreach (var entry in map.EnumerateObject())
        {
            if (
                !int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
                || layer >= layers
            )
            {
                throw fields.Refuse(
                    "pruned_heads",
                    $"an object with the key '{entry.Name}'",
                    $"layers 0 to {layers - 1}"
                );
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
