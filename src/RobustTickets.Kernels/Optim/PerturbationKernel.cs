// The adversary's arithmetic on packed rows: one norm per example over all its (tokens x hidden)
// entries, one normalised ascent step, one projection (docs/methods/training.md, Start and Ascent).

using RobustTickets.Torch;

namespace RobustTickets.Kernels.Optim;

/// <summary>Per-example operations on a packed perturbation [T, H].</summary>
internal static unsafe class PerturbationKernel
{
    /// <summary>Lower limit of gradient norms, to avoid division by zero.</summary>
    public const double SmallestNorm = 1e-8;

    /// <summary>
    /// Scales uniform noise in [-1, 1) to an initial perturbation of size
    /// <paramref name="magnitude"/>: L2 divides by sqrt(tokens * hidden) of the example, Linf only
    /// scales.
    /// </summary>
    public static void Start(Tensor delta, ReadOnlySpan<int> offsets, double magnitude, bool linf)
    {
        var hidden = (int)delta.shape[1];
        var data = (float*)delta.data_ptr;
        for (var s = 0; s + 1 < offsets.Length; s++)
        {
            var tokens = offsets[s + 1] - offsets[s];
            var factor = (float)(linf ? magnitude : magnitude / Math.Sqrt((double)tokens * hidden));
            Scale(data + ((long)offsets[s] * hidden), (long)tokens * hidden, factor);
        }
    }

    /// <summary>
    /// delta += step * g / |g| per example, then projection onto the ball of
    /// <paramref name="maxNorm"/> (0: unbounded). Examples with a non-finite gradient do not move.
    /// </summary>
    /// <param name="delta">Perturbation [T, H], changed in place.</param>
    /// <param name="gradient">Its gradient [T, H].</param>
    /// <param name="offsets">First row of each example, and T.</param>
    /// <param name="step">Length of the step in the norm.</param>
    /// <param name="maxNorm">Radius of the ball; 0 leaves delta unbounded.</param>
    /// <param name="linf">The norm is the largest absolute entry and the ball a cube (each entry is
    /// clamped), instead of the Euclidean ones.</param>
    /// <param name="sign">With <paramref name="linf"/>: every entry moves by
    /// <paramref name="step"/> along its gradient's sign, not in proportion to it.</param>
    public static void Ascend(
        Tensor delta,
        Tensor gradient,
        ReadOnlySpan<int> offsets,
        double step,
        double maxNorm,
        bool linf,
        bool sign = false
    )
    {
        var hidden = (int)delta.shape[1];
        float* data = (float*)delta.data_ptr,
            grad = (float*)gradient.data_ptr;
        for (var s = 0; s + 1 < offsets.Length; s++)
        {
            var start = (long)offsets[s] * hidden;
            var count = (long)(offsets[s + 1] - offsets[s]) * hidden;
            var norm = linf ? Largest(grad + start, count) : Euclidean(grad + start, count);
            if (!double.IsFinite(norm))
                continue;
            if (sign)
                StepAlongSigns(data + start, grad + start, count, (float)step);
            else
                Step(data + start, grad + start, count, (float)(step / Math.Max(norm, SmallestNorm)));
            if (maxNorm > 0)
                Project(data + start, count, maxNorm, linf);
        }
    }

    private static void Step(float* data, float* gradient, long count, float factor)
    {
        for (long j = 0; j < count; j++)
            data[j] += factor * gradient[j];
    }

    private static void StepAlongSigns(float* data, float* gradient, long count, float step)
    {
        for (long j = 0; j < count; j++)
            data[j] +=
                gradient[j] > 0 ? step
                : gradient[j] < 0 ? -step
                : 0f;
    }

    private static void Project(float* data, long count, double radius, bool linf)
    {
        if (linf)
        {
            for (long j = 0; j < count; j++)
                data[j] = Math.Clamp(data[j], (float)-radius, (float)radius);
            return;
        }
        var length = Euclidean(data, count);
        if (length > radius)
            Scale(data, count, (float)(radius / length));
    }

    // Summed in double precision per example: the rest of the batch does not matter.
    private static double Euclidean(float* values, long count)
    {
        var sum = 0.0;
        for (long j = 0; j < count; j++)
            sum += (double)values[j] * values[j];
        return Math.Sqrt(sum);
    }

    private static double Largest(float* values, long count)
    {
        var top = 0f;
        for (long j = 0; j < count; j++)
        {
            if (float.IsNaN(values[j]))
                return double.NaN;
            top = MathF.Max(top, MathF.Abs(values[j]));
        }
        return top;
    }

    private static void Scale(float* values, long count, float factor)
    {
        for (long j = 0; j < count; j++)
            values[j] *= factor;
    }
}
