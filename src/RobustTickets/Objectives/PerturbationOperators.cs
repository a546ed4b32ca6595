// The adversary's arithmetic (PerturbationKernel) by libtorch's operators, for a perturbation that
// lies on a device: a number of each example is summed over its padded row of the layout and handed
// back to its tokens. Nothing is read by the host, so passes follow each other without waiting.
using RobustTickets.Kernels.Optim;
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Objectives;

/// <summary>Start and ascent of a packed perturbation [T, H] by operators.</summary>
internal static class PerturbationOperators
{
    /// <summary>
    /// Uniform noise in [-1, 1) becomes a start, see <see cref="PerturbationKernel.Start"/>.
    /// </summary>
    /// <param name="delta">Noise [T, H], changed in place.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="layout">Its padded layout, on the device of <paramref name="delta"/>.</param>
    /// <param name="magnitude">Size of the start.</param>
    /// <param name="linf">Only scaled, not by the size of the example.</param>
    public static void Start(Tensor delta, PackedBatch batch, PaddedLayout layout, double magnitude, bool linf)
    {
        if (linf)
        {
            delta.mul_(magnitude);
            return;
        }
        var factors = new float[batch.Count];
        for (var b = 0; b < factors.Length; b++)
            factors[b] = (float)(
                magnitude / Math.Sqrt((double)(batch.Offsets[b + 1] - batch.Offsets[b]) * delta.size(1))
            );
        delta.mul_(Rows(torch.vector(factors, delta.device), layout));
    }

    /// <summary>
    /// One step of every example along its gradient and back onto the ball, see
    /// <see cref="PerturbationKernel.Ascend"/>.
    /// </summary>
    /// <param name="delta">Perturbation [T, H], changed in place.</param>
    /// <param name="gradient">Its gradient [T, H].</param>
    /// <param name="layout">Padded layout of the batch.</param>
    /// <param name="step">Length of the step in the norm.</param>
    /// <param name="maxNorm">Radius of the ball; 0 leaves delta unbounded.</param>
    /// <param name="linf">The norm is the largest absolute entry and the ball a cube.</param>
    /// <param name="sign">Every entry moves by <paramref name="step"/> along its gradient's
    /// sign.</param>
    public static void Ascend(
        Tensor delta,
        Tensor gradient,
        PaddedLayout layout,
        double step,
        double maxNorm,
        bool linf,
        bool sign
    )
    {
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var norms = Norms(gradient, layout, linf); // [B]
        var still = Rows(norms.isfinite().logical_not(), layout); // [T, 1] examples that stay put
        var move = sign
            ? gradient.sign() * step
            : gradient * Rows((step / norms.clamp(PerturbationKernel.SmallestNorm, null)).to(DType.Float32), layout);
        delta.add_(move.masked_fill(still, 0));
        if (maxNorm <= 0)
            return;
        if (linf)
        {
            delta.copy_(torch.where(still, delta, delta.clamp(-maxNorm, maxNorm)));
            return;
        }
        // where nothing moved, infinity becomes 1
        var shrink = (maxNorm / Norms(delta, layout, linf: false)).clamp(null, 1.0).to(DType.Float32);
        delta.mul_(Rows(shrink, layout).masked_fill(still, 1));
    }

    /// <summary>Norm of each example [B], float64.</summary>
    private static Tensor Norms(Tensor rows, PaddedLayout layout, bool linf)
    {
        if (linf)
            return layout.Spread(rows.abs().amax([1]), 0).amax([1]).to(DType.Float64);
        return layout.Spread(rows.square().sum(1).to(DType.Float64), 0).sum(1).sqrt();
    }

    /// <summary>A number of each example [B] for each of its tokens [T, 1].</summary>
    private static Tensor Rows(Tensor perExample, PaddedLayout layout) =>
        perExample.index_select(0, layout.Owners).unsqueeze(1);
}
