// The adversary's arithmetic (PerturbationKernel) with libtorch's operators, for a perturbation on
// a device: per-example sums run over padded rows and are broadcast back to tokens. The host reads
// nothing, so passes are queued without synchronisation.
using RobustTickets.Kernels.Optim;
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Objectives;

/// <summary>Start and ascent of a packed perturbation [T, H] by operators.</summary>
internal static class PerturbationOperators
{
    /// <summary>
    /// Scales uniform noise in [-1, 1) to an initial perturbation, see
    /// <see cref="PerturbationKernel.Start"/>.
    /// </summary>
    /// <param name="delta">Noise [T, H], changed in place.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="layout">Its padded layout, on the device of <paramref name="delta"/>.</param>
    /// <param name="magnitude">Magnitude of the start.</param>
    /// <param name="linf">Only scale; do not divide by the example's size.</param>
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
    /// Moves every example along its gradient and projects it onto the ball, see
    /// <see cref="PerturbationKernel.Ascend"/>.
    /// </summary>
    /// <param name="delta">Perturbation [T, H], changed in place.</param>
    /// <param name="gradient">Its gradient [T, H].</param>
    /// <param name="layout">Padded layout of the batch.</param>
    /// <param name="step">Length of the step in the norm.</param>
    /// <param name="maxNorm">Radius of the ball; 0 leaves delta unbounded.</param>
    /// <param name="linf">The norm is the largest absolute entry, and the ball is a cube.</param>
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
        var still = Rows(norms.isfinite().logical_not(), layout); // [T, 1] examples that do not move
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
        // A delta of 0 has norm 0 and gives infinity, which the clamp turns into 1.
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

    /// <summary>Broadcasts a number per example [B] to its tokens [T, 1].</summary>
    private static Tensor Rows(Tensor perExample, PaddedLayout layout) =>
        perExample.index_select(0, layout.Owners).unsqueeze(1);
}
