// One dense layer's weight as the fused layers use it: the parameter, its form as a factor of products, and where its gradient goes.
using RobustTickets.Torch.Kernels;

namespace RobustTickets.Torch.nn;

/// <summary>Weight and bias of a dense layer.</summary>
/// <param name="Weight">[N, K], a leaf of a store or computed (masked) from one.</param>
/// <param name="Bias">[N].</param>
/// <param name="Factor">What products read: <paramref name="Weight"/> itself in fp32, or its bfloat16 copy.</param>
/// <param name="Slot">Memory that the store keeps for the gradient from step to step, or null.</param>
public readonly record struct DenseWeight(Tensor Weight, Tensor Bias, Tensor Factor, GradientSlot? Slot = null)
{
    /// <summary>A weight as a factor of the given precision; a copy is rounded here and now.</summary>
    public static DenseWeight Of(Tensor weight, Tensor bias, MatrixPrecision precision) => new(weight, bias, Dense.Factor(weight, precision));
}

/// <summary>Products of dense layers on tensors: x W^T forward, dy W and dy^T x backward. Factors are all float32 or all bfloat16.</summary>
internal static unsafe class Dense
{
    /// <summary>The tensor itself, contiguous and without history, or its copy rounded to bfloat16.</summary>
    internal static Tensor Factor(Tensor x, MatrixPrecision precision)
    {
        if (x.dtype == DType.BFloat16) return x;
        var source = x.detach().contiguous();
        if (precision == MatrixPrecision.Fp32) return source;
        var rounded = torch.empty(source.sizes, DType.BFloat16);
        BFloat16.Round((float*)source.data_ptr, (ushort*)rounded.data_ptr, source.numel);
        return rounded;
    }

    /// <summary>y [T, N] = x [T, K] W^T.</summary>
    internal static Tensor Forward(Tensor x, Tensor weight)
    {
        var y = torch.empty([x.size(0), weight.size(0)]);
        Product(false, true, x.size(0), weight.size(0), weight.size(1), x, weight, 0, y);
        return y;
    }

    /// <summary>dx [T, K] = dy [T, N] W, or added to <paramref name="onto"/>.</summary>
    internal static Tensor InputGradient(Tensor dy, Tensor weight, Tensor? onto = null)
    {
        var dx = onto ?? torch.empty([dy.size(0), weight.size(1)]);
        Product(false, false, dy.size(0), weight.size(1), weight.size(0), dy, weight, onto is null ? 0 : 1, dx);
        return dx;
    }

    /// <summary>
    /// dW [N, K] = dy^T x. Where the weight is a leaf and gradients accumulate, it is added to the leaf's gradient by the product itself and null is returned.
    /// </summary>
    internal static Tensor? WeightGradient(int input, DenseWeight dense, Tensor dy, Tensor x)
    {
        var use = Autograd.Wanted(input);
        if (use == GradientUse.None) return null;
        var weight = dense.Weight;
        Tensor? into = null;
        var beta = 0f;
        var direct = use == GradientUse.Accumulated && weight.is_leaf;
        if (direct && weight.grad is { } before)
        {
            if (before.is_contiguous && before.dtype == DType.Float32) (into, beta) = (before, 1);
            else direct = false;
        }
        into ??= (direct ? dense.Slot?.Take() : null) ?? torch.empty(weight.sizes);
        Product(true, false, weight.size(0), weight.size(1), x.size(0), dy, x, beta, into);
        if (!direct) return into;
        if (beta == 0)
        {
            weight.grad = into;
            into.Dispose(); // the leaf holds it now; what came out of a slot belongs to no scope
        }
        return null;
    }

    private static void Product(bool ta, bool tb, long m, long n, long k, Tensor a, Tensor b, float beta, Tensor c)
    {
        if (a.dtype == DType.BFloat16) Gemm.RunHalf(ta, tb, m, n, k, (ushort*)a.data_ptr, (ushort*)b.data_ptr, beta, (float*)c.data_ptr);
        else Gemm.Run(ta, tb, m, n, k, (float*)a.data_ptr, (float*)b.data_ptr, beta, (float*)c.data_ptr);
    }
}
