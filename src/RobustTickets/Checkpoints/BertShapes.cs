// The names and shapes of a BERT checkpoint that follow from its configuration, in the naming of
// transformers. Linear weights are [outputs, inputs]. A compact ticket changes, per layer l with
// h_l heads of width d and n_l neurons: query/key/value [h_l d, H], attention output [H, h_l d],
// intermediate [n_l, H], output [H, n_l].

namespace RobustTickets.Checkpoints;

/// <summary>Expected tensor shapes by name.</summary>
internal static class BertShapes
{
    public const string WordEmbeddings = "bert.embeddings.word_embeddings.weight";
    public const string TiedOutput = "cls.predictions.decoder.weight";
    public const string LayerPrefix = "bert.encoder.layer.";

    /// <summary>Embeddings and encoder layers: every BERT checkpoint has all of these.</summary>
    public static IReadOnlyDictionary<string, long[]> Encoder(HuggingFaceConfig config)
    {
        long hidden = config.HiddenSize;
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal)
        {
            [WordEmbeddings] = [config.VocabSize, hidden],
            ["bert.embeddings.position_embeddings.weight"] = [config.MaxPositionEmbeddings, hidden],
            ["bert.embeddings.token_type_embeddings.weight"] = [config.TypeVocabSize, hidden],
        };
        Norm("bert.embeddings.LayerNorm");
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            var at = $"{LayerPrefix}{layer}.";
            var heads = (long)config.HeadsOf(layer) * config.HeadSize;
            long neurons = config.IntermediateOf(layer);
            Linear(at + "attention.self.query", heads, hidden);
            Linear(at + "attention.self.key", heads, hidden);
            Linear(at + "attention.self.value", heads, hidden);
            Linear(at + "attention.output.dense", hidden, heads);
            Norm(at + "attention.output.LayerNorm");
            Linear(at + "intermediate.dense", neurons, hidden);
            Linear(at + "output.dense", hidden, neurons);
            Norm(at + "output.LayerNorm");
        }
        return shapes;

        void Linear(string name, long outputs, long inputs)
        {
            shapes[name + ".weight"] = [outputs, inputs];
            shapes[name + ".bias"] = [outputs];
        }

        void Norm(string name)
        {
            shapes[name + ".weight"] = [hidden];
            shapes[name + ".bias"] = [hidden];
        }
    }

    /// <summary>
    /// Pooler and heads: a checkpoint may lack them, but what it has must have these shapes.
    /// </summary>
    public static IReadOnlyDictionary<string, long[]> Heads(HuggingFaceConfig config)
    {
        long hidden = config.HiddenSize;
        return new Dictionary<string, long[]>(StringComparer.Ordinal)
        {
            ["bert.pooler.dense.weight"] = [hidden, hidden],
            ["bert.pooler.dense.bias"] = [hidden],
            ["classifier.weight"] = [config.NumLabels, hidden],
            ["classifier.bias"] = [config.NumLabels],
            ["cls.predictions.transform.dense.weight"] = [hidden, hidden],
            ["cls.predictions.transform.dense.bias"] = [hidden],
            ["cls.predictions.transform.LayerNorm.weight"] = [hidden],
            ["cls.predictions.transform.LayerNorm.bias"] = [hidden],
            ["cls.predictions.bias"] = [config.VocabSize],
            [TiedOutput] = [config.VocabSize, hidden],
            ["cls.seq_relationship.weight"] = [2, hidden],
            ["cls.seq_relationship.bias"] = [2],
        };
    }
}
