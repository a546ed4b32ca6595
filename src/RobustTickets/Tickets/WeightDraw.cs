// Draws masks of single weights (docs/methods/robust.md, Draw and retraining): prunes the
// round-half-even(s N) smallest values over all matrices, ranked by value and then by position. No
// matrix is protected.

using RobustTickets.Kernels.Masks;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;

namespace RobustTickets.Tickets;

/// <summary>Draws <see cref="WeightMask"/>s.</summary>
internal static class WeightDraw
{
    /// <summary>
    /// Number of <paramref name="count"/> weights pruned at a sparsity: rounded half to even, as in
    /// the released code.
    /// </summary>
    public static long PrunedCount(long count, double sparsity) =>
        (long)Math.Round(sparsity * count, MidpointRounding.ToEven);

    /// <summary>
    /// Keeps the largest scores over all matrices. A group's score [R, C] applies to all weights
    /// that share it.
    /// </summary>
    /// <param name="scores">Scores of each layer with the shape of its matrix.</param>
    /// <param name="layout">Layout of the groups.</param>
    /// <param name="sparsity">Fraction of scores pruned, in [0, 1].</param>
    public static WeightMask ByScore(
        IReadOnlyList<(string Site, Tensor Scores, long[] Weight)> scores,
        MaskLayout layout,
        double sparsity
    )
    {
        var grid = Smallest(
            [.. scores.Select(s => (s.Site, s.Scores.size(0), s.Scores.size(1)))],
            (matrix, keys) => Order(scores[matrix].Scores.host<float>(), keys, magnitude: false),
            null,
            PrunedCount(scores.Sum(s => s.Scores.numel), sparsity)
        );
        return new WeightMask([
            .. grid.Matrices.Select((mask, i) => Spread(mask, scores[i].Weight[0], scores[i].Weight[1], layout)),
        ]);
    }

    /// <summary>Keeps the largest absolute values over all matrices.</summary>
    /// <param name="weights">Matrices [O, I].</param>
    /// <param name="sparsity">Final fraction of pruned weights.</param>
    /// <param name="within">Earlier mask: its pruned weights stay pruned and are not ranked; null =
    /// none.</param>
    public static WeightMask ByMagnitude(
        IReadOnlyList<(string Site, Tensor Weight)> weights,
        double sparsity,
        WeightMask? within = null
    ) =>
        Smallest(
            [.. weights.Select(w => (w.Site, w.Weight.size(0), w.Weight.size(1)))],
            (matrix, keys) => Order(weights[matrix].Weight.host<float>(), keys, magnitude: true),
            within,
            PrunedCount(weights.Sum(w => w.Weight.numel), sparsity)
        );

    /// <summary>Keeps random positions, a given number in each pool of matrices.</summary>
    /// <param name="pools">Pools of matrices, with the number of weights kept in each.</param>
    /// <param name="key">Random key.</param>
    public static WeightMask Random(
        IReadOnlyList<(IReadOnlyList<(string Site, long Rows, long Columns)> Matrices, long Kept)> pools,
        RandomKey key
    )
    {
        var masks = new List<MatrixMask>();
        for (var pool = 0; pool < pools.Count; pool++)
        {
            var (matrices, kept) = pools[pool];
            var from = key.Derive((long)pool);
            var pruned = matrices.Sum(m => m.Rows * m.Columns) - kept;
            masks.AddRange(
                Smallest(
                    matrices,
                    (matrix, keys) => Scatter(from.Derive((long)matrix), matrices[matrix].Columns, keys),
                    null,
                    pruned
                ).Matrices
            );
        }
        return new WeightMask(masks);
    }

    /// <summary>Expands a mask over scores [R, C] to the matrix [rows, columns].</summary>
    public static MatrixMask Spread(MatrixMask grid, long rows, long columns, MaskLayout layout)
    {
        if (grid.Rows == rows && grid.Columns == columns)
            return grid;
        var words = new ulong[BinaryMaskKernel.Words(rows * columns)];
        long each = rows / grid.Rows,
            across = columns / grid.Columns;
        for (long o = 0, at = 0; o < rows; o++)
        {
            var line = (layout == MaskLayout.Blocks ? o / each : o % grid.Rows) * grid.Columns;
            for (var i = 0L; i < columns; i++, at++)
            {
                if (grid[line + (layout == MaskLayout.Blocks ? i / across : i % grid.Columns)])
                    words[at >> 6] |= 1UL << (int)(at & 63);
            }
        }
        return new MatrixMask(grid.Site, rows, columns, words);
    }

    private delegate void KeysOf(int matrix, Span<uint> keys);

    /// <summary>
    /// Masks without the <paramref name="pruned"/> smallest keys, ties by position. Two histograms
    /// over ordered bit patterns: exact, linear time, no copy of the weights.
    /// </summary>
    private static WeightMask Smallest(
        IReadOnlyList<(string Site, long Rows, long Columns)> matrices,
        KeysOf keysOf,
        WeightMask? within,
        long pruned
    )
    {
        var largest = matrices.Count == 0 ? 0 : checked((int)matrices.Max(m => m.Rows * m.Columns));
        var buffer = new uint[largest];
        var count = matrices.Sum(m => m.Rows * m.Columns);
        if (pruned < 0 || pruned > count)
            throw new ArgumentOutOfRangeException(
                nameof(pruned),
                pruned,
                $"must be between 0 and {count}, the number of weights"
            );
        var left = pruned - (within is null ? 0 : within.Count - within.Kept);
        if (left < 0)
            throw new ArgumentOutOfRangeException(
                nameof(pruned),
                pruned,
                $"{within!.Count - within.Kept} weights are already pruned"
            );

        // The threshold is the largest pruned key: first its upper 16 bits, then its lower ones.
        var high = Histogram(key => (int)(key >> 16), _ => true);
        var (upper, before) = Bucket(high, left);
        var low = Histogram(key => (int)(key & 0xffff), key => key >> 16 == (uint)upper);
        var (lower, beforeLower) = Bucket(low, left - before);
        var threshold = ((uint)upper << 16) | (uint)lower;
        var ties = left - before - beforeLower;

        var masks = new MatrixMask[matrices.Count];
        for (var m = 0; m < matrices.Count; m++)
        {
            var (site, rows, columns) = matrices[m];
            var words = new ulong[BinaryMaskKernel.Words(rows * columns)];
            ForEach(
                m,
                (index, key) =>
                {
                    if (key < threshold || (key == threshold && ties-- > 0))
                        return;
                    words[index >> 6] |= 1UL << (index & 63);
                }
            );
            masks[m] = new MatrixMask(site, rows, columns, words);
        }
        return new WeightMask(masks);

        long[] Histogram(Func<uint, int> bucket, Func<uint, bool> counts)
        {
            var histogram = new long[1 << 16];
            for (var m = 0; m < matrices.Count; m++)
                ForEach(m, (_, key) => histogram[bucket(key)] += counts(key) ? 1 : 0);
            return histogram;
        }

        void ForEach(int m, Action<int, uint> use)
        {
            var keys = buffer.AsSpan(0, (int)(matrices[m].Rows * matrices[m].Columns));
            keysOf(m, keys);
            var kept = within?.Matrices[m];
            for (var i = 0; i < keys.Length; i++)
                if (kept is null || kept[i])
                    use(i, keys[i]);
        }
    }

    /// <summary>
    /// The bucket that contains the count-th smallest key, and the number of keys before it.
    /// </summary>
    private static (int Bucket, long Before) Bucket(long[] histogram, long count)
    {
        var before = 0L;
        for (var b = 0; b < histogram.Length; b++)
        {
            if (before + histogram[b] >= count)
                return (b, before);
            before += histogram[b];
        }
        throw new InvalidOperationException("there are fewer values than the number to prune");
    }

    /// <summary>Bit patterns whose unsigned order is the numeric order. NaN sorts first.</summary>
    private static void Order(ReadOnlySpan<float> values, Span<uint> keys, bool magnitude)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var x = magnitude ? Math.Abs(values[i]) : values[i] + 0f; // maps -0 to 0
            var bits = BitConverter.SingleToUInt32Bits(x);
            keys[i] =
                float.IsNaN(x) ? 0
                : (bits & 0x8000_0000) != 0 ? ~bits
                : bits | 0x8000_0000;
        }
    }

    private static void Scatter(RandomKey key, long columns, Span<uint> keys)
    {
        for (var i = 0; i < keys.Length; i++)
            keys[i] = key.Derive(i / columns).Bits((uint)(i % columns));
    }
}
