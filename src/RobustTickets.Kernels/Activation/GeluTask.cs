// Argument struct of native/gelu.cpp, with the same fields.
using System.Runtime.InteropServices;

namespace RobustTickets.Kernels.Activation;

/// <summary>
/// Some rows and columns of an activation c GELU(z + bias); pointers are to the first column of the
/// first row.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GeluTask
{
    /// <summary>[Rows, Columns], rows <see cref="Stride"/> elements apart.</summary>
    internal float* Z;

    /// <summary>[Columns]; coefficients may be null.</summary>
    internal float* Bias,
        Coefficients;

    /// <summary>[Rows, Columns] activations; null if <see cref="Bf16"/> is given.</summary>
    internal float* Fp32;

    /// <summary>[Rows, Columns] activations in bfloat16.</summary>
    internal ushort* Bf16;

    /// <summary>
    /// Row stride of every matrix in elements, and the numbers of rows and columns.
    /// </summary>
    internal long Stride,
        Rows,
        Columns;

    /// <summary>
    /// Backward: [Rows, Columns] gradient of the activations, replaced by that of z.
    /// </summary>
    internal float* Gradient;

    /// <summary>Backward: the gradient of z in bfloat16, or null.</summary>
    internal ushort* GradientBf16;

    /// <summary>Backward: [Columns] sums of the first block of rows.</summary>
    internal float* BiasSums,
        CoefficientSums;

    /// <summary>
    /// Backward: rows per block, and elements between the sums of consecutive blocks.
    /// </summary>
    internal long Block,
        BlockStride;
}
