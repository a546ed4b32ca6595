// One dense layer's weight for the fused layers: the parameter, its form as an operand, and its
// gradient slot.

using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Kernels.Layers;

/// <summary>Weight and bias of a dense layer.</summary>
/// <param name="Weight">[N, K], a leaf of a store or computed from one (masked).</param>
/// <param name="Bias">[N].</param>
/// <param name="Factor">Operand of products: <paramref name="Weight"/> itself in fp32, or its
/// bfloat16 copy.</param>
/// <param name="Slot">Gradient memory that the store keeps across steps, or null.</param>
internal readonly record struct DenseWeight(Tensor Weight, Tensor Bias, Tensor Factor, GradientSlot? Slot = null)
{
    /// <summary>
    /// A weight with its operand in the given precision; a bfloat16 copy is rounded now.
    /// </summary>
    public static DenseWeight Of(Tensor weight, Tensor bias, MatrixPrecision precision) =>
        new(weight, bias, DenseProducts.Factor(weight, precision));
}

/// <summary>
/// Products of dense layers on tensors: x W^T forward, dy W and dy^T x backward. Operands are all
/// float32 or all bfloat16.
/// </summary>
internal static unsafe class DenseProducts
{
    /// <summary>
    /// The tensor itself if it is contiguous float32, otherwise a contiguous copy, or one rounded
    /// to bfloat16.
    /// </summary>
    internal static Tensor Factor(Tensor x, MatrixPrecision precision)
    {
        if (x.dtype == DType.BFloat16)
            return x;
        var source = Rows(x);
        if (precision == MatrixPrecision.Fp32)
            return source;
        var rounded = torch.empty(source.sizes, DType.BFloat16);
        BFloat16.Round((float*)source.data_ptr, (ushort*)rounded.data_ptr, source.numel);
        return rounded;
    }

    /// <summary>The tensor itself if it is contiguous, otherwise a contiguous copy.</summary>
    internal static Tensor Rows(Tensor x) => x.is_contiguous ? x : x.detach().contiguous();

    /// <summary>y [T, N] = x [T, K] W^T, into a new tensor.</summary>
    internal static (Tensor Y, Product Product) Forward(Tensor x, Tensor weight)
    {
        var y = torch.empty([x.size(0), weight.size(0)]);
        return (y, Of(ta: false, tb: true, x.size(0), weight.size(0), weight.size(1), x, weight, 0, y));
    }

    /// <summary>
    /// dx [T, K] = dy [T, N] W, accumulated into <paramref name="onto"/> if given.
    /// </summary>
    internal static (Tensor Dx, Product Product) InputGradient(Tensor dy, Tensor weight, Tensor? onto = null)
    {
        var dx = onto ?? torch.empty([dy.size(0), weight.size(1)]);
        return (
            dx,
            Of(ta: false, tb: false, dy.size(0), weight.size(1), weight.size(0), dy, weight, onto is null ? 0 : 1, dx)
        );
    }

    /// <summary>dW [N, K] = dy^T x, written to <paramref name="into"/> or accumulated.</summary>
    internal static Product WeightGradient(Tensor dy, Tensor x, Tensor into, bool add) =>
        Of(ta: true, tb: false, into.size(0), into.size(1), x.size(0), dy, x, add ? 1 : 0, into);

    private static Product Of(bool ta, bool tb, long m, long n, long k, Tensor a, Tensor b, float beta, Tensor c) =>
        new(a.dtype == DType.BFloat16, ta, tb, m, n, k, a.data_ptr, b.data_ptr, beta, c.data_ptr);
}
