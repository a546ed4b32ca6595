// A model folder as one ONNX file with what runs it beside it (docs/onnx.md). The file is written
// under another name, run by the caller's runtime against our own forward pass, and renamed.
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

/// <summary>What an exported network gives.</summary>
public enum OnnxHead
{
    /// <summary><c>logits [B, C]</c> of the classes.</summary>
    SequenceClassification,

    /// <summary><c>logits [B, S, V]</c> over the vocabulary, for each piece.</summary>
    MaskedLM,

    /// <summary><c>last_hidden_state [B, S, H]</c>.</summary>
    Encoder,
}

/// <summary>Numbers that an exported network computes with.</summary>
public enum OnnxPrecision
{
    /// <summary>Single precision.</summary>
    Float32,

    /// <summary>Products of layers in 8 bits: weights by output row, activations as they
    /// come.</summary>
    Int8,
}

/// <summary>Operators that an exported graph is made of.</summary>
public enum OnnxFusion
{
    /// <summary>Those of ONNX alone, which every runtime knows.</summary>
    None,

    /// <summary>
    /// Fused attention, residual and activation of ONNX Runtime (<c>com.microsoft</c>), which no
    /// other runtime knows.
    /// </summary>
    OnnxRuntime,
}

/// <summary>How a model is exported.</summary>
/// <param name="Head">What it gives; null: what the folder holds, a classifier first.</param>
/// <param name="Precision">Numbers it computes with.</param>
/// <param name="Fusion">Operators it is made of.</param>
public sealed record OnnxExportOptions(
    OnnxHead? Head = null,
    OnnxPrecision Precision = OnnxPrecision.Float32,
    OnnxFusion Fusion = OnnxFusion.None
);

/// <summary>What was written, and how it compares with its source.</summary>
/// <param name="Head">What it gives.</param>
/// <param name="Bytes">Bytes of the ONNX file.</param>
/// <param name="LargestDifference">Largest absolute difference of an output to that of the
/// source.</param>
/// <param name="Texts">Texts that were compared.</param>
/// <param name="ShortestText">Word pieces of the shortest.</param>
/// <param name="LongestText">Word pieces of the longest.</param>
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
    /// only when what was written gave the source's outputs.
    /// </summary>
    /// <param name="source">Hugging Face folder, dense or compact, or the name of a model
    /// (<see cref="ModelStore"/>).</param>
    /// <param name="target">Folder to write; refused if it exists and is not empty.</param>
    /// <param name="options">How.</param>
    /// <param name="open">Loads an ONNX file, as <c>OnnxNetwork.Open</c> of
    /// RobustTickets.OnnxRuntime.</param>
    /// <param name="stop">Ends it; then nothing is written.</param>
    /// <exception cref="CheckpointException">The source is broken or lacks the head, or the target
    /// cannot be written.</exception>
    /// <exception cref="ExportVerificationException">What was written gives other
    /// outputs.</exception>
    /// <exception cref="NumericFailureException">A weight or output of the source is not
    /// finite.</exception>
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
                // Shapes of layers stand in the graph: the configuration is that of any BERT.
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
                foreach (var name in new[] { TrainingRows.FileName, TrainedTexts.FileName })
                    if (File.Exists(Path.Combine(source, name)))
                        AtomicFile.WriteAllBytes(
                            Path.Combine(folder, name),
                            File.ReadAllBytes(Path.Combine(source, name))
                        );
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
            graph.Write(path, own, EnvironmentStamp.Collect().Version);
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
            throw new CheckpointException($"{files.Path}: holds no '{missing}', so it is no masked language model");
        // A mask or a coefficient that is not yet in the weights would be lost.
        if (
            files.Unused.FirstOrDefault(n => BertParameters.IsMaskScores(n) || BertParameters.IsCoefficient(n)) is
            { } loose
        )
            throw new CheckpointException(
                $"{files.Path}: holds '{loose}', a mask beside the weights; export the run's model/ folder, "
                    + "whose weights have it in them"
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
