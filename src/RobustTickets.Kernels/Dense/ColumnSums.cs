// Column sums of a matrix: gradients of biases, norms and coefficients. Rows are divided into
// blocks of fixed size whose partial sums are added in order, so the result depends neither on the
// number of threads nor on their scheduling.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Dense;

/// <summary>
/// Partial column sums of row blocks: <c>sets</c> sums of <c>columns</c> each per block of
/// <see cref="Rows"/> rows.
/// </summary>
internal sealed unsafe class ColumnSums : IDisposable
{
    /// <summary>Rows per block.</summary>
    internal const int Rows = 32;

    private readonly int _blocks;
    private readonly int _sets;
    private readonly int _columns;
    private float* _partial;

    internal ColumnSums(long rows, int sets, int columns)
    {
        (_blocks, _sets, _columns) = ((int)((rows + Rows - 1) / Rows), sets, columns);
        _partial = (float*)NativeMemory.AllocZeroed((nuint)Math.Max(1, (long)_blocks * sets * columns), sizeof(float));
    }

    /// <summary>
    /// Runs <paramref name="body"/>(block, first row, end row) for every block, in parallel.
    /// </summary>
    internal void ForBlocks(long rows, Action<int, long, long> body) =>
        TorchParallel.For(
            _blocks,
            1,
            (begin, end) =>
            {
                for (var block = begin; block < end; block++)
                    body((int)block, block * Rows, Math.Min(rows, (block + 1) * Rows));
            }
        );

    /// <summary>Partial sums [columns] of a block in a set, initially zero.</summary>
    internal float* At(int block, int set) => _partial + ((((long)block * _sets) + set) * _columns);

    /// <summary>Elements between the partial sums of consecutive blocks of a set.</summary>
    internal long BlockStride => (long)_sets * _columns;

    /// <summary>The sums of a set over all blocks, as a new tensor [columns].</summary>
    internal Tensor Total(int set)
    {
        var total = torch.empty([_columns]);
        var sums = (float*)total.data_ptr;
        new Span<float>(sums, _columns).Clear();
        for (var block = 0; block < _blocks; block++)
            AddTo(sums, At(block, set), _columns);
        return total;
    }

    /// <summary>
    /// Column sums of a matrix [rows, columns] into <paramref name="total"/> [columns], on one
    /// thread; the bits do not depend on the thread.
    /// </summary>
    internal static void Of(float* matrix, long rows, int columns, float* total)
    {
        using var clock = KernelClock.In(KernelPart.ElementWise);
        var block = (float*)NativeMemory.Alloc((nuint)columns, sizeof(float));
        new Span<float>(total, columns).Clear();
        for (long first = 0; first < rows; first += Rows)
        {
            new Span<float>(block, columns).Clear();
            for (var r = first; r < Math.Min(rows, first + Rows); r++)
                AddTo(block, matrix + (r * columns), columns);
            AddTo(total, block, columns);
        }
        NativeMemory.Free(block);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddTo(float* sums, float* row, int columns)
    {
        var j = 0;
        for (; j + 8 <= columns; j += 8)
            (Vector256.Load(sums + j) + Vector256.Load(row + j)).Store(sums + j);
        for (; j < columns; j++)
            sums[j] += row[j];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_partial is not null)
            NativeMemory.Free(_partial);
        _partial = null;
    }
}
