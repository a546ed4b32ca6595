// A ticket of single weights: one bit per weight of every maskable matrix. Immutable.
using System.Numerics;
using RobustTickets.Checkpoints;

namespace RobustTickets.Tickets;

/// <summary>The weights of one matrix that a ticket keeps.</summary>
public sealed class MatrixMask
{
    private readonly ulong[] _words;

    /// <summary>
    /// Creates a mask from packed bits: bit i mod 64 of word i / 64 belongs to weight i, in
    /// row-major order.
    /// </summary>
    /// <param name="site">Name of the layer, without <c>.weight</c>.</param>
    /// <param name="rows">Rows O.</param>
    /// <param name="columns">Columns I.</param>
    /// <param name="words">The bits; the mask takes ownership.</param>
    /// <exception cref="ArgumentException">The number of words does not match the shape, or bits
    /// are set beyond its end.</exception>
    public MatrixMask(string site, long rows, long columns, ulong[] words)
    {
        (Site, Rows, Columns, _words) = (site, rows, columns, words);
        var needed = (Count + 63) / 64;
        if (words.Length != needed)
            throw new ArgumentException(
                $"{site}: {words.Length} words of bits do not fit a matrix [{rows}, {columns}], which takes {needed}"
            );
        var spare = (int)((needed * 64) - Count);
        if (spare > 0 && words[^1] >> (64 - spare) != 0)
            throw new ArgumentException(
                $"{site}: bits are set beyond the {Count} weights of a matrix [{rows}, {columns}]"
            );
        foreach (var word in words)
            Kept += BitOperations.PopCount(word);
    }

    /// <summary>Name of the layer.</summary>
    public string Site { get; }

    /// <summary>Rows O.</summary>
    public long Rows { get; }

    /// <summary>Columns I.</summary>
    public long Columns { get; }

    /// <summary>Number of weights O * I.</summary>
    public long Count => Rows * Columns;

    /// <summary>Number of kept weights.</summary>
    public long Kept { get; }

    /// <summary>The packed bits.</summary>
    public ReadOnlyMemory<ulong> Words => _words;

    /// <summary>Whether weight <paramref name="index"/> (row * columns + column) is kept.</summary>
    public bool this[long index] => (_words[index >> 6] >> (int)(index & 63) & 1) != 0;

    /// <summary>
    /// Number of kept weights in rows <paramref name="first"/> to before <paramref name="end"/>.
    /// </summary>
    public long KeptInRows(long first, long end)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end, Rows);
        return Below(end * Columns) - Below(first * Columns);
    }

    /// <summary>Number of weights kept by both this mask and another of the same shape.</summary>
    public long Shared(MatrixMask other)
    {
        var total = 0L;
        for (var i = 0; i < _words.Length; i++)
            total += BitOperations.PopCount(_words[i] & other._words[i]);
        return total;
    }

    /// <summary>Number of kept weights among the first ones.</summary>
    private long Below(long count)
    {
        var total = 0L;
        var whole = (int)(count >> 6);
        for (var i = 0; i < whole; i++)
            total += BitOperations.PopCount(_words[i]);
        var rest = (int)(count & 63);
        return rest == 0 ? total : total + BitOperations.PopCount(_words[whole] & ((1UL << rest) - 1));
    }
}

/// <summary>A ticket of single weights over all maskable matrices of a network.</summary>
/// <param name="Matrices">Masks in the order of the forward pass.</param>
public sealed record WeightMask(IReadOnlyList<MatrixMask> Matrices) : ITicketMask
{
    /// <summary>Number of weights.</summary>
    public long Count => Matrices.Sum(m => m.Count);

    /// <summary>Number of kept weights.</summary>
    public long Kept => Matrices.Sum(m => m.Kept);

    /// <summary>Fraction of pruned weights.</summary>
    public double Sparsity => Count == 0 ? 0 : 1 - ((double)Kept / Count);

    /// <summary>The mask of a layer, or null.</summary>
    public MatrixMask? Of(string site) => Matrices.FirstOrDefault(m => m.Site == site);

    /// <summary>Throws if a network has other shapes.</summary>
    /// <param name="matrices">Maskable layers of the network with their shapes.</param>
    /// <param name="what">Name of the mask in the error.</param>
    /// <exception cref="TicketShapeException">A matrix is missing on one side, or has another
    /// shape.</exception>
    public void RequireShapes(IEnumerable<(string Site, long[] Shape)> matrices, string what)
    {
        var left = Matrices.ToDictionary(m => m.Site);
        foreach (var (site, shape) in matrices)
        {
            if (!left.Remove(site, out var mask))
                throw new TicketShapeException(
                    $"{what}: has no mask for '{site}' [{shape[0]}, {shape[1]}]; a ticket fits only a checkpoint of "
                        + "the same shape"
                );
            if (mask.Rows != shape[0] || mask.Columns != shape[1])
            {
                throw new TicketShapeException(
                    $"{what}: the mask of '{site}' is [{mask.Rows}, {mask.Columns}], the checkpoint has "
                        + $"[{shape[0]}, {shape[1]}]; a ticket fits only a checkpoint of the same shape"
                );
            }
        }
        if (left.Count > 0)
            throw new TicketShapeException(
                $"{what}: masks '{left.Keys.First()}', which the checkpoint does not have; a ticket fits "
                    + "only a checkpoint of the same shape"
            );
    }
}

/// <summary>
/// A ticket was applied to, or compared with, a network or ticket of another shape.
/// </summary>
public sealed class TicketShapeException(string message) : CheckpointException(message);
