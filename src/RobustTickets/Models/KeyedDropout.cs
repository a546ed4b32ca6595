// Dropout whose mask is a function of (pass key, site, example, token, feature), so it is the same
// on packed, padded and [CLS]-only layouts.

using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;

namespace RobustTickets.Models;

/// <summary>Sites of dropout in the network.</summary>
internal static class DropoutSite
{
    internal const int Embeddings = 0;
    internal const int Pooled = 1;

    internal static int AttentionProbabilities(int layer) => 4 + (4 * layer);

    internal static int AttentionOutput(int layer) => 5 + (4 * layer);

    internal static int FeedForwardOutput(int layer) => 6 + (4 * layer);
}

/// <summary>Keyed dropout on rows of tokens.</summary>
internal static class KeyedDropout
{
    /// <summary>
    /// Applies dropout to x [rows, features], row r keyed by <paramref name="rowKeys"/>[r].
    /// </summary>
    internal static Tensor Apply(Tensor x, RandomKey[] rowKeys, double probability)
    {
        if (probability <= 0)
            return x;
        return x * Factors(x.sizes, rowKeys, probability, x.device);
    }

    /// <summary>
    /// Dropout factors, 0 or 1/(1-p), of a given shape on a device; rows are keyed by
    /// <paramref name="rowKeys"/>.
    /// </summary>
    internal static Tensor Factors(ReadOnlySpan<long> shape, RandomKey[] rowKeys, double probability, Device device)
    {
        if (!device.IsHost)
            return KeyedOperators
                .Kept(KeyedRows.On(device, rowKeys), shape[^1], probability)
                .to(DType.Float32)
                .mul_(1.0 / (1.0 - probability))
                .reshape(shape);
        var mask = torch.empty(shape);
        KeyedTensors.Dropout(mask, rowKeys, probability);
        return mask;
    }

    /// <summary>Keys of all token rows of a packed batch at a site.</summary>
    internal static RandomKey[] PackedRows(PackedBatch batch, RandomKey pass, int site)
    {
        var key = pass.Derive(site);
        var rows = new RandomKey[batch.Tokens];
        for (var b = 0; b < batch.Count; b++)
        {
            var example = key.Derive(batch.ExampleIds[b]);
            for (int i = 0, row = batch.Offsets[b]; row < batch.Offsets[b + 1]; i++, row++)
                rows[row] = example.Derive(i);
        }
        return rows;
    }

    /// <summary>
    /// Keys of a layer's attention weights, [B, heads, queries] rows, each covering one query's
    /// weights over all keys. Padding rows share a key; they are never read.
    /// </summary>
    internal static RandomKey[] AttentionRows(PackedBatch batch, RandomKey pass, int layer, int heads, int queries)
    {
        var key = pass.Derive(DropoutSite.AttentionProbabilities(layer));
        var rows = new RandomKey[batch.Count * heads * queries];
        for (var b = 0; b < batch.Count; b++)
        {
            var example = key.Derive(batch.ExampleIds[b]);
            for (int i = 0, length = Math.Min(queries, batch.Offsets[b + 1] - batch.Offsets[b]); i < length; i++)
            {
                var token = example.Derive(i);
                for (var h = 0; h < heads; h++)
                    rows[(((b * heads) + h) * queries) + i] = token.Derive(h);
            }
        }
        return rows;
    }

    /// <summary>Keys of the [CLS] rows.</summary>
    internal static RandomKey[] ClsRows(PackedBatch batch, RandomKey pass, int site)
    {
        var key = pass.Derive(site);
        return Array.ConvertAll(batch.ExampleIds, id => key.Derive(id).Derive(0L));
    }
}
