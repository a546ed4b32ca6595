// Argument struct of native/residual_norm.cpp, with the same fields.
using System.Runtime.InteropServices;

namespace RobustTickets.Kernels.Norm;

/// <summary>
/// Some whole rows of y = LayerNorm(dropout(x + bias) + residual); pointers are to the first row.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ResidualNormTask
{
    /// <summary>Number of rows and their width; the rows of every matrix are contiguous.</summary>
    internal long Rows,
        Width;

    /// <summary>[Rows] keys of the dropout masks, or null: no dropout.</summary>
    internal ulong* Keys;

    /// <summary>The 24-bit threshold below which an element is dropped.</summary>
    internal uint Threshold;

    /// <summary>Scale of kept elements.</summary>
    internal float Kept;

    /// <summary>[Width].</summary>
    internal float* Gamma;

    /// <summary>[Rows, Width] x, replaced by the normalised rows; backward reads those.</summary>
    internal float* Normalised;

    /// <summary>[Rows] 1/deviation, set by forward and read by backward.</summary>
    internal float* Inverse;

    /// <summary>Forward: [Width].</summary>
    internal float* Bias;

    /// <summary>Forward: [Rows, Width].</summary>
    internal float* Residual;

    /// <summary>Forward: [Width].</summary>
    internal float* Beta;

    /// <summary>Forward: epsilon, added to the variance.</summary>
    internal double Epsilon;

    /// <summary>Forward: [Rows, Width] result.</summary>
    internal float* Y;

    /// <summary>Backward: [Rows, Width] gradient of the result.</summary>
    internal float* Dy;

    /// <summary>
    /// Backward: [Rows, Width] gradients of x (may alias <see cref="Dy"/>) and of the residual.
    /// </summary>
    internal float* Dx,
        DResidual;

    /// <summary>Backward: [Width] column sums, to which these rows are added.</summary>
    internal float* GammaSums,
        BetaSums,
        BiasSums;
}
