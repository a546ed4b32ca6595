using System.Text.Json;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>
/// A small model of the golden folder: configuration and weights, found by name or by the shapes it
/// must have.
/// </summary>
/// <param name="Name">Folder below <c>models</c>.</param>
/// <param name="Config">Shapes and constants.</param>
/// <param name="Weights">Where parameters are read: the first file that has a name counts.</param>
internal sealed record GoldenModel(string Name, BertConfig Config, IReadOnlyList<GoldenTensors> Weights)
{
    /// <summary>The classifier of a name.</summary>
    public static GoldenModel Classifier(string name)
    {
        var folder = Golden.Required("models", name);
        var weights = GoldenTensors.Open(Path.Combine(folder, "model.safetensors"));
        var labels = weights.Contains("classifier.weight") ? weights.Shape("classifier.weight")[0] : 2;
        return new GoldenModel(name, ReadConfig(folder, labels), [weights]);
    }

    /// <summary>
    /// The masked language model <c>NAME_mlm</c>: a whole model, or a head that belongs on the
    /// encoder of NAME.
    /// </summary>
    public static GoldenModel MaskedLm(string name)
    {
        var folder = Golden.Required("models", $"{name}_mlm");
        var whole = Path.Combine(folder, "model.safetensors");
        if (File.Exists(whole))
            return new GoldenModel(name, ReadConfig(folder, 2), [GoldenTensors.Open(whole)]);
        var encoder = Classifier(name);
        return encoder with
        {
            Weights = [GoldenTensors.Open(Path.Combine(folder, "cls_head.safetensors")), .. encoder.Weights],
        };
    }

    /// <summary>
    /// The classifier whose parameters have the shapes of some recorded statistics; the goldens of
    /// g2 do not say its name. Where several have, their README decides:
    /// it names the models m1 and m2.
    /// </summary>
    public static GoldenModel Find(JsonElement statistics)
    {
        var shapes = statistics
            .EnumerateObject()
            .Where(e => e.Value.ValueKind == JsonValueKind.Object)
            .Select(e =>
                (e.Name, Shape: e.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32()).ToArray())
            )
            .ToArray();
        var models = Golden.Required("models");
        var found = Directory
            .EnumerateDirectories(models)
            .Select(d => Path.GetFileName(d)!)
            .Where(name =>
                !name.EndsWith("_mlm", StringComparison.Ordinal)
                && Golden.Folder("models", name, "model.safetensors") is not null
            )
            .Select(Classifier)
            .Where(m =>
                shapes.All(s => m.Weights[0].Contains(s.Name) && m.Weights[0].Shape(s.Name).SequenceEqual(s.Shape))
            )
            .OrderBy(m => m.Name[0] == 'm' ? 0 : 1)
            .ThenBy(m => m.Name, StringComparer.Ordinal)
            .ToArray();
        return found.Length > 0
            ? found[0]
            : throw new InvalidDataException("no golden model has the shapes of the recorded gradients");
    }

    /// <summary>
    /// A fresh classifier, perhaps with another configuration over the same weights.
    /// </summary>
    public BertForSequenceClassification NewClassifier(Execution execution, BertConfig? config = null) =>
        new(Load(BertShapes.OfClassifier(config ?? Config)), config ?? Config, execution);

    /// <summary>A fresh masked language model.</summary>
    public BertForMaskedLM NewMaskedLm(Execution execution, BertConfig? config = null) =>
        new(Load(BertShapes.OfMaskedLM(Config)), config ?? Config, execution);

    private ParameterStore Load(IEnumerable<(string Name, long[] Shape)> shapes)
    {
        var store = new ParameterStore();
        foreach (var (name, shape) in shapes)
        {
            var file =
                Weights.FirstOrDefault(w => w.Contains(name))
                ?? throw new InvalidDataException($"model {Name} has no tensor '{name}'");
            if (!file.Shape(name).Select(size => (long)size).SequenceEqual(shape))
                throw new InvalidDataException($"{file.Path}: {name} has another shape than config.json says");
            store.Add(name, torch.tensor<float>(file.Floats(name), shape));
        }
        return store;
    }

    /// <summary>
    /// Mutant: the other form of GELU (tanh for erf), or GELU where the model has none.
    /// </summary>
    public static BertConfig OtherGelu(BertConfig config) =>
        config with
        {
            Activation = config.Activation == Activation.Gelu ? Activation.GeluNew : Activation.Gelu,
        };

    private static BertConfig ReadConfig(string folder, int labels)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Golden.Required(folder, "config.json")));
        var c = json.RootElement;
        return BertConfig.Dense(
            Int("vocab_size"),
            Int("hidden_size"),
            Int("num_hidden_layers"),
            Int("num_attention_heads"),
            Int("intermediate_size"),
            Int("max_position_embeddings"),
            Int("type_vocab_size"),
            labels
        ) with
        {
            LayerNormEpsilon = Number("layer_norm_eps"),
            HiddenDropout = Number("hidden_dropout_prob"),
            AttentionDropout = Number("attention_probs_dropout_prob"),
            PadId = Int("pad_token_id"),
            Activation =
                ActivationOf(c.GetProperty("hidden_act").GetString()!)
                ?? throw new InvalidDataException($"{folder}: unknown hidden_act"),
        };

        int Int(string name) => c.GetProperty(name).GetInt32();
        double Number(string name) => c.GetProperty(name).GetDouble();
    }

    /// <summary>
    /// The activation of a Hugging Face name, or null when this program has none.
    /// </summary>
    public static Activation? ActivationOf(string name) =>
        name switch
        {
            "gelu" => Activation.Gelu,
            "gelu_new" => Activation.GeluNew,
            "relu" => Activation.Relu,
            _ => null,
        };
}
