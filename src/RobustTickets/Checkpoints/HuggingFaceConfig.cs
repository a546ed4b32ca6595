// config.json of a BERT checkpoint as transformers writes it, plus our optional "ticket" object.
// Values that the model code does not support (another activation, relative positions, a decoder)
// are rejected here, by field. Unused fields are kept.

using System.Text.Json;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints;

/// <summary>
/// The configuration of a BERT checkpoint: shapes, dropout, labels, and the per-layer shapes of a
/// compact ticket.
/// </summary>
public sealed partial record HuggingFaceConfig
{
    /// <summary>Vocabulary size, V.</summary>
    public required int VocabSize { get; init; }

    /// <summary>
    /// Width of the residual stream, H; a multiple of <see cref="NumAttentionHeads"/>.
    /// </summary>
    public required int HiddenSize { get; init; }

    /// <summary>Encoder layers, L.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>
    /// Attention heads of a dense layer, A (also where <see cref="Ticket"/> keeps fewer).
    /// </summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>
    /// Feed-forward neurons of a dense layer, I (also where <see cref="Ticket"/> keeps fewer).
    /// </summary>
    public required int IntermediateSize { get; init; }

    /// <summary>
    /// Activation of the feed-forward network; only <c>gelu</c> (the erf form) is supported.
    /// </summary>
    public string HiddenAct { get; init; } = "gelu";

    /// <summary>Dropout probability of embeddings and dense outputs, in [0, 1).</summary>
    public double HiddenDropoutProb { get; init; } = 0.1;

    /// <summary>Dropout probability of attention weights, in [0, 1).</summary>
    public double AttentionProbsDropoutProb { get; init; } = 0.1;

    /// <summary>
    /// Dropout probability before the classifier, in [0, 1); null means
    /// <see cref="HiddenDropoutProb"/>.
    /// </summary>
    public double? ClassifierDropout { get; init; }

    /// <summary>Maximum sequence length in tokens.</summary>
    public int MaxPositionEmbeddings { get; init; } = 512;

    /// <summary>Number of token types.</summary>
    public int TypeVocabSize { get; init; } = 2;

    /// <summary>Added to the variance in layer normalisation.</summary>
    public double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Vocabulary id of the padding token.</summary>
    public int PadTokenId { get; init; }

    /// <summary>Standard deviation of newly initialised weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Kind of position embedding; only <c>absolute</c> is supported.</summary>
    public string PositionEmbeddingType { get; init; } = "absolute";

    /// <summary>
    /// Names of the classes, in the order of the classifier's rows (<c>id2label</c>).
    /// </summary>
    public IReadOnlyList<string> Labels { get; init; } = DefaultLabels(2);

    /// <summary>
    /// Class names of the transformers model (<c>BertForSequenceClassification</c>, ...); may be
    /// empty.
    /// </summary>
    public IReadOnlyList<string> Architectures { get; init; } = [];

    /// <summary>
    /// Kind of model; only <c>bert</c> is supported. Written as <see cref="CompactModelType"/> if
    /// <see cref="IsCompact"/>.
    /// </summary>
    public string ModelType { get; init; } = "bert";

    /// <summary>
    /// <c>model_type</c> of a compact ticket, whose shapes no BERT class of transformers supports
    /// (docs/compact-format.md).
    /// </summary>
    public const string CompactModelType = "compact_bert";

    private const string CompactPrefix = "Compact";

    /// <summary>Whether the masked-language-model output matrix is the word embedding.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>
    /// Kind of classification problem (<c>single_label_classification</c>, ...), or null.
    /// </summary>
    public string? ProblemType { get; init; }

    /// <summary>
    /// Heads removed per layer, as transformers before version 5 stores them (<c>pruned_heads</c>);
    /// empty for none.
    /// </summary>
    public IReadOnlyDictionary<int, IReadOnlyList<int>> PrunedHeads { get; init; } =
        new Dictionary<int, IReadOnlyList<int>>();

    /// <summary>
    /// Per-layer shapes of a compact ticket (from <c>ticket</c>, else from <c>pruned_heads</c>);
    /// null for a dense model.
    /// </summary>
    public TicketConfig? Ticket { get; init; }

    /// <summary>Fields the program does not use, written back unchanged.</summary>
    public IReadOnlyDictionary<string, JsonElement> Unknown { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>
    /// What was ignored on reading, one sentence each: a stale <c>label2id</c>, a byte order mark.
    /// Not written.
    /// </summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>
    /// Whether a layer's shape differs from the dense model's other than by <c>pruned_heads</c>.
    /// </summary>
    public bool IsCompact =>
        Enumerable
            .Range(0, NumHiddenLayers)
            .Any(l =>
                IntermediateOf(l) < IntermediateSize || (HeadsOf(l) < NumAttentionHeads && !PrunedHeads.ContainsKey(l))
            );

    /// <summary>
    /// A copy with <c>torch_dtype</c> (and <c>dtype</c>) set to the tensors' type.
    /// </summary>
    internal HuggingFaceConfig WithTorchDtype(TensorElement element)
    {
        var name = JsonSerializer.SerializeToElement(element.TorchName());
        var unknown = new Dictionary<string, JsonElement>(Unknown, StringComparer.Ordinal) { ["torch_dtype"] = name };
        // The field's name since transformers 5.
        if (unknown.ContainsKey("dtype"))
            unknown["dtype"] = name;
        return this with { Unknown = unknown };
    }

    /// <summary>Number of classes, C.</summary>
    public int NumLabels => Labels.Count;

    /// <summary>Width of one head, H / A.</summary>
    public int HeadSize => HiddenSize / NumAttentionHeads;

    /// <summary>Class name to row of the classifier (<c>label2id</c>).</summary>
    public IReadOnlyDictionary<string, int> Label2Id =>
        Labels.Select((label, id) => (label, id)).ToDictionary(p => p.label, p => p.id, StringComparer.Ordinal);

    /// <summary>Heads of a layer, 0 to A.</summary>
    public int HeadsOf(int layer) => Ticket?.LayerHeadNum[layer] ?? NumAttentionHeads;

    /// <summary>Feed-forward neurons of a layer, 0 to I.</summary>
    public int IntermediateOf(int layer) => Ticket?.LayerInterSize[layer] ?? IntermediateSize;

    /// <summary>transformers' default class names: <c>LABEL_0</c>, <c>LABEL_1</c>, ...</summary>
    public static IReadOnlyList<string> DefaultLabels(int count) =>
        [.. Enumerable.Range(0, count).Select(i => $"LABEL_{i}")];
}
