// The one table of names and prunable places of a BERT checkpoint. Nothing else in the project
// spells a parameter name.
namespace RobustTickets.Models;

/// <summary>
/// Parameter names of BERT in Hugging Face's spelling, and the axes along which heads and neurons
/// are cut.
/// </summary>
public static class BertSites
{
    /// <summary>Prefix of the encoder.</summary>
    public const string Encoder = "bert";

    /// <summary>Word embedding [V, H].</summary>
    public const string WordEmbeddings = "bert.embeddings.word_embeddings.weight";

    /// <summary>Position embedding [P, H].</summary>
    public const string PositionEmbeddings = "bert.embeddings.position_embeddings.weight";

    /// <summary>Token-type embedding [2, H].</summary>
    public const string TypeEmbeddings = "bert.embeddings.token_type_embeddings.weight";

    /// <summary>Pooler [H, H].</summary>
    public const string Pooler = "bert.pooler.dense";

    /// <summary>Classifier [C, H].</summary>
    public const string Classifier = "classifier";

    /// <summary>Prefix of a layer.</summary>
    public static string Layer(int layer) => $"bert.encoder.layer.{layer}";

    /// <summary>
    /// Q, K and V of a layer: heads are blocks of rows of the weights and of the biases.
    /// </summary>
    public static IEnumerable<string> HeadRows(int layer) =>
        new[] { "query", "key", "value" }.Select(n => $"{Layer(layer)}.attention.self.{n}");

    /// <summary>
    /// Output projection of attention: heads are blocks of columns; its bias stays.
    /// </summary>
    public static string HeadColumns(int layer) => $"{Layer(layer)}.attention.output.dense.weight";

    /// <summary>First FFN matrix: neurons are rows of weight and bias.</summary>
    public static string NeuronRows(int layer) => $"{Layer(layer)}.intermediate.dense";

    /// <summary>Second FFN matrix: neurons are columns; its bias stays.</summary>
    public static string NeuronColumns(int layer) => $"{Layer(layer)}.output.dense.weight";

    /// <summary>Slimming coefficients of a layer's heads [heads].</summary>
    public static string HeadCoefficients(int layer) => $"{Layer(layer)}.attention.self.slimming_coef";

    /// <summary>Slimming coefficients of a layer's neurons [neurons].</summary>
    public static string NeuronCoefficients(int layer) => $"{Layer(layer)}.slimming_coef";

    /// <summary>
    /// Layers whose matrix masks of single weights may cover, in the order of the forward pass: six
    /// of each encoder layer, and the pooler (spec 1.2, 9.1).
    /// </summary>
    public static IEnumerable<string> Maskable(BertConfig c) =>
        Enumerable
            .Range(0, c.Layers)
            .SelectMany(l =>
                (string[])
                    [.. HeadRows(l), $"{Layer(l)}.attention.output.dense", NeuronRows(l), $"{Layer(l)}.output.dense"]
            )
            .Append(Pooler);

    /// <summary>The layers of <see cref="Maskable"/> with the shapes of their matrices.</summary>
    public static IEnumerable<(string Site, long[] Shape)> MaskableShapes(BertConfig c)
    {
        var shapes = ClassifierShapes(c).ToDictionary(p => p.Name, p => p.Shape);
        return Maskable(c).Select(site => (site, shapes[$"{site}.weight"]));
    }

    /// <summary>A number that sorts maskable layers in the order of the forward pass.</summary>
    /// <exception cref="ArgumentException">The name is no maskable layer.</exception>
    public static int MaskableOrder(string site)
    {
        if (site == Pooler)
            return int.MaxValue;
        var parts = site.Split('.');
        if (parts.Length > 4 && int.TryParse(parts[3], out var layer))
        {
            string[] six =
            [
                .. HeadRows(layer),
                $"{Layer(layer)}.attention.output.dense",
                NeuronRows(layer),
                $"{Layer(layer)}.output.dense",
            ];
            if (Array.IndexOf(six, site) is >= 0 and var place)
                return (layer * six.Length) + place;
        }
        throw new ArgumentException($"'{site}' is no layer that a mask may cover");
    }

    /// <summary>Whether a name belongs to the classifier.</summary>
    public static bool IsClassifier(string name) => name.StartsWith($"{Classifier}.", StringComparison.Ordinal);

    /// <summary>Scores of the mask on a layer's matrix [R, C].</summary>
    public static string MaskScores(string site) => $"{site}.mask_scores";

    /// <summary>Whether a name is the scores of a mask.</summary>
    public static bool IsMaskScores(string name) => name.EndsWith(".mask_scores", StringComparison.Ordinal);

    /// <summary>Whether a name is a slimming coefficient.</summary>
    public static bool IsCoefficient(string name) => name.EndsWith("slimming_coef", StringComparison.Ordinal);

    /// <summary>
    /// Whether a name belongs to the embeddings (left out of the papers' parameter counts).
    /// </summary>
    public static bool IsEmbedding(string name) => name.StartsWith("bert.embeddings.", StringComparison.Ordinal);

    /// <summary>
    /// Whether a name belongs to embeddings or layers: what every checkpoint must hold.
    /// </summary>
    public static bool IsEncoder(string name) =>
        IsEmbedding(name) || name.StartsWith("bert.encoder.", StringComparison.Ordinal);

    /// <summary>Shapes of every parameter of a classifier, in checkpoint order.</summary>
    public static IEnumerable<(string Name, long[] Shape)> ClassifierShapes(BertConfig c) =>
        EncoderShapes(c)
            .Concat(PoolerShapes(c))
            .Concat([($"{Classifier}.weight", [c.Labels, c.Hidden]), ($"{Classifier}.bias", [c.Labels])]);

    /// <summary>Shapes of embeddings and layers.</summary>
    public static IEnumerable<(string Name, long[] Shape)> EncoderShapes(BertConfig c)
    {
        long h = c.Hidden;
        yield return (WordEmbeddings, [c.VocabularySize, h]);
        yield return (PositionEmbeddings, [c.MaxPositions, h]);
        yield return (TypeEmbeddings, [c.TypeVocabularySize, h]);
        foreach (var norm in Norm("bert.embeddings.LayerNorm"))
            yield return norm;
        for (var l = 0; l < c.Layers; l++)
        {
            long width = (long)c.HeadsPerLayer[l] * c.HeadSize,
                neurons = c.NeuronsPerLayer[l];
            foreach (var name in HeadRows(l))
            {
                yield return ($"{name}.weight", [width, h]);
                yield return ($"{name}.bias", [width]);
            }
            yield return (HeadColumns(l), [h, width]);
            yield return ($"{Layer(l)}.attention.output.dense.bias", [h]);
            foreach (var norm in Norm($"{Layer(l)}.attention.output.LayerNorm"))
                yield return norm;
            yield return ($"{NeuronRows(l)}.weight", [neurons, h]);
            yield return ($"{NeuronRows(l)}.bias", [neurons]);
            yield return (NeuronColumns(l), [h, neurons]);
            yield return ($"{Layer(l)}.output.dense.bias", [h]);
            foreach (var norm in Norm($"{Layer(l)}.output.LayerNorm"))
                yield return norm;
        }

        IEnumerable<(string, long[])> Norm(string name) => [($"{name}.weight", [h]), ($"{name}.bias", [h])];
    }

    /// <summary>Shapes of the pooler.</summary>
    public static IEnumerable<(string Name, long[] Shape)> PoolerShapes(BertConfig c) =>
        [($"{Pooler}.weight", [c.Hidden, c.Hidden]), ($"{Pooler}.bias", [c.Hidden])];

    /// <summary>
    /// Shapes of the masked-language-model head; its output matrix is the word embedding.
    /// </summary>
    public static IEnumerable<(string Name, long[] Shape)> MaskedLmShapes(BertConfig c) =>
        [
            ("cls.predictions.transform.dense.weight", [c.Hidden, c.Hidden]),
            ("cls.predictions.transform.dense.bias", [c.Hidden]),
            ("cls.predictions.transform.LayerNorm.weight", [c.Hidden]),
            ("cls.predictions.transform.LayerNorm.bias", [c.Hidden]),
            ("cls.predictions.bias", [c.VocabularySize]),
        ];
}
