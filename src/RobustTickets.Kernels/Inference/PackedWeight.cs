// Rows times a matrix packed once, for forward passes: an output is one sum in a fixed order,
// whatever other rows there are and whatever thread computes it.

using RobustTickets.Torch;

namespace RobustTickets.Kernels.Inference;

/// <summary>Target of a product, and operations applied while a tile of it is in L1.</summary>
/// <param name="fp32">The target in float, or null if <paramref name="bf16"/> is given.</param>
/// <param name="bf16">The target in bfloat16, or null; rows of an odd width end with an additional
/// zero.</param>
/// <param name="stride">Row stride in elements.</param>
/// <param name="gelu">Whether GELU is applied.</param>
/// <param name="coefficients">One factor per column, or null.</param>
internal readonly unsafe struct Epilogue(float* fp32, ushort* bf16, long stride, bool gelu, float* coefficients)
{
    internal readonly float* Fp32 = fp32;
    internal readonly ushort* Bf16 = bf16;
    internal readonly long Stride = stride;
    internal readonly bool Gelu = gelu;
    internal readonly float* Coefficients = coefficients;

    /// <summary>This epilogue, starting at a later row.</summary>
    internal Epilogue From(long row) =>
        new(
            Fp32 is null ? null : Fp32 + (row * Stride),
            Bf16 is null ? null : Bf16 + (row * Stride),
            Stride,
            Gelu,
            Coefficients
        );
}

/// <summary>A packed matrix W [N, K] with its bias [N].</summary>
internal abstract unsafe class PackedWeight : IDisposable
{
    private const int RowsPerTask = 96;

    /// <summary>Outputs N.</summary>
    public int Outputs { get; protected init; }

    /// <summary>Inputs K.</summary>
    public int Inputs { get; protected init; }

    /// <summary>Groups of 32 outputs.</summary>
    private int Groups => (Outputs + 31) / 32;

    /// <summary>
    /// target [rows, N] = x [rows, K] W^T + b, followed by the operations of
    /// <paramref name="target"/>; rows of x are <paramref name="stride"/> elements apart.
    /// </summary>
    /// <param name="x">float, or bfloat16 if the matrix is.</param>
    /// <param name="stride">Row stride of x in elements.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="target">Target of the product.</param>
    /// <param name="serial">Whether to run on this thread only; otherwise in parallel.</param>
    internal void Multiply(void* x, long stride, int rows, Epilogue target, bool serial)
    {
        if (rows == 0 || Outputs == 0)
            return;
        using var clock = KernelClock.In(KernelPart.Gemm);
        if (serial)
        {
            Block(x, stride, 0, rows, 0, Groups, target);
            return;
        }
        var blocks = (rows + RowsPerTask - 1) / RowsPerTask;
        TorchParallel.For(
            (long)blocks * Groups,
            Math.Max(1, Groups / 4),
            (begin, end) =>
            {
                for (var task = begin; task < end; )
                {
                    int block = (int)(task / Groups),
                        group = (int)(task % Groups),
                        last = (int)Math.Min(Groups, group + end - task);
                    Block(
                        x,
                        stride,
                        block * RowsPerTask,
                        Math.Min(rows, (block + 1) * RowsPerTask),
                        group,
                        last,
                        target
                    );
                    task += last - group;
                }
            }
        );
    }

    private void Block(void* x, long stride, int from, int to, int firstGroup, int lastGroup, in Epilogue target) =>
        Compute(x, stride, from, to - from, firstGroup, lastGroup, target.From(from));

    /// <summary>
    /// Outputs 32 firstGroup to before 32 lastGroup of rows from .. from + rows of x; the target
    /// starts with the first of these rows.
    /// </summary>
    private protected abstract void Compute(
        void* x,
        long stride,
        long from,
        int rows,
        int firstGroup,
        int lastGroup,
        in Epilogue target
    );

    /// <inheritdoc/>
    public abstract void Dispose();
}
