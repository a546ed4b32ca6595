// Shapes of BERT's parameters in checkpoint order. Matrices are [outputs, inputs]; a layer with h
// heads of width d and n neurons has query, key and value [h d, H], attention output [H, h d],
// intermediate [n, H], output [H, n].
using static RobustTickets.Models.BertParameters;

namespace RobustTickets.Models;

/// <summary>Parameter shapes by name; names come from <see cref="BertParameters"/>.</summary>
internal static class BertShapes
{
    /// <summary>Every parameter of a classifier.</summary>
    public static IEnumerable<(string Name, long[] Shape)> OfClassifier(BertConfig c) =>
        [.. OfEncoder(c), .. OfPooler(c), .. Dense(BertParameters.Classifier, c.Labels, c.Hidden)];

    /// <summary>Every parameter of a masked language model.</summary>
    public static IEnumerable<(string Name, long[] Shape)> OfMaskedLM(BertConfig c) =>
        [.. OfEncoder(c), .. OfPredictionHead(c)];

    /// <summary>Embeddings and layers, which every BERT checkpoint contains.</summary>
    public static IEnumerable<(string Name, long[] Shape)> OfEncoder(BertConfig c)
    {
        long h = c.Hidden;
        List<(string Name, long[] Shape)> shapes =
        [
            (WordEmbeddings, [c.VocabularySize, h]),
            (PositionEmbeddings, [c.MaxPositions, h]),
            (TypeEmbeddings, [c.TypeVocabularySize, h]),
            .. Norm(EmbeddingNorm, h),
        ];
        for (var l = 0; l < c.Layers; l++)
        {
            var names = Layer(l);
            long width = (long)c.HeadsPerLayer[l] * c.HeadSize,
                neurons = c.NeuronsPerLayer[l];
            shapes.AddRange([
                .. Dense(names.Query, width, h),
                .. Dense(names.Key, width, h),
                .. Dense(names.Value, width, h),
                .. Dense(names.AttentionOutput, h, width),
                .. Norm(names.AttentionNorm, h),
                .. Dense(names.Intermediate, neurons, h),
                .. Dense(names.Output, h, neurons),
                .. Norm(names.OutputNorm, h),
            ]);
        }
        return shapes;
    }

    /// <summary>The pooler.</summary>
    public static IEnumerable<(string Name, long[] Shape)> OfPooler(BertConfig c) => Dense(Pooler, c.Hidden, c.Hidden);

    /// <summary>
    /// The masked-language-model head; its output matrix is tied to the word embedding.
    /// </summary>
    public static IEnumerable<(string Name, long[] Shape)> OfPredictionHead(BertConfig c) =>
        [
            .. Dense(PredictionDense, c.Hidden, c.Hidden),
            .. Norm(PredictionNorm, c.Hidden),
            (PredictionBias, [c.VocabularySize]),
        ];

    /// <summary>
    /// Pooler and all heads: optional in a checkpoint, but of these shapes if present.
    /// </summary>
    public static IEnumerable<(string Name, long[] Shape)> OfHeads(BertConfig c) =>
        [
            .. OfPooler(c),
            .. Dense(BertParameters.Classifier, c.Labels, c.Hidden),
            .. OfPredictionHead(c),
            (TiedDecoder, [c.VocabularySize, c.Hidden]),
            .. Dense(NextSentence, 2, c.Hidden),
        ];

    /// <summary>The layers of <see cref="Maskable"/> with the shapes of their matrices.</summary>
    public static IEnumerable<(string Site, long[] Shape)> OfMaskable(BertConfig c)
    {
        var shapes = OfClassifier(c).ToDictionary(p => p.Name, p => p.Shape);
        return Maskable(c).Select(site => (site, shapes[Weight(site)]));
    }

    private static (string Name, long[] Shape)[] Dense(string name, long outputs, long inputs) =>
        [(Weight(name), [outputs, inputs]), (Bias(name), [outputs])];

    private static (string Name, long[] Shape)[] Norm(string name, long size) =>
        [(Weight(name), [size]), (Bias(name), [size])];
}
