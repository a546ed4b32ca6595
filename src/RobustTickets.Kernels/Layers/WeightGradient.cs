// The gradient of a dense layer's weight. If the weight is a leaf whose gradient accumulates, the
// product itself writes to or accumulates in the leaf's gradient: no second matrix and no extra
// pass over it.

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
        _norms = kept is null ? null : dense.Slot?.Norms; // memory allocated for this pass may be freed with it
        _into = kept ?? torch.empty(_weight.sizes);
    }

    /// <summary>Adds the product to a group; null if the gradient is not needed.</summary>
    /// <param name="group">The products of a backward.</param>
    /// <param name="input">Index of the weight among the node's inputs.</param>
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
    /// Called after the group has run: returns backward's result, the gradient or null if it is
    /// already in the weight's slot.
    /// </summary>
    internal Tensor? Deliver()
    {
        if (!_direct)
            return _into;
        if (!_fresh)
            Shim.rt_bump_version(_into.Handle); // the product bypassed libtorch's operators
        _norms?.Add(_into);
        if (_fresh)
        {
            _weight.grad = _into;
            _into.Dispose(); // the leaf holds it now; memory from a slot belongs to no scope
        }
        return null;
    }
}
