// FLOPs by formula (docs/methods/training.md, FLOPs by formula): matrix products of the encoder and
// attention. Embeddings, norms and element-wise operations are not counted.
namespace RobustTickets.Models;

/// <summary>Floating-point operations of passes through an encoder.</summary>
internal static class FlopCount
{
    /// <summary>Number of weights P in the encoder's matrices.</summary>
    public static long MatrixWeights(BertConfig c)
    {
        var total = 0L;
        for (var l = 0; l < c.Layers; l++)
            total += (4L * c.Hidden * c.HeadsPerLayer[l] * c.HeadSize) + (2L * c.Hidden * c.NeuronsPerLayer[l]);
        return total;
    }

    /// <summary>
    /// FLOPs of one step from its pass counts. With <paramref name="clsOnlyLastLayer"/> the last
    /// layer is counted as computed for [CLS] rows only: keys and values of every token, the rest
    /// for B rows. Methods are compared by the full count; throughput is measured by the computed
    /// operations.
    /// </summary>
    public static double Step(BertConfig c, PackedBatch batch, PassCounts passes, bool clsOnlyLastLayer = false)
    {
        var dense = 2.0 * MatrixWeights(c) * batch.Tokens;
        var attention = Attention(c, batch);
        if (clsOnlyLastLayer && c.Layers > 0)
        {
            double head = (double)c.HeadsPerLayer[^1] * c.HeadSize,
                skipped = batch.Tokens - batch.Count;
            dense -= 2 * skipped * ((2 * c.Hidden * head) + (2.0 * c.Hidden * c.NeuronsPerLayer[^1]));
            for (var b = 0; b < batch.Count; b++)
            {
                double length = batch.Offsets[b + 1] - batch.Offsets[b];
                attention -= 4 * head * length * (length - 1);
            }
        }
        return (passes.Forward * (dense + attention))
            + (passes.Backward * (dense + (2 * attention)))
            + (passes.WeightGradient * dense);
    }

    /// <summary>FLOPs of one forward pass.</summary>
    public static double Forward(BertConfig c, PackedBatch batch) =>
        (2.0 * MatrixWeights(c) * batch.Tokens) + Attention(c, batch);

    private static double Attention(BertConfig c, PackedBatch batch)
    {
        var squares = 0.0;
        for (var b = 0; b < batch.Count; b++)
        {
            double length = batch.Offsets[b + 1] - batch.Offsets[b];
            squares += length * length;
        }
        return 4.0 * c.HeadsPerLayer.Sum() * c.HeadSize * squares;
    }
}
