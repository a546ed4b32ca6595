using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Tests.Models;

/// <summary>Small random networks and batches; everything follows from the seed.</summary>
internal static class TinyBert
{
    /// <summary>
    /// A network whose layers differ in heads and neurons, as those of a ticket do, with a head
    /// width that fills no vector.
    /// </summary>
    public static BertConfig Ragged(Random random, double dropout)
    {
        int layers = random.Next(1, 4),
            headSize = random.Next(2, 14),
            hidden = headSize * random.Next(1, 5);
        return new BertConfig(
            VocabularySize: 40,
            hidden,
            headSize,
            [.. Enumerable.Range(0, layers).Select(_ => random.Next(1, 6))],
            [.. Enumerable.Range(0, layers).Select(_ => random.Next(1, 40))],
            MaxPositions: 72,
            TypeVocabularySize: 2,
            Labels: random.Next(2, 5),
            HiddenDropout: dropout,
            AttentionDropout: dropout
        );
    }

    /// <summary>An ordinary network.</summary>
    public static BertConfig Dense(
        double dropout = 0,
        int layers = 2,
        int hidden = 16,
        int heads = 4,
        int intermediate = 24
    ) =>
        BertConfig.Dense(vocabulary: 40, hidden, layers, heads, intermediate, positions: 72, types: 2, labels: 3) with
        {
            HiddenDropout = dropout,
            AttentionDropout = dropout,
        };

    /// <summary>A classifier with weights far enough from zero that every part matters.</summary>
    public static BertForSequenceClassification New(BertConfig config, Execution execution, int seed)
    {
        var store = new ParameterStore();
        var random = new Random(seed);
        foreach (var (name, shape) in BertShapes.OfClassifier(config))
        {
            var (mean, deviation) =
                name.EndsWith("LayerNorm.weight", StringComparison.Ordinal) ? (1.0, 0.1)
                : name.EndsWith("bias", StringComparison.Ordinal) ? (0.0, 0.1)
                : (0.0, 0.25);
            store.Add(
                name,
                torch.tensor<float>(Normal(random, shape.Aggregate(1L, (a, b) => a * b), mean, deviation), shape)
            );
        }
        return new BertForSequenceClassification(store, config, execution);
    }

    /// <summary>
    /// Examples of 1 to <paramref name="longest"/> word pieces: singles and pairs, some with [PAD]
    /// inside the text, with identities that are neither dense nor sorted.
    /// </summary>
    public static EncodedExample[] Examples(Random random, BertConfig config, int count, int longest)
    {
        var examples = new EncodedExample[count];
        for (var b = 0; b < count; b++)
        {
            var length =
                b == 0 ? 1
                : b == 1 ? longest
                : random.Next(1, longest + 1);
            var second = random.Next(2) == 0 ? length : random.Next(length);
            examples[b] = new EncodedExample(
                random.Next(100_000),
                [.. Enumerable.Range(0, length).Select(_ => random.Next(config.VocabularySize))],
                [.. Enumerable.Range(0, length).Select(i => i < second ? 0 : 1)],
                random.Next(config.Labels)
            );
            if (length > 2 && b % 2 == 1)
                examples[b].Ids[length / 2] = config.PadId;
        }
        return examples;
    }

    /// <summary>Normal numbers.</summary>
    public static float[] Normal(Random random, long count, double mean = 0, double deviation = 1)
    {
        var values = new float[count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(
                mean
                + (
                    deviation
                    * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                    * Math.Cos(2 * Math.PI * random.NextDouble())
                )
            );
        }
        return values;
    }
}
