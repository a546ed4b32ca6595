using System.Text.Json;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>A small model of the golden folder: configuration and weights, found by name or by the shapes it must have.</summary>
/// <param name="Name">Folder below <c>models</c>.</param>
/// <param name="Config">Shapes and constants.</param>
/// <param name="Weights">Where parameters are read: the first file that has a name counts.</param>
internal sealed record GoldenModel(string Name, BertConfig Config, IReadOnlyList<GoldenTensors> Weights)
{
    /// <summary>The classifier of a name.</summary>
    public static GoldenModel Classifier(string name)
    {
        var folder = Golden.Folder("models", name) ?? throw new DirectoryNotFoundException($"the golden folder names the model '{name}' and has none");
        var weights = GoldenTensors.Open(Path.Combine(folder, "model.safetensors"));
        var labels = weights.Contains("classifier.weight") ? weights.Shape("classifier.weight")[0] : 2;
        return new GoldenModel(name, ReadConfig(folder, labels), [weights]);
    }

    /// <summary>The masked language model <c>NAME_mlm</c>: a whole model, or a head that belongs on the encoder of NAME.</summary>
    public static GoldenModel MaskedLm(string name)
    {
        var folder = Golden.Folder("models", $"{name}_mlm") ?? throw new DirectoryNotFoundException($"no models/{name}_mlm in the golden folder");
        var whole = Path.Combine(folder, "model.safetensors");
        if (File.Exists(whole)) return new GoldenModel(name, ReadConfig(folder, 2), [GoldenTensors.Open(whole)]);
        var encoder = Classifier(name);
        return encoder with { Weights = [GoldenTensors.Open(Path.Combine(folder, "cls_head.safetensors")), .. encoder.Weights] };
    }

    /// <summary>The classifier with a hidden size, number of classes and number of layers; the goldens of g2 do not say its name.</summary>
    public static GoldenModel Find(int hidden, int labels, int layers)
    {
        var models = Golden.Folder("models") ?? throw new DirectoryNotFoundException("the golden folder has no models");
        var found = Directory.EnumerateDirectories(models).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)
            .Where(name => !name.EndsWith("_mlm", StringComparison.Ordinal) && Golden.Folder("models", name, "model.safetensors") is not null)
            .Select(Classifier)
            .Where(m => m.Config.Hidden == hidden && m.Config.Labels == labels && m.Config.Layers == layers).ToArray();
        return found.Length switch
        {
            1 => found[0],
            0 => throw new InvalidDataException($"no golden model has hidden size {hidden}, {labels} labels and {layers} layers"),
            _ => throw new InvalidDataException($"{string.Join(", ", found.Select(m => m.Name))} all have hidden size {hidden}, {labels} labels and {layers} layers"),
        };
    }

    /// <summary>A fresh classifier, perhaps with another configuration over the same weights.</summary>
    public BertForSequenceClassification NewClassifier(ModelExecution execution, BertConfig? config = null) =>
        new(Load(BertSites.ClassifierShapes(config ?? Config)), config ?? Config, execution);

    /// <summary>A fresh masked language model.</summary>
    public BertForMaskedLM NewMaskedLm(ModelExecution execution, BertConfig? config = null) =>
        new(Load(BertSites.EncoderShapes(Config).Concat(BertSites.MaskedLmShapes(Config))), config ?? Config, execution);

    private ParameterStore Load(IEnumerable<(string Name, long[] Shape)> shapes)
    {
        var store = new ParameterStore();
        foreach (var (name, shape) in shapes)
        {
            var file = Weights.FirstOrDefault(w => w.Contains(name)) ?? throw new InvalidDataException($"model {Name} has no tensor '{name}'");
            if (!file.Shape(name).Select(size => (long)size).SequenceEqual(shape)) throw new InvalidDataException($"{file.Path}: {name} has another shape than config.json says");
            store.Add(name, torch.tensor<float>(file.Floats(name), shape));
        }
        return store;
    }

    private static BertConfig ReadConfig(string folder, int labels)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        var c = json.RootElement;
        return BertConfig.Dense(
            Int("vocab_size"), Int("hidden_size"), Int("num_hidden_layers"), Int("num_attention_heads"), Int("intermediate_size"), Int("max_position_embeddings"),
            Int("type_vocab_size"), labels) with
        {
            LayerNormEpsilon = Number("layer_norm_eps"),
            HiddenDropout = Number("hidden_dropout_prob"),
            AttentionDropout = Number("attention_probs_dropout_prob"),
            PadId = Int("pad_token_id"),
            Activation = ActivationOf(c.GetProperty("hidden_act").GetString()!) ?? throw new InvalidDataException($"{folder}: unknown hidden_act"),
        };

        int Int(string name) => c.GetProperty(name).GetInt32();
        double Number(string name) => c.GetProperty(name).GetDouble();
    }

    /// <summary>The activation of a Hugging Face name, or null when this program has none.</summary>
    public static Activation? ActivationOf(string name) => name switch
    {
        "gelu" => Activation.Gelu,
        "gelu_new" => Activation.GeluNew,
        "relu" => Activation.Relu,
        _ => null,
    };
}
