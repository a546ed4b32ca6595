// The single table of BERT's parameter names (Hugging Face spelling) and of the axes along which
// heads, neurons and weights are pruned. No other source file contains such names; shapes are in
// BertShapes.
using System.Globalization;

namespace RobustTickets.Models;

/// <summary>
/// Names of one layer's modules, without <c>.weight</c> and <c>.bias</c>, in the order of the
/// forward pass.
/// </summary>
/// <param name="Query">Q: heads are blocks of rows.</param>
/// <param name="Key">K: heads are blocks of rows.</param>
/// <param name="Value">V: heads are blocks of rows.</param>
/// <param name="AttentionOutput">Output projection of attention: heads are blocks of columns; its
/// bias stays.</param>
/// <param name="AttentionNorm">LayerNorm after attention.</param>
/// <param name="Intermediate">First FFN matrix: neurons are rows.</param>
/// <param name="Output">Second FFN matrix: neurons are columns; its bias stays.</param>
/// <param name="OutputNorm">LayerNorm after the FFN.</param>
internal sealed record BertLayerNames(
    string Query,
    string Key,
    string Value,
    string AttentionOutput,
    string AttentionNorm,
    string Intermediate,
    string Output,
    string OutputNorm
)
{
    /// <summary>The six dense layers.</summary>
    public IReadOnlyList<string> Dense => [Query, Key, Value, AttentionOutput, Intermediate, Output];

    /// <summary>Names of the layers in <see cref="Dense"/>, in its order.</summary>
    public static IReadOnlyList<string> DenseKinds { get; } =
    ["query", "key", "value", "attention-output", "intermediate", "output"];
}

/// <summary>
/// Parameter names of BERT, and the axes along which heads and neurons are pruned.
/// </summary>
internal static class BertParameters
{
    /// <summary>Word embedding [V, H].</summary>
    public const string WordEmbeddings = "bert.embeddings.word_embeddings.weight";

    /// <summary>Position embedding [P, H].</summary>
    public const string PositionEmbeddings = "bert.embeddings.position_embeddings.weight";

    /// <summary>Buffer of positions [1, P]: 0, 1, ...</summary>
    public const string PositionIds = "bert.embeddings.position_ids";

    /// <summary>Token-type embedding [2, H].</summary>
    public const string TypeEmbeddings = "bert.embeddings.token_type_embeddings.weight";

    /// <summary>LayerNorm of the embeddings.</summary>
    public const string EmbeddingNorm = "bert.embeddings.LayerNorm";

    /// <summary>Pooler [H, H].</summary>
    public const string Pooler = "bert.pooler.dense";

    /// <summary>Classifier [C, H].</summary>
    public const string Classifier = "classifier";

    /// <summary>Dense layer of the masked-language-model head [H, H].</summary>
    public const string PredictionDense = "cls.predictions.transform.dense";

    /// <summary>LayerNorm of the masked-language-model head.</summary>
    public const string PredictionNorm = "cls.predictions.transform.LayerNorm";

    /// <summary>
    /// Bias of the masked-language-model head [V]; its matrix is the word embedding.
    /// </summary>
    public const string PredictionBias = "cls.predictions.bias";

    /// <summary>Copy of the word embedding in files, as the head's matrix [V, H].</summary>
    public const string TiedDecoder = "cls.predictions.decoder.weight";

    /// <summary>Copy of <see cref="PredictionBias"/> in files.</summary>
    public const string TiedDecoderBias = "cls.predictions.decoder.bias";

    /// <summary>Next-sentence-prediction head [2, H]; not used by this library.</summary>
    public const string NextSentence = "cls.seq_relationship";

    private const string Encoder = "bert.";
    private const string Embeddings = "bert.embeddings.";
    private const string Layers = "bert.encoder.layer.";
    private const string PretrainingHeads = "cls.";
    private const string Coefficients = "slimming_coef";
    private const string Scores = ".mask_scores";
    private const string NormWeight = "LayerNorm.weight";

    /// <summary>Prefix of a layer.</summary>
    public static string LayerPrefix(int layer) => $"{Layers}{layer}";

    /// <summary>Names of a layer's modules.</summary>
    public static BertLayerNames Layer(int layer)
    {
        var at = LayerPrefix(layer);
        return new BertLayerNames(
            $"{at}.attention.self.query",
            $"{at}.attention.self.key",
            $"{at}.attention.self.value",
            $"{at}.attention.output.dense",
            $"{at}.attention.output.LayerNorm",
            $"{at}.intermediate.dense",
            $"{at}.output.dense",
            $"{at}.output.LayerNorm"
        );
    }

    /// <summary>The matrix of a dense layer, or the scale of a LayerNorm.</summary>
    public static string Weight(string part) => $"{part}.weight";

    /// <summary>The bias of a dense layer, or the shift of a LayerNorm.</summary>
    public static string Bias(string part) => $"{part}.bias";

    /// <summary>
    /// Q, K and V of a layer: heads are blocks of rows of the weights and of the biases.
    /// </summary>
    public static IReadOnlyList<string> HeadRows(int layer)
    {
        var names = Layer(layer);
        return [names.Query, names.Key, names.Value];
    }

    /// <summary>
    /// Matrix of attention's output projection: heads are blocks of columns; its bias stays.
    /// </summary>
    public static string HeadColumns(int layer) => Weight(Layer(layer).AttentionOutput);

    /// <summary>First FFN matrix: neurons are rows of weight and bias.</summary>
    public static string NeuronRows(int layer) => Layer(layer).Intermediate;

    /// <summary>Second FFN matrix: neurons are columns; its bias stays.</summary>
    public static string NeuronColumns(int layer) => Weight(Layer(layer).Output);

    /// <summary>Slimming coefficients of a layer's heads [heads].</summary>
    public static string HeadCoefficients(int layer) => $"{LayerPrefix(layer)}.attention.self.{Coefficients}";

    /// <summary>Slimming coefficients of a layer's neurons [neurons].</summary>
    public static string NeuronCoefficients(int layer) => $"{LayerPrefix(layer)}.{Coefficients}";

    /// <summary>
    /// Layers whose matrices can have weight masks, in the order of the forward pass: six of each
    /// encoder layer, and the pooler (RobusT 3.2).
    /// </summary>
    public static IEnumerable<string> Maskable(BertConfig c) =>
        Enumerable.Range(0, c.Layers).SelectMany(l => Layer(l).Dense).Append(Pooler);

    /// <summary>Sort key of maskable layers in the order of the forward pass.</summary>
    /// <exception cref="ArgumentException">The name is not a maskable layer.</exception>
    public static int MaskableOrder(string site)
    {
        if (site == Pooler)
            return int.MaxValue;
        if (LayerOf(site) is { } layer)
        {
            var dense = Layer(layer).Dense;
            for (var place = 0; place < dense.Count; place++)
            {
                if (dense[place] == site)
                    return (layer * dense.Count) + place;
            }
        }
        throw new ArgumentException($"'{site}' is not a layer that can be masked");
    }

    /// <summary>
    /// The layer of a maskable matrix (null for the pooler) and its kind
    /// (<see cref="BertLayerNames.DenseKinds"/>, or <c>pooler</c>).
    /// </summary>
    /// <exception cref="ArgumentException">The name is not a maskable layer.</exception>
    public static (int? Layer, string Kind) MaskablePart(string site)
    {
        if (site == Pooler)
            return (null, "pooler");
        var (layer, place) = Math.DivRem(MaskableOrder(site), BertLayerNames.DenseKinds.Count);
        return (layer, BertLayerNames.DenseKinds[place]);
    }

    /// <summary>Mask scores of a layer's matrix [R, C].</summary>
    public static string MaskScores(string site) => site + Scores;

    /// <summary>The number of the layer that a parameter belongs to, or null.</summary>
    public static int? LayerOf(string name)
    {
        if (!name.StartsWith(Layers, StringComparison.Ordinal))
            return null;
        var rest = name.AsSpan(Layers.Length);
        var dot = rest.IndexOf('.');
        return dot > 0 && int.TryParse(rest[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
            ? layer
            : null;
    }

    /// <summary>Whether a name belongs to the classifier.</summary>
    public static bool IsClassifier(string name) => name.StartsWith($"{Classifier}.", StringComparison.Ordinal);

    /// <summary>Whether a name belongs to the pre-training heads.</summary>
    public static bool IsPretrainingHead(string name) => name.StartsWith(PretrainingHeads, StringComparison.Ordinal);

    /// <summary>Whether a name is that of mask scores.</summary>
    public static bool IsMaskScores(string name) => name.EndsWith(Scores, StringComparison.Ordinal);

    /// <summary>Whether a name is that of slimming coefficients.</summary>
    public static bool IsCoefficient(string name) => name.EndsWith(Coefficients, StringComparison.Ordinal);

    /// <summary>Whether a name is the scale of a LayerNorm.</summary>
    public static bool IsNormWeight(string name) => name.EndsWith(NormWeight, StringComparison.Ordinal);

    /// <summary>Whether a name belongs to a LayerNorm.</summary>
    public static bool IsNorm(string name) => name.Contains("LayerNorm", StringComparison.Ordinal);

    /// <summary>Whether a name is a bias or the shift of a LayerNorm.</summary>
    public static bool IsBias(string name) => name.EndsWith("bias", StringComparison.Ordinal);

    /// <summary>
    /// Whether a name belongs to the embeddings (excluded from the papers' parameter counts).
    /// </summary>
    public static bool IsEmbedding(string name) => name.StartsWith(Embeddings, StringComparison.Ordinal);

    /// <summary>
    /// Whether a name belongs to embeddings or layers, which every checkpoint must contain.
    /// </summary>
    public static bool IsEncoder(string name) => IsEmbedding(name) || name.StartsWith(Layers, StringComparison.Ordinal);

    /// <summary>
    /// Whether a name is that of the position_ids buffer: files contain it, but it is a constant.
    /// </summary>
    public static bool IsPositionBuffer(string name) =>
        name.EndsWith("embeddings.position_ids", StringComparison.Ordinal);

    /// <summary>Whether a tensor's name in a file has the encoder's prefix.</summary>
    public static bool HasEncoderPrefix(string name) => name.StartsWith(Encoder, StringComparison.Ordinal);

    /// <summary>
    /// Converts a name in a file to this table's spelling: TensorFlow's <c>gamma</c> and
    /// <c>beta</c> become weight and bias; an encoder saved without its prefix gets it.
    /// </summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="bare">Whether no tensor of the file has the encoder's prefix.</param>
    public static string Canonical(string name, bool bare)
    {
        if (name.EndsWith(".LayerNorm.gamma", StringComparison.Ordinal))
            name = name[..^"gamma".Length] + "weight";
        else if (name.EndsWith(".LayerNorm.beta", StringComparison.Ordinal))
            name = name[..^"beta".Length] + "bias";
        var encoder =
            name.StartsWith("embeddings.", StringComparison.Ordinal)
            || name.StartsWith("encoder.", StringComparison.Ordinal)
            || name.StartsWith("pooler.", StringComparison.Ordinal);
        return bare && encoder ? Encoder + name : name;
    }
}
