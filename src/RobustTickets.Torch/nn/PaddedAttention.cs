// Attention over packed rows with libtorch's operators only, for devices whose memory our kernels
// cannot access (docs/gpu.md): rows are padded to [B, heads, S, headSize] with padding masked, and
// packed again. Same function as PackedAttention.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch.nn;

/// <summary>Maps the rows of a packed batch to a padded one, as tensors on a device.</summary>
internal sealed class PaddedLayout
{
    /// <summary>Creates the layout of B sequences padded to the longest, S.</summary>
    /// <param name="offsets">[B+1] first packed row of each sequence, and the number of rows
    /// T.</param>
    /// <param name="device">Device of the layout's tensors.</param>
    public PaddedLayout(ReadOnlySpan<int> offsets, Device device)
    {
        var count = offsets.Length - 1;
        for (var b = 0; b < count; b++)
            Longest = Math.Max(Longest, offsets[b + 1] - offsets[b]);
        (Count, Rows) = (count, offsets[^1]);
        long[] cells = new long[count * Longest],
            places = new long[offsets[^1]],
            owners = new long[offsets[^1]];
        var padding = new bool[cells.Length];
        for (var b = 0; b < count; b++)
        {
            for (var i = 0; i < Longest; i++)
            {
                int row = offsets[b] + i,
                    cell = (b * Longest) + i;
                if (row < offsets[b + 1])
                    (cells[cell], places[row], owners[row]) = (row, cell, b);
                else
                    padding[cell] = true;
            }
        }
        (Cells, Places, Owners) = (
            torch.vector(cells, device),
            torch.vector(places, device),
            torch.vector(owners, device)
        );
        Padding = Array.IndexOf(padding, true) < 0 ? null : torch.tensor<bool>(padding, [count, Longest], device);
    }

    /// <summary>Sequences B.</summary>
    public int Count { get; }

    /// <summary>Packed rows T.</summary>
    public int Rows { get; }

    /// <summary>Rows of the longest sequence, S.</summary>
    public int Longest { get; }

    /// <summary>[B * S] packed row in each cell; padding points at row 0.</summary>
    public Tensor Cells { get; }

    /// <summary>[T] cell of each packed row.</summary>
    public Tensor Places { get; }

    /// <summary>[T] sequence of each packed row.</summary>
    public Tensor Owners { get; }

    /// <summary>[B, S] true for padding; null when all sequences have the same length.</summary>
    public Tensor? Padding { get; }

    /// <summary>Spreads packed numbers [T] to [B, S], with padding set to a value.</summary>
    public Tensor Spread(Tensor packed, double padding)
    {
        var cells = packed.index_select(0, Cells).reshape(Count, Longest);
        return Padding is null ? cells : cells.masked_fill(Padding, padding);
    }
}

/// <summary>Dropout mask of attention weights in a pass.</summary>
/// <param name="Kept">Boolean [B * heads * queries, S].</param>
/// <param name="Probability">Probability with which each was dropped.</param>
internal sealed record AttentionDropout(Tensor Kept, double Probability);

/// <summary>Attention with plain operators.</summary>
internal static class PaddedAttention
{
    /// <summary>
    /// softmax(q k^T / sqrt(headSize)) with dropout, times v, times one coefficient per head.
    /// </summary>
    /// <param name="query">[T, heads * headSize], or [B, heads * headSize] if only the first row of
    /// each sequence is a query.</param>
    /// <param name="key">[T, heads * headSize].</param>
    /// <param name="value">[T, heads * headSize].</param>
    /// <param name="coefficients">[heads], or null for ones.</param>
    /// <param name="layout">Layout of the batch.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="dropout">Dropout mask, or null.</param>
    /// <param name="firstOnly">Whether <paramref name="query"/> has one row per sequence.</param>
    /// <returns>Context, shaped as <paramref name="query"/>.</returns>
    public static Tensor Apply(
        Tensor query,
        Tensor key,
        Tensor value,
        Tensor? coefficients,
        PaddedLayout layout,
        int heads,
        AttentionDropout? dropout,
        bool firstOnly
    )
    {
        if (heads == 0)
            return query; // a layer without heads: [T, 0]; the output projection adds only its bias
        long headSize = query.size(1) / heads,
            queries = firstOnly ? 1 : layout.Longest;
        // [B, heads, queries, headSize]
        var q = Heads(firstOnly ? query : query.index_select(0, layout.Cells), queries);
        var (k, v) = (
            Heads(key.index_select(0, layout.Cells), layout.Longest),
            Heads(value.index_select(0, layout.Cells), layout.Longest)
        );
        var context =
            dropout is null && Ops.Newer.ScaledDotProductAttention.Exists
                ? Whole(q, k, v, layout)
                : Steps(q, k, v, layout, dropout);
        var scale = dropout is null ? 1.0 : 1.0 / (1.0 - dropout.Probability);
        if (coefficients is not null)
            context = context * (coefficients * scale).reshape(1, heads, 1, 1);
        else if (dropout is not null)
            context = context * scale;
        var rows = context.transpose(1, 2).reshape(-1, heads * headSize); // [B * queries, heads * headSize]
        return firstOnly ? rows : rows.index_select(0, layout.Places);

        Tensor Heads(Tensor rows, long length) => rows.reshape(layout.Count, length, heads, headSize).transpose(1, 2);
    }

    // Used if this libtorch has it and there is no dropout: library kernels do not support the
    // keyed mask.
    private static Tensor Whole(Tensor q, Tensor k, Tensor v, PaddedLayout layout)
    {
        var call = new OpCall(Ops.Newer.ScaledDotProductAttention);
        call.Add(q);
        call.Add(k);
        call.Add(v);
        call.Add(layout.Padding?.logical_not().reshape(layout.Count, 1, 1, layout.Longest));
        call.Add(0.0);
        call.Add(false);
        return call.Tensor();
    }

    private static Tensor Steps(Tensor q, Tensor k, Tensor v, PaddedLayout layout, AttentionDropout? dropout)
    {
        // Low-precision scores are converted to float32 before the softmax, which sums a whole row.
        var scores = (q.matmul(k.transpose(2, 3)) * (1.0 / Math.Sqrt(q.size(3)))).to(DType.Float32);
        if (layout.Padding is { } padding)
            scores = scores.masked_fill(padding.reshape(layout.Count, 1, 1, layout.Longest), double.NegativeInfinity);
        var probabilities = scores.softmax(-1); // [B, heads, queries, S]
        if (dropout is not null)
            probabilities = probabilities * dropout.Kept.reshape(probabilities.sizes);
        return probabilities.matmul(v);
    }
}
