// Exports a model folder as one ONNX file with its tokenizer and configuration (docs/onnx.md). The
// file is written under a temporary name, run by the caller's runtime against our own forward pass,
// and renamed.
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Export.Onnx;
using RobustTickets.Models;
using RobustTickets.Runs;

namespace RobustTickets.Export;

/// <summary>Output head of an exported network.</summary>
public enum OnnxHead
{
    /// <summary><c>logits [B, C]</c> of the classes.</summary>
    SequenceClassification,

    /// <summary><c>logits [B, S, V]</c> over the vocabulary, for each token.</summary>
    MaskedLM,

    /// <summary><c>last_hidden_state [B, S, H]</c>.</summary>
    Encoder,
}

/// <summary>Precision of an exported network.</summary>
public enum OnnxPrecision
{
    /// <summary>Single precision.</summary>
    Float32,

    /// <summary>
    /// Matrix products of layers in 8 bits: weights per channel, activations dynamic.
    /// </summary>
    Int8,
}

/// <summary>Operators of an exported graph.</summary>
public enum OnnxFusion
{
    /// <summary>Standard ONNX operators only, which every runtime supports.</summary>
    None,

    /// <summary>
    /// Fused attention, residual and activation of ONNX Runtime (<c>com.microsoft</c>), which no
    /// other runtime supports.
    /// </summary>
    OnnxRuntime,
}

/// <summary>Export options.</summary>
/// <param name="Head">The output head; null: the folder's, preferring a classifier.</param>
/// <param name="Precision">The precision.</param>
/// <param name="Fusion">The operators.</param>
public sealed record OnnxExportOptions(
    OnnxHead? Head = null,
    OnnxPrecision Precision = OnnxPrecision.Float32,
    OnnxFusion Fusion = OnnxFusion.None
);

/// <summary>The written file, and its comparison with the source.</summary>
/// <param name="Head">The output head.</param>
/// <param name="Bytes">Bytes of the ONNX file.</param>
/// <param name="LargestDifference">Largest absolute difference of an output from the
/// source's.</param>
/// <param name="Texts">Number of texts compared.</param>
/// <param name="ShortestText">Tokens of the shortest text.</param>
/// <param name="LongestText">Tokens of the longest text.</param>
public sealed record OnnxExportResult(
    OnnxHead Head,
    long Bytes,
    double LargestDifference,
    int Texts,
    int ShortestText,
    int LongestText
);

/// <summary>Writes models as ONNX files.</summary>
public static class OnnxExport
{
    /// <summary>Name of the file in the folder.</summary>
    public const string FileName = "model.onnx";

    /// <summary>
    /// Writes <c>model.onnx</c>, configuration, tokenizer and model card into a folder that appears
    /// only after the file's outputs match the source's.
    /// </summary>
    /// <param name="source">Hugging Face folder, dense or compact, or the name of a model
    /// (<see cref="ModelStore"/>).</param>
    /// <param name="target">Folder to write; must be missing or empty.</param>
    /// <param name="options">Export options.</param>
    /// <param name="open">Loads an ONNX file, such as <c>OnnxNetwork.Open</c> of
    /// RobustTickets.OnnxRuntime.</param>
    /// <param name="stop">Cancels; then nothing is written.</param>
    /// <exception cref="CheckpointException">The source is corrupt or lacks the head, or the target
    /// cannot be written.</exception>
    /// <exception cref="ExportVerificationException">The export computes other outputs.</exception>
    /// <exception cref="NumericFailureException">A weight or output of the source is not
    /// finite.</exception>
    /// <exception cref="Torch.Native.TorchUnavailableException">libtorch is not available.</exception>
    /// <exception cref="OutputException">The folder of the target cannot be written.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the target.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static OnnxExportResult Write(
        string source,
        string target,
        OnnxExportOptions options,
        Func<string, ITokenModel> open,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(open);
        source = ModelStore.OfUser().Locate(source);
        using var hold = WriterLock.TakePlace(target);
        OnnxExportResult? result = null;
        AtomicFolder.Create(
            target,
            folder =>
            {
                result = WriteFile(source, folder, options, open, stop);
                using var files = BertFiles.Open(source);
                // The graph contains the shapes of layers: the configuration is that of a dense
                // BERT.
                var config = files.Config with
                {
                    Ticket = null,
                    PrunedHeads = new Dictionary<int, IReadOnlyList<int>>(),
                };
                AtomicFile.WriteAllText(
                    Path.Combine(folder, "config.json"),
                    config.WithTorchDtype(TensorElement.F32).ToJson()
                );
                HuggingFaceFolderWriter.CopyTokenizer(source, folder);
                foreach (
                    var file in TokenizerConfig.Missing(source).Concat(HuggingFaceFolderWriter.TrainingRecords(source))
                )
                    AtomicFile.WriteAllText(Path.Combine(folder, file.Name), file.Text);
                AtomicFile.WriteAllText(
                    Path.Combine(folder, ModelCard.FileName),
                    ModelCard.Of(source, files.Config).Onnx(result, options)
                );
            }
        );
        return result!;
    }

    private static OnnxExportResult WriteFile(
        string source,
        string folder,
        OnnxExportOptions options,
        Func<string, ITokenModel> open,
        CancellationToken stop
    )
    {
        stop.ThrowIfCancellationRequested();
        using var files = BertFiles.Open(source);
        var head = options.Head ?? HeadOf(files);
        Require(files, head);
        files.Weights.RequireFinite();
        var config = BertFiles.ConfigOf(files.Config, files.Config.NumLabels);
        var graph = OnnxBert.Build(files.Weights, config, head, options);
        foreach (var (name, value) in Metadata(files, head, options))
            graph.Metadata[name] = value;
        var path = Path.Combine(folder, FileName);
        var own = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source)));
        try
        {
            var version = EnvironmentStamp.Collect().Version;
            Disk.Writing(path, () => graph.Write(path, own, version));
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointException($"{source}: {e.Message}", e);
        }
        stop.ThrowIfCancellationRequested();
        using var model = Open(open, path);
        return ExportCheck.Compare(source, config, head, options.Precision, model, stop: stop) with
        {
            Bytes = new FileInfo(path).Length,
        };
    }

    private static ITokenModel Open(Func<string, ITokenModel> open, string path)
    {
        try
        {
            return open(path);
        }
        catch (Exception e) when (e is Attacks.DataException or InvalidOperationException)
        {
            throw new ExportVerificationException($"{FileName}: does not load: {e.Message}");
        }
    }

    private static OnnxHead HeadOf(HuggingFaceFolder files) =>
        files.Weights.Contains(BertParameters.Weight(BertParameters.Classifier)) ? OnnxHead.SequenceClassification
        : files.Weights.Contains(BertParameters.Weight(BertParameters.PredictionDense)) ? OnnxHead.MaskedLM
        : OnnxHead.Encoder;

    private static void Require(HuggingFaceFolder files, OnnxHead head)
    {
        if (head == OnnxHead.SequenceClassification)
        {
            ModelFolderCheck.RequireClassifier(files);
            ModelFolderCheck.RequireSingleLabel(files);
        }
        if (
            head == OnnxHead.MaskedLM
            && BertShapes
                .OfPredictionHead(BertFiles.ConfigOf(files.Config, 2))
                .Select(s => s.Name)
                .FirstOrDefault(n => !files.Weights.Contains(n))
                is { } missing
        )
            throw new CheckpointException($"{files.Path}: holds no '{missing}', so it is not a masked language model");
        if (head == OnnxHead.MaskedLM)
            ModelFolderCheck.RequireTiedDecoder(files);
        // A mask or coefficient that is not yet folded into the weights would be lost.
        if (
            files.Unused.FirstOrDefault(n => BertParameters.IsMaskScores(n) || BertParameters.IsCoefficient(n)) is
            { } loose
        )
            throw new CheckpointException(
                $"{files.Path}: holds '{loose}', a mask not yet applied to the weights; export the run's model/ "
                    + "folder, whose weights have it applied"
            );
    }

    private static IEnumerable<(string Name, string Value)> Metadata(
        HuggingFaceFolder files,
        OnnxHead head,
        OnnxExportOptions options
    )
    {
        var config = files.Config;
        yield return ("task", ModelCard.PipelineOf(head));
        yield return ("model_type", "bert");
        yield return ("precision", options.Precision == OnnxPrecision.Int8 ? "int8" : "float32");
        yield return ("fused_for", options.Fusion == OnnxFusion.OnnxRuntime ? "onnxruntime" : "");
        yield return ("max_position_embeddings", config.MaxPositionEmbeddings.ToString(CultureInfo.InvariantCulture));
        if (head == OnnxHead.SequenceClassification)
        {
            yield return ("labels", new JsonArray([.. config.Labels.Select(l => (JsonNode)l)]).ToJsonString());
        }
        if (config.Ticket is { } ticket)
            yield return ("ticket", ticket.ToJson().ToJsonString());
    }
}
