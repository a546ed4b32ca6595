// AdamW with libtorch's operators on lists of tensors, for devices whose memory our kernels cannot
// access (docs/methods/training.md, AdamW; docs/gpu.md). Reference: AdamWReference.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch.optim;

/// <summary>AdamW by operators.</summary>
internal sealed class OperatorAdamW : IAdamWBackend
{
    /// <summary>
    /// Sum of squares over all tensors: one norm per tensor, summed in double precision, with one
    /// number read from the device.
    /// </summary>
    public double SumOfSquares(IReadOnlyList<Tensor> gradients)
    {
        Tensor[] some = [.. gradients.Where(g => g.numel > 0)];
        if (some.Length == 0)
            return 0;
        var call = new OpCall(Ops.ForeachNorm);
        call.Add((ReadOnlySpan<Tensor?>)some);
        call.Add(2L);
        return torch.stack([.. call.Tensors().OfType<Tensor>()]).to(DType.Float64).square().sum().item<double>();
    }

    /// <inheritdoc/>
    public void Clamp(Tensor gradient, double limit) => gradient.clamp_(-limit, limit);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A gradient is row-sparse.</exception>
    public void Update(IReadOnlyList<AdamWUpdate> updates)
    {
        using var quiet = torch.no_grad();
        if (updates.FirstOrDefault(u => u.Rows is not null) is { } byRows)
        {
            throw new InvalidOperationException(
                $"the gradient of '{byRows.Name}' is row-sparse; operators update whole tensors only"
            );
        }
        // A few groups: decayed or not, clipped or not.
        foreach (var group in updates.Where(u => u.Gradient.numel > 0).GroupBy(u => u.Step))
            Update([.. group], group.Key);
    }

    /// <inheritdoc/>
    public void MomentsChanged() { }

    private static void Update(AdamWUpdate[] tensors, in AdamWStep step)
    {
        if (step.GradientScale != 1f)
            Scale([.. tensors.Select(t => t.Gradient)], step.GradientScale);
        var device = tensors[0].Parameter.device;
        if (IsFused(device))
            Fused(tensors, step, device);
        else
            foreach (var t in tensors)
                Plain(t, step);
    }

    /// <summary>
    /// Whether one operator updates a whole group: on GPUs since libtorch 2.0, elsewhere since 2.4.
    /// </summary>
    private static bool IsFused(Device device) =>
        Ops.Newer.FusedAdamWInPlace.Exists
        && (
            device.Kind == DeviceKind.Cuda
            || (
                Version.TryParse(torch.version.Split('+', 'a', 'r')[0], out var version) && version >= new Version(2, 4)
            )
        );

    private static void Scale(Tensor[] gradients, float factor)
    {
        var call = new OpCall(Ops.ForeachMulScalarInPlace);
        call.Add((ReadOnlySpan<Tensor?>)gradients);
        call.Add((double)factor);
        call.Run();
    }

    // One launch per group, in torch's flavour: p - p (1 - a w) - a/c1 m / (sqrt(v)/sqrt(c2) + e).
    // hf is the same with e' = e/sqrt(c2), a' = a (1 - a w), w' = w/(1 - a w).
    private static void Fused(AdamWUpdate[] tensors, in AdamWStep step, Device device)
    {
        var (rate, decay, epsilon) = (step.LearningRate, step.WeightDecay, step.Epsilon);
        if (!step.Torch)
        {
            var shrink = 1 - (rate * decay);
            (rate, decay) = (rate * shrink, decay / shrink);
            epsilon /= step.RootCorrection;
        }
        // Read only, so shared by all tensors.
        var count = torch.full([], step.Step, DType.Float32, device);
        var call = new OpCall(Ops.Newer.FusedAdamWInPlace);
        call.Add((ReadOnlySpan<Tensor?>)[.. tensors.Select(t => t.Parameter)]);
        call.Add((ReadOnlySpan<Tensor?>)[.. tensors.Select(t => t.Gradient)]);
        call.Add((ReadOnlySpan<Tensor?>)[.. tensors.Select(t => t.First)]);
        call.Add((ReadOnlySpan<Tensor?>)[.. tensors.Select(t => t.Second)]);
        call.Add(ReadOnlySpan<Tensor?>.Empty);
        call.Add((ReadOnlySpan<Tensor?>)[.. tensors.Select(_ => count)]);
        call.Add(rate);
        call.Add(step.Beta1);
        call.Add(step.Beta2);
        call.Add(decay);
        call.Add(epsilon);
        call.Add(false); // amsgrad
        call.Add(false); // maximize
        call.Run();
    }

    // A few operators per tensor, if this libtorch has no `_fused_adamw_` for the device.
    private static void Plain(AdamWUpdate t, in AdamWStep step)
    {
        var (correction1, correction2) = (step.FirstCorrection, step.RootCorrection);
        var keep = 1 - (step.LearningRate * step.WeightDecay);
        if (step.Torch && step.WeightDecay != 0)
            t.Parameter.mul_(keep);
        t.First.mul_(step.Beta1).add_(t.Gradient, 1 - step.Beta1);
        t.Second.mul_(step.Beta2).addcmul_(t.Gradient, t.Gradient, 1 - step.Beta2);
        var root = t.Second.sqrt();
        if (step.Torch)
            t.Parameter.addcdiv_(
                t.First,
                root.mul_(1 / correction2).add_(step.Epsilon),
                -step.LearningRate / correction1
            );
        else
            t.Parameter.addcdiv_(t.First, root.add_(step.Epsilon), -step.LearningRate * correction2 / correction1);
        if (!step.Torch && step.WeightDecay != 0)
            t.Parameter.mul_(keep);
    }
}
