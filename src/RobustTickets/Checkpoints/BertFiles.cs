// Converts between Hugging Face folders and models. Weights that a checkpoint lacks (pooler,
// classifier) are initialised from a key, so the starting checkpoint is the same for search,
// ticket, control and every resumption.
using System.Runtime.InteropServices;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Checkpoints;

/// <summary>Units of the dense model that a ticket keeps, by layer.</summary>
/// <param name="Heads">Kept heads of each layer.</param>
/// <param name="Neurons">Kept neurons of each layer.</param>
internal sealed record KeptUnits(IReadOnlyList<IReadOnlyList<int>> Heads, IReadOnlyList<IReadOnlyList<int>> Neurons);

/// <summary>Loads and saves BERT models as Hugging Face folders.</summary>
internal static class BertFiles
{
    /// <summary>
    /// Opens a folder and checks that its weights fit its config and its tokenizer fits its
    /// weights. The folder may have any heads.
    /// </summary>
    /// <exception cref="CheckpointException">Something is missing, malformed or
    /// inconsistent.</exception>
    public static HuggingFaceFolder Open(string folder) => Open(folder, ModelFolderCheck.RequireVocabulary);

    /// <summary>
    /// Opens a folder to train from: as <see cref="Open(string)"/>, and if it has a classifier,
    /// that must be single-label.
    /// </summary>
    /// <exception cref="CheckpointException">Something is missing, malformed or inconsistent, or
    /// the classifier is a regression, multi-label, or has one output.</exception>
    public static HuggingFaceFolder OpenBase(string folder) =>
        Open(folder, ModelFolderCheck.RequireVocabulary, ModelFolderCheck.RequireSingleLabel);

    /// <summary>Opens a trained single-label classifier.</summary>
    /// <exception cref="CheckpointException">As <see cref="OpenBase"/>, or the classifier is not
    /// trained.</exception>
    public static HuggingFaceFolder OpenClassifier(string folder) =>
        Open(
            folder,
            ModelFolderCheck.RequireVocabulary,
            ModelFolderCheck.RequireClassifier,
            ModelFolderCheck.RequireSingleLabel
        );

    private static HuggingFaceFolder Open(string folder, params ReadOnlySpan<Action<HuggingFaceFolder>> checks)
    {
        var files = HuggingFaceFolder.Open(folder);
        try
        {
            foreach (var check in checks)
                check(files);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Loads a classifier from a checkpoint.</summary>
    /// <param name="folder">Hugging Face folder.</param>
    /// <param name="labels">Number of classes.</param>
    /// <param name="headKey">Key that initialises a missing pooler or classifier: N(0,
    /// initializer_range), biases 0.</param>
    /// <param name="execution">How it runs.</param>
    /// <param name="rows">For each class, its row of the stored classifier, <c>[C]</c>; null = as
    /// stored.</param>
    /// <exception cref="CheckpointException">As <see cref="OpenBase"/>.</exception>
    /// <exception cref="NumericFailureException">A weight is not finite.</exception>
    public static BertForSequenceClassification LoadClassifier(
        string folder,
        int labels,
        RandomKey headKey,
        Execution execution,
        IReadOnlyList<int>? rows = null
    )
    {
        using var files = OpenBase(folder);
        var config = ConfigOf(files.Config, labels);
        var store = Load(
            files.Weights,
            BertShapes.OfClassifier(config),
            config,
            headKey,
            name => !BertParameters.IsEncoder(name)
        );
        if (rows is not null)
            Reorder(files.Weights, store, rows);
        return new BertForSequenceClassification(store, config, execution);
    }

    /// <summary>Loads a masked language model from a checkpoint.</summary>
    /// <exception cref="CheckpointException">As <see cref="Open(string)"/>.</exception>
    /// <exception cref="NumericFailureException">A weight is not finite.</exception>
    public static BertForMaskedLM LoadMaskedLM(string folder, RandomKey headKey, Execution execution)
    {
        using var files = Open(folder);
        var config = ConfigOf(files.Config, 2);
        var store = Load(
            files.Weights,
            BertShapes.OfMaskedLM(config),
            config,
            headKey,
            BertParameters.IsPretrainingHead
        );
        return new BertForMaskedLM(store, config, execution);
    }

    /// <summary>
    /// Writes a classifier as a Hugging Face folder with the tokenizer of its base. A ticket is
    /// written compact: true shapes, with per-layer head and neuron lists in the config's
    /// <c>ticket</c> object (<paramref name="kept"/> lists the kept units of the dense model).
    /// Checksums are written too and verified on opening.
    /// </summary>
    public static void SaveClassifier(
        BertForSequenceClassification model,
        IReadOnlyList<string> labels,
        string baseFolder,
        string folder,
        KeptUnits? kept = null
    )
    {
        HuggingFaceConfig source;
        using (var files = HuggingFaceFolder.Open(baseFolder))
            source = files.Config;
        var config = source with
        {
            Labels = labels,
            Architectures = ["BertForSequenceClassification"],
            ProblemType = ModelFolderCheck.ProblemTypeAfterTraining(source.ProblemType),
            Ticket = kept is null
                ? source.Ticket
                : new TicketConfig(model.Config.HeadsPerLayer, model.Config.NeuronsPerLayer, kept.Heads, kept.Neurons),
        };
        HuggingFaceFolderWriter.WriteStreamed(
            folder,
            config,
            model.Store.Names.Select(n => Stream(n, model.Store[n])),
            baseFolder,
            replace: true,
            checksums: true
        );
    }

    /// <summary>A parameter as a tensor of a safetensors file.</summary>
    public static StreamedTensor Stream(string name, Tensor tensor) =>
        new(name, TensorElement.F32, tensor.shape, stream => stream.Write(MemoryMarshal.AsBytes(tensor.host<float>())));

    /// <summary>
    /// Parameters of a fresh model: matrices N(0, initializer_range), biases 0, LayerNorm weights
    /// 1.
    /// </summary>
    public static ParameterStore Fresh(
        IEnumerable<(string Name, long[] Shape)> shapes,
        BertConfig config,
        RandomKey key
    )
    {
        var store = new ParameterStore();
        foreach (var (name, shape) in shapes)
            store.Add(name, Draw(name, shape, config, key));
        return store;
    }

    /// <summary>Shapes and constants of a checkpoint.</summary>
    /// <exception cref="CheckpointException">The activation is not supported.</exception>
    public static BertConfig ConfigOf(HuggingFaceConfig c, int labels) =>
        ShapesOf(c, labels) with
        {
            Activation = c.HiddenAct switch
            {
                "gelu" => Activation.Gelu,
                "gelu_new" => Activation.GeluNew,
                "relu" => Activation.Relu,
                var other => throw new CheckpointException(
                    $"config.json: hidden_act is '{other}'; expected gelu, gelu_new or relu"
                ),
            },
        };

    /// <summary>Shapes of a checkpoint, without checking the activation.</summary>
    internal static BertConfig ShapesOf(HuggingFaceConfig c, int labels) =>
        new(
            c.VocabSize,
            c.HiddenSize,
            c.HeadSize,
            [.. Enumerable.Range(0, c.NumHiddenLayers).Select(c.HeadsOf)],
            [.. Enumerable.Range(0, c.NumHiddenLayers).Select(c.IntermediateOf)],
            c.MaxPositionEmbeddings,
            c.TypeVocabSize,
            labels,
            c.LayerNormEps,
            c.HiddenDropoutProb,
            c.AttentionProbsDropoutProb,
            c.PadTokenId,
            c.InitializerRange
        );

    private static ParameterStore Load(
        ITensorSource weights,
        IEnumerable<(string Name, long[] Shape)> shapes,
        BertConfig config,
        RandomKey key,
        Func<string, bool> mayBeFresh
    )
    {
        var store = new ParameterStore();
        try
        {
            foreach (var (name, shape) in shapes)
            {
                if (weights.Contains(name) && weights.Info(name).Shape.AsSpan().SequenceEqual(shape))
                    store.Add(name, torch.tensor<float>(weights.ReadFinite(name), shape));
                else if (mayBeFresh(name))
                    store.Add(name, Draw(name, shape, config, key));
                else
                    throw new CheckpointException(
                        $"tensor '{name}' of shape [{string.Join(", ", shape)}] is "
                            + (weights.Contains(name) ? $"[{string.Join(", ", weights.Info(name).Shape)}]" : "missing")
                            + " in the checkpoint"
                    );
            }
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    // Rows of a stored classifier in another order of its classes; fresh ones have no order.
    private static void Reorder(ITensorSource weights, ParameterStore store, IReadOnlyList<int> rows)
    {
        string[] head =
        [
            BertParameters.Weight(BertParameters.Classifier),
            BertParameters.Bias(BertParameters.Classifier),
        ];
        foreach (var name in head.Where(weights.Contains))
        {
            using var values = store[name].edit<float>();
            var stored = values.Span.ToArray();
            var width = stored.Length / rows.Count;
            for (var i = 0; i < rows.Count; i++)
                stored.AsSpan(rows[i] * width, width).CopyTo(values.Span[(i * width)..]);
        }
    }

    private static Tensor Draw(string name, long[] shape, BertConfig config, RandomKey key)
    {
        if (BertParameters.IsNormWeight(name))
            return torch.ones(shape);
        var tensor = torch.zeros(shape);
        if (!BertParameters.IsBias(name))
            KeyedTensors.Normal(tensor, key.Derive(StableHash(name)), config.InitializerRange);
        return tensor;
    }

    /// <summary>
    /// FNV-1a of a name, so that a tensor's initial values do not depend on the other tensors.
    /// </summary>
    private static ulong StableHash(string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in name)
            hash = (hash ^ c) * 1099511628211UL;
        return hash;
    }
}
