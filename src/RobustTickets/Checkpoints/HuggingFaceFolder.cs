// A Hugging Face checkpoint folder: config.json and weights in one of five formats. Opening checks
// everything that needs no weight values, so that no model is built half-initialised or with fewer
// layers than the file has.

using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Pickles;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Models;

namespace RobustTickets.Checkpoints;

/// <summary>
/// An opened checkpoint folder of a BERT model: configuration and weights under canonical names.
/// </summary>
internal sealed class HuggingFaceFolder : IDisposable
{
    private static readonly string[] WeightFiles =
    [
        HuggingFaceFolderWriter.WeightsFile,
        "model.safetensors.index.json",
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
        BitmaskParts.FileName,
    ];

    // Weights of other frameworks: the message names the format and the command that converts it.
    private static readonly (string Pattern, string What, string Remedy)[] Foreign =
    [
        (
            "*.ckpt.index",
            "a TensorFlow checkpoint",
            "convert it once with 'python -m "
                + "transformers.models.bert.convert_bert_original_tf_checkpoint_to_pytorch' (transformers 4)"
        ),
        (
            "tf_model.h5",
            "TensorFlow weights",
            "convert them once with AutoModel.from_pretrained(dir, from_tf=True).save_pretrained(new_dir) "
                + "(transformers 4)"
        ),
        (
            "flax_model.msgpack",
            "Flax weights",
            "convert them once with AutoModel.from_pretrained(dir, from_flax=True).save_pretrained(new_dir) "
                + "(transformers 4)"
        ),
    ];

    private readonly NormalizedTensors weights;

    private HuggingFaceFolder(string path, HuggingFaceConfig config, NormalizedTensors weights)
    {
        Path = path;
        Config = config;
        this.weights = weights;
        var known = ExpectedShapes(config).Keys.Concat(HeadShapes(config).Keys).ToHashSet(StringComparer.Ordinal);
        Notes =
            weights.Wrapper.Length == 0
                ? config.Notes
                :
                [
                    .. config.Notes,
                    $"{weights.Location}: all tensor names start with '{weights.Wrapper}', the prefix of a wrapper "
                        + "around the model; it is removed",
                ];
        Unused = [.. weights.Tensors.Select(t => t.Name).Where(n => !known.Contains(n))];
    }

    /// <summary>The folder as given.</summary>
    public string Path { get; }

    /// <summary>The configuration.</summary>
    public HuggingFaceConfig Config { get; }

    /// <summary>
    /// What was ignored or adapted on opening, one sentence each, to show to the user.
    /// </summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>
    /// The weights under canonical names (<c>bert.encoder.layer.0.attention.self.query.weight</c>).
    /// </summary>
    public ITensorSource Weights => weights;

    /// <summary>
    /// Tensors of the file that are not in <see cref="Weights"/> (buffers, tied copies), and why.
    /// </summary>
    public IReadOnlyList<LeftOutTensor> LeftOut => weights.LeftOut;

    /// <summary>Names in <see cref="Weights"/> that no BERT class of this program uses.</summary>
    public IReadOnlyList<string> Unused { get; }

    /// <summary>
    /// Opens a folder and checks configuration and shapes; weights are read later, on demand.
    /// </summary>
    /// <param name="dir">The folder.</param>
    /// <exception cref="CheckpointException">Folder, config.json or weights are missing, malformed,
    /// of another framework, or inconsistent, or a file's checksum differs; file, tensor, found and
    /// expected values named.</exception>
    public static HuggingFaceFolder Open(string dir) => Open(dir, null);

    /// <summary>As <see cref="Open(string)"/>, with the weights from a given file.</summary>
    /// <param name="dir">The folder.</param>
    /// <param name="weightsFile">A file name in the folder, or a path; null for the usual
    /// names.</param>
    public static HuggingFaceFolder Open(string dir, string? weightsFile)
    {
        if (File.Exists(dir))
            throw new CheckpointException($"{dir}: is a file; a model folder (config.json and weights) is needed");
        if (!Directory.Exists(dir))
            throw ModelStore.OfUser().NotFound(dir);
        FolderChecksums.Verify(dir);
        var weightsPath = weightsFile is null ? FindWeights(dir) : System.IO.Path.Combine(dir, weightsFile);
        var configPath = System.IO.Path.Combine(dir, "config.json");
        if (!File.Exists(configPath))
            throw new CheckpointException($"{dir}: has no config.json; {Listing(dir)}");
        var config = HuggingFaceConfig.Load(configPath);
        var source = OpenWeights(weightsPath);
        try
        {
            var weights = new NormalizedTensors(source);
            RequireShapes(weights, config, configPath);
            return new HuggingFaceFolder(dir, config, weights);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Names and shapes of embeddings and encoder layers for a configuration, including a ticket's
    /// per-layer shapes.
    /// </summary>
    public static IReadOnlyDictionary<string, long[]> ExpectedShapes(HuggingFaceConfig config) =>
        ByName(BertShapes.OfEncoder(BertFiles.ShapesOf(config, config.NumLabels)));

    /// <summary>
    /// Names and shapes of pooler, classifier and pre-training heads: each is optional but must
    /// have its shape.
    /// </summary>
    public static IReadOnlyDictionary<string, long[]> HeadShapes(HuggingFaceConfig config) =>
        ByName(BertShapes.OfHeads(BertFiles.ShapesOf(config, config.NumLabels)));

    private static OrderedDictionary<string, long[]> ByName(IEnumerable<(string Name, long[] Shape)> shapes)
    {
        var byName = new OrderedDictionary<string, long[]>(StringComparer.Ordinal);
        foreach (var (name, shape) in shapes)
            byName.Add(name, shape);
        return byName;
    }

    /// <summary>Throws if weights (under canonical names) do not fit a configuration.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="configPlace">The configuration's file, for messages.</param>
    /// <exception cref="CheckpointException">A tensor is missing, has another shape, or belongs to
    /// a layer the configuration does not have.</exception>
    public static void RequireShapes(
        ITensorSource weights,
        HuggingFaceConfig config,
        string configPlace = "config.json"
    )
    {
        var expected = ExpectedShapes(config);
        // A wrong size affects many tensors; its shape is a better message than a missing tensor,
        // so shapes are checked first.
        var wrong = expected
            .Concat(HeadShapes(config))
            .Where(e => weights.Contains(e.Key) && !weights.Info(e.Key).Shape.AsSpan().SequenceEqual(e.Value))
            .ToArray();
        if (wrong is [var (name, shape), ..])
        {
            var more = wrong.Length == 1 ? "" : $" ({wrong.Length - 1} more tensors do not fit)";
            throw new CheckpointException(
                $"{weights.Location}: tensor '{name}' has shape {weights.Info(name).ShapeText}; {configPlace} "
                    + $"implies {TensorInfo.Format(shape)}{more}; correct "
                    + $"{Culprit(name, shape, weights.Info(name).Shape)}"
            );
        }
        var missing = expected.Keys.Where(n => !weights.Contains(n)).ToArray();
        if (missing.Length > 0)
        {
            var others = missing.Length == 1 ? "" : $" ({missing.Length} of {expected.Count} encoder tensors are)";
            throw new CheckpointException(
                $"{weights.Location}: tensor '{missing[0]}' of shape {TensorInfo.Format(expected[missing[0]])} "
                    + $"is missing{others}; is it a BERT checkpoint with the {config.NumHiddenLayers} layers of "
                    + $"{configPlace}? It holds {Some(weights)}"
            );
        }
        foreach (var tensor in weights.Tensors)
        {
            if (BertParameters.LayerOf(tensor.Name) is { } layer && layer >= config.NumHiddenLayers)
            {
                throw new CheckpointException(
                    $"{weights.Location}: tensor '{tensor.Name}' is of layer {layer}; 'num_hidden_layers' in "
                        + $"{configPlace} is {config.NumHiddenLayers}; correct it, or remove the tensors of the other "
                        + "layers"
                );
            }
        }
    }

    // Names as in the file: they show an extra prefix.
    private static string Some(ITensorSource weights) =>
        weights.Tensors.Count == 0
            ? "no tensor"
            : string.Join(
                ", ",
                weights.Tensors.Take(3).Select(t => (weights as NormalizedTensors)?.OriginalName(t.Name) ?? t.Name)
            ) + (weights.Tensors.Count > 3 ? ", ..." : "");

    /// <inheritdoc/>
    public void Dispose() => weights.Dispose();

    /// <summary>Opens a weights file by its format.</summary>
    internal static TensorSource OpenWeights(string path)
    {
        if (path.EndsWith(".index.json", StringComparison.Ordinal))
            return ShardedTensors.Open(path);
        if (path.EndsWith(".safetensors", StringComparison.Ordinal))
            return BitmaskTensors.Over(SafetensorsFile.Open(path));
        return PickleCheckpoint.Open(path);
    }

    private static string FindWeights(string dir)
    {
        foreach (var name in WeightFiles)
        {
            var path = System.IO.Path.Combine(dir, name);
            if (File.Exists(path))
                return path;
        }
        foreach (var (pattern, what, remedy) in Foreign)
        {
            if (Directory.EnumerateFiles(dir, pattern).Order(StringComparer.Ordinal).FirstOrDefault() is { } file)
            {
                throw new CheckpointException(
                    $"{dir}: holds {what} ({System.IO.Path.GetFileName(file)}) and neither model.safetensors "
                        + $"nor pytorch_model.bin; {remedy}, then use the new folder"
                );
            }
        }
        throw new CheckpointException(
            $"{dir}: has no weights: none of {string.Join(", ", WeightFiles)}; {Listing(dir)}"
        );
    }

    private static string Listing(string dir)
    {
        var names = Directory
            .EnumerateFileSystemEntries(dir)
            .Select(e => System.IO.Path.GetFileName(e))
            .Order(StringComparer.Ordinal)
            .ToArray();
        if (names.Length == 0)
            return "the folder is empty";
        return "it holds "
            + $"{string.Join(", ", names.Take(10))}{(names.Length > 10 ? $" and {names.Length - 10} more" : "")}";
    }

    // The configuration field that determines the first size that differs.
    private static string Culprit(string name, long[] expected, long[] found)
    {
        if (expected.Length != found.Length)
            return "the file: the number of dimensions differs";
        if (expected[0] == found[0])
            return "'hidden_size'";
        var layer = BertParameters.LayerOf(name) is { } l ? BertParameters.Layer(l) : null;
        return name switch
        {
            BertParameters.WordEmbeddings or BertParameters.TiedDecoder or BertParameters.PredictionBias =>
                "'vocab_size'",
            BertParameters.PositionEmbeddings => "'max_position_embeddings'",
            BertParameters.TypeEmbeddings => "'type_vocab_size'",
            _ when BertParameters.IsClassifier(name) => "'id2label' (the number of classes)",
            _ when layer is not null && Of(layer.Query, layer.Key, layer.Value) =>
                "'hidden_size', or 'layer_head_num' of 'ticket' if heads are pruned",
            _ when layer is not null && Of(layer.Intermediate) =>
                "'intermediate_size', or 'layer_inter_size' of 'ticket' if neurons are pruned",
            _ => "'hidden_size'",
        };

        bool Of(params string[] parts) =>
            parts.Any(part => name == BertParameters.Weight(part) || name == BertParameters.Bias(part));
    }
}
