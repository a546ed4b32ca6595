// Converts a BERT exported to ONNX into a Hugging Face folder. Everything but the vocabulary is in
// the graph: shapes, heads, epsilon and activation are read from its structure, not from names.
using System.Runtime.InteropServices;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Graphs;
using RobustTickets.Checkpoints.Tensors;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets;

/// <summary>Import request.</summary>
/// <param name="Onnx">The .onnx file: a BERT encoder, classifier or masked language model.</param>
/// <param name="Vocabulary">vocab.txt of its tokenizer.</param>
/// <param name="Output">The Hugging Face folder to write.</param>
/// <param name="Labels">Names of the classes, in the classifier's order; null: LABEL_0, LABEL_1,
/// ...</param>
/// <param name="Heads">Number of attention heads, if the graph does not determine it.</param>
/// <param name="Cased">Whether the tokenizer keeps case; null: true if a token of the vocabulary
/// has an upper-case letter.</param>
/// <param name="Replace">Whether to replace a folder written by an earlier import; other folders
/// are never replaced.</param>
public sealed record OnnxImportRequest(
    string Onnx,
    string Vocabulary,
    string Output,
    IReadOnlyList<string>? Labels = null,
    int? Heads = null,
    bool? Cased = null,
    bool Replace = false
);

/// <summary>The imported model.</summary>
/// <param name="Folder">The folder written.</param>
/// <param name="Config">Its configuration.</param>
/// <param name="Kind">Its model class in transformers.</param>
/// <param name="Parameters">Number of weights.</param>
/// <param name="Notes">What was left out or assumed, one sentence each.</param>
public sealed record ImportedModel(
    string Folder,
    HuggingFaceConfig Config,
    string Kind,
    long Parameters,
    IReadOnlyList<string> Notes
);

/// <summary>Imports BERT models from ONNX files.</summary>
public static class OnnxImport
{
    /// <summary>
    /// Reads an ONNX file and writes the folder, with the records of training rows that lie beside
    /// the file.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="stop">Cancels; then nothing is written.</param>
    /// <exception cref="CheckpointException">The file is missing, malformed or not a BERT, the
    /// vocabulary does not fit, or the folder cannot be written; file, node and reason
    /// named.</exception>
    /// <exception cref="DataException">The vocabulary is missing or malformed.</exception>
    /// <exception cref="OutputException">The folder's parent cannot be written.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the folder.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static ImportedModel Run(OnnxImportRequest request, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var folder = Path.GetDirectoryName(Path.GetFullPath(request.Onnx)) ?? "";
        return Write(request, HuggingFaceFolderWriter.TrainingRecords(folder), stop);
    }

    /// <summary>As <see cref="Run"/>, with additional files in the folder.</summary>
    internal static ImportedModel Write(
        OnnxImportRequest request,
        IReadOnlyList<ExtraFile> beside,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        stop.ThrowIfCancellationRequested();
        using var hold = WriterLock.TakePlace(request.Output);
        RequireReplaceable(request);
        var vocabulary = Vocabulary.Load(request.Vocabulary);
        var file = OnnxFile.Open(request.Onnx);
        var graph = BertGraph.Find(file, request.Heads);
        if (vocabulary.Count > graph.Vocabulary)
        {
            throw new CheckpointException(
                $"{request.Vocabulary}: has {vocabulary.Count} tokens, {request.Onnx} has {graph.Vocabulary} word "
                    + "embeddings; expected the vocabulary of this model"
            );
        }
        if (request.Heads is { } heads && heads != graph.Hidden / graph.HeadSize)
        {
            throw new CheckpointException(
                $"{request.Onnx}: its graph has {graph.Hidden / graph.HeadSize} heads of {graph.HeadSize}, but "
                    + $"{heads} are "
                    + "given; omit the number of heads"
            );
        }
        if (graph.Activation != "gelu")
            throw new CheckpointException(
                $"{request.Onnx}: its activation is {graph.Activation}; expected gelu (the error-function form)"
            );
        var cased = request.Cased ?? vocabulary.Tokens.Any(HasUpper);
        var tokenizer = new WordPieceTokenizer(
            vocabulary,
            new TokenizerOptions(DoLowerCase: !cased, ModelMaxLength: (int)graph.Positions)
        );
        var kind = graph.Head switch
        {
            BertHead.Classification => "BertForSequenceClassification",
            BertHead.MaskedLM => "BertForMaskedLM",
            _ => "BertModel",
        };
        var config = new HuggingFaceConfig
        {
            VocabSize = (int)graph.Vocabulary,
            HiddenSize = (int)graph.Hidden,
            NumHiddenLayers = graph.Layers,
            NumAttentionHeads = (int)(graph.Hidden / graph.HeadSize),
            IntermediateSize = graph.Neurons.Max(),
            Ticket = TicketOf(graph),
            MaxPositionEmbeddings = (int)graph.Positions,
            TypeVocabSize = (int)graph.Segments,
            LayerNormEps = graph.Epsilon,
            PadTokenId = tokenizer.PadId,
            HiddenAct = graph.Activation,
            Labels = LabelsOf(request, graph, file),
            Architectures = [kind],
        };
        HuggingFaceFolderWriter.WriteStreamed(
            request.Output,
            config,
            graph.Weights.Select(weight => Stream(weight, request.Onnx)).Until(stop),
            replace: request.Replace,
            beside: beside,
            checksums: true,
            tokenizer: tokenizer
        );
        var notes = graph.Notes.ToList();
        if (request.Cased is null)
            notes.Add(cased ? "the vocabulary has capitals: the tokenizer keeps case" : "the tokenizer lower-cases");
        return new ImportedModel(
            request.Output,
            config,
            kind,
            graph.Weights.Sum(w => w.Shape.Aggregate(1L, (a, b) => a * b)),
            notes
        );
    }

    // Only folders written by an import are replaced.
    private static void RequireReplaceable(OnnxImportRequest request)
    {
        if (
            request.Replace
            && Directory.Exists(request.Output)
            && Directory.EnumerateFileSystemEntries(request.Output).Any()
            && !FolderChecksums.NameAll(request.Output)
        )
        {
            throw new CheckpointException(
                $"{request.Output}: holds files other than those an import writes (listed in its "
                    + $"{FolderChecksums.FileName}), so it is not replaced; choose another folder or remove it"
            )
            {
                OfOutput = true,
            };
        }
    }

    private static StreamedTensor Stream(FoundWeight weight, string place) =>
        new(
            weight.Name,
            TensorElement.F32,
            weight.Shape,
            stream =>
            {
                var values = weight.Values();
                if (FiniteTensors.FirstNotFinite(values) is >= 0 and var at)
                    throw new CheckpointException(
                        Text($"{place}: '{weight.Name}' holds {values[at]} at {at}; expected finite numbers")
                    );
                stream.Write(MemoryMarshal.AsBytes<float>(values));
            }
        );

    private static IReadOnlyList<string> LabelsOf(OnnxImportRequest request, BertGraph graph, OnnxFile file)
    {
        if (graph.Head != BertHead.Classification)
        {
            return request.Labels is null
                ? HuggingFaceConfig.DefaultLabels(2)
                : throw new CheckpointException($"{request.Onnx}: has no classifier, but labels are given");
        }
        if (graph.Labels < 2)
            throw new CheckpointException(
                $"{request.Onnx}: its classifier has {graph.Labels} output; a classifier has at least 2 classes"
            );
        if (request.Labels is { } labels && labels.Count != graph.Labels)
        {
            throw new CheckpointException(
                $"{request.Onnx}: its classifier has {graph.Labels} classes, but {labels.Count} labels are given "
                    + $"({string.Join(", ", labels)})"
            );
        }
        return request.Labels ?? Written(file, graph.Labels) ?? HuggingFaceConfig.DefaultLabels((int)graph.Labels);
    }

    // Class names that this program's own exports store in the metadata.
    private static string[]? Written(OnnxFile file, long count)
    {
        if (!file.Metadata.TryGetValue("labels", out var json))
            return null;
        try
        {
            return
                JsonSerializer.Deserialize<string[]>(json) is { } names
                && names.Length == count
                && names.Distinct(StringComparer.Ordinal).Count() == count
                && !names.Contains(null)
                ? names
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Layers that differ, or have fewer heads than hidden size / head size, are a ticket's.
    private static TicketConfig? TicketOf(BertGraph graph)
    {
        var (heads, neurons) = (graph.Hidden / graph.HeadSize, graph.Neurons.Max());
        return graph.Heads.All(h => h == heads) && graph.Neurons.All(n => n == neurons)
            ? null
            : new TicketConfig(graph.Heads, graph.Neurons);
    }

    // Special tokens are upper-case in every vocabulary; letters such as ℝ are in lower-case ones
    // too.
    private static bool HasUpper(string token) => !token.StartsWith('[') && token.Any(char.IsAsciiLetterUpper);
}
