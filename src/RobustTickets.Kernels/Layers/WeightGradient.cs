// The gradient of a dense layer's weight on its way from a product to where it belongs. Where the
// weight is a leaf and gradients accumulate, the product itself writes or adds to the leaf's
// gradient: no second matrix, no pass over it.

using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;
using RobustTickets.Torch.Native;
using RobustTickets.Torch.nn;

namespace RobustTickets.Kernels.Layers;

/// <summary>dW [N, K] = dy^T x of one weight.</summary>
internal sealed class WeightGradient
{
    private readonly Tensor _weight;
    private readonly Tensor _into;
    private readonly bool _direct;
    private readonly bool _fresh;
    private readonly IGradientNormCache? _norms;

    private WeightGradient(DenseWeight dense, GradientUse use)
    {
        _weight = dense.Weight;
        var accumulates = use == GradientUse.Accumulated && _weight.is_leaf;
        var before = accumulates ? _weight.grad : null;
        _direct = accumulates && before is null or { is_contiguous: true, dtype: DType.Float32 };
        _fresh = !_direct || before is null;
        var kept = _direct
            ? _fresh
                ? dense.Slot?.Take()
                : before
            : null;
        _norms = kept is null ? null : dense.Slot?.Norms; // memory made for this pass may be dropped with it
        _into = kept ?? torch.empty(_weight.sizes);
    }

    /// <summary>Adds the product to a group; null where nobody wants the gradient.</summary>
    /// <param name="group">The products of a backward.</param>
    /// <param name="input">Position of the weight among the inputs of the node.</param>
    /// <param name="dense">The weight.</param>
    /// <param name="dy">[T, N].</param>
    /// <param name="x">[T, K].</param>
    internal static WeightGradient? Join(GemmGroup group, int input, DenseWeight dense, Tensor dy, Tensor x)
    {
        var use = Autograd.Wanted(input);
        if (use == GradientUse.None)
            return null;
        var gradient = new WeightGradient(dense, use);
        group.Add(DenseProducts.WeightGradient(dy, x, gradient._into, add: !gradient._fresh));
        if (gradient._norms is { } norms)
        {
            norms.Forget(gradient._into.data_ptr);
            group.OnIdle(norms.SumOne);
        }
        return gradient;
    }

    /// <summary>
    /// When the group has run: what a backward returns, the gradient or null where the weight has
    /// it already.
    /// </summary>
    internal Tensor? Deliver()
    {
        if (!_direct)
            return _into;
        if (!_fresh)
            Shim.rt_bump_version(_into.Handle); // the product was added past libtorch's operators
        _norms?.Add(_into);
        if (_fresh)
        {
            _weight.grad = _into;
            _into.Dispose(); // the leaf holds it now; what came out of a slot belongs to no scope
        }
        return null;
    }
}
