// Dropout whose mask is a function of (pass key, site, example, token, feature): the same on packed, padded and [CLS]-only layouts.
using RobustTickets.Torch;
using RobustTickets.Torch.Kernels;

namespace RobustTickets.Models;

/// <summary>Places where dropout happens.</summary>
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
    /// <summary>Applies dropout to x [rows, features], row r keyed by <paramref name="rowKeys"/>[r].</summary>
    internal static Tensor Apply(Tensor x, RandomKey[] rowKeys, double probability)
    {
        if (probability <= 0) return x;
        var mask = torch.empty(x.shape);
        KeyedMask.Dropout(mask, rowKeys, probability);
        return x * mask;
    }

    /// <summary>Keys of every token row of a packed batch at a site.</summary>
    internal static RandomKey[] PackedRows(PackedBatch batch, RandomKey pass, int site)
    {
        var key = pass.Derive(site);
        var rows = new RandomKey[batch.Tokens];
        for (var b = 0; b < batch.Count; b++)
        {
            var example = key.Derive(batch.ExampleIds[b]);
            for (int i = 0, row = batch.Offsets[b]; row < batch.Offsets[b + 1]; i++, row++) rows[row] = example.Derive(i);
        }
        return rows;
    }

    /// <summary>Keys of the [CLS] rows alone.</summary>
    internal static RandomKey[] ClsRows(PackedBatch batch, RandomKey pass, int site)
    {
        var key = pass.Derive(site);
        return Array.ConvertAll(batch.ExampleIds, id => key.Derive(id).Derive(0L));
    }
}
