// The task of native/residual_norm.cpp, field for field.
using System.Runtime.InteropServices;

namespace RobustTickets.Kernels.Norm;

/// <summary>
/// Some whole rows of y = LayerNorm(dropout(x + bias) + residual); pointers are to the first of
/// them.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ResidualNormTask
{
    /// <summary>
    /// Rows, and elements of each; the rows of every matrix lie one behind the other.
    /// </summary>
    internal long Rows,
        Width;

    /// <summary>[Rows] keys of the dropout masks, or null: no dropout.</summary>
    internal ulong* Keys;

    /// <summary>The 24-bit threshold below which an element is dropped.</summary>
    internal uint Threshold;

    /// <summary>The factor of an element that is not.</summary>
    internal float Kept;

    /// <summary>[Width].</summary>
    internal float* Gamma;

    /// <summary>[Rows, Width] x, becomes the normalised rows; backward reads those.</summary>
    internal float* Normalised;

    /// <summary>[Rows] 1/deviation, set by forward and read by backward.</summary>
    internal float* Inverse;

    /// <summary>Forward: [Width].</summary>
    internal float* Bias;

    /// <summary>Forward: [Rows, Width].</summary>
    internal float* Residual;

    /// <summary>Forward: [Width].</summary>
    internal float* Beta;

    /// <summary>Forward: what is added to the variance.</summary>
    internal double Epsilon;

    /// <summary>Forward: [Rows, Width] result.</summary>
    internal float* Y;

    /// <summary>Backward: [Rows, Width] gradient of the result.</summary>
    internal float* Dy;

    /// <summary>
    /// Backward: [Rows, Width] gradients of x (may be <see cref="Dy"/>) and of the residual.
    /// </summary>
    internal float* Dx,
        DResidual;

    /// <summary>Backward: [Width] column sums, to which these rows are added.</summary>
    internal float* GammaSums,
        BetaSums,
        BiasSums;
}
