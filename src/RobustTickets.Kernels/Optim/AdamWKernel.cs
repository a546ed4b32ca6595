// AdamW over one tensor in one pass, 28 bytes per parameter: clip factor, moments, update, decay;
// flavours hf and torch (docs/methods/training.md, AdamW). Vectors and the scalar tail use the same
// operations in the same order, so the vector width does not affect results.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RobustTickets.Torch;
using RobustTickets.Torch.optim;

namespace RobustTickets.Kernels.Optim;

/// <summary>AdamW over raw float memory.</summary>
internal static unsafe class AdamWKernel
{
    /// <summary>Prefetch distance in elements: four cache lines.</summary>
    private const int Ahead = 64;

    /// <summary>Elements per partial sum of squares.</summary>
    internal const long SquaresBlock = 1 << 15;

    /// <summary>
    /// Updates <paramref name="count"/> parameters in place. <paramref name="gradient"/> may be
    /// null (all zero: moments decay and momentum still moves the parameters).
    /// </summary>
    public static void Update(
        float* parameter,
        float* gradient,
        float* first,
        float* second,
        long count,
        in AdamWStep step
    )
    {
        var updates = new AdamWUpdates();
        updates.Add(parameter, gradient, first, second, count, step);
        updates.Run();
    }

    /// <summary>
    /// Sum of squares in double precision, in an order that does not depend on the number of
    /// threads.
    /// </summary>
    public static double SumOfSquares(float* values, long count) => SumOfSquares([((nint)values, count, default)]);

    /// <summary>
    /// Sum of the squares of several tensors, each given by address, number of elements, and known
    /// sums of its first blocks.
    /// </summary>
    internal static double SumOfSquares(IReadOnlyList<(nint Values, long Count, ReadOnlyMemory<double> Known)> tensors)
    {
        var sums = tensors.Select(tensor => new double[SquaresBlocks(tensor.Count)]).ToArray();
        List<(int Tensor, int Block)> unknown = [];
        for (var t = 0; t < sums.Length; t++)
        {
            var known = tensors[t].Known;
            known.CopyTo(sums[t]);
            for (var block = known.Length; block < sums[t].Length; block++)
                unknown.Add((t, block));
        }
        TorchParallel.ForEach(
            unknown.Count,
            i =>
            {
                var (t, block) = unknown[i];
                sums[t][block] = SumOfSquares((float*)tensors[t].Values, tensors[t].Count, block);
            }
        );
        return sums.Sum(blocks => blocks.Sum());
    }

    /// <summary>Number of blocks of <see cref="SquaresBlock"/> elements.</summary>
    internal static int SquaresBlocks(long count) => checked((int)((count + SquaresBlock - 1) / SquaresBlock));

    /// <summary>Sum of the squares of one block.</summary>
    internal static double SumOfSquares(float* values, long count, int block)
    {
        var from = block * SquaresBlock;
        return SumOfSquares(values + from, (int)Math.Min(SquaresBlock, count - from));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfSquares(float* values, int count)
    {
        Vector256<double> low = default,
            high = default;
        var j = 0;
        for (; j + 8 <= count; j += 8)
        {
            var (x, y) = Vector256.Widen(Vector256.Load(values + j));
            low += x * x;
            high += y * y;
        }
        var sum = Vector256.Sum(low + high);
        for (; j < count; j++)
            sum += (double)values[j] * values[j];
        return sum;
    }

    /// <summary>Clamps each element to [-limit, limit].</summary>
    public static void ClampValues(float* values, long count, float limit)
    {
        for (long j = 0; j < count; j++)
            values[j] = Math.Clamp(values[j], -limit, limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Decay(float* p, int count, float decay)
    {
        var j = 0;
        for (; j + 8 <= count; j += 8)
        {
            var value = Vector256.Load(p + j);
            (value - (value * Vector256.Create(decay))).Store(p + j);
        }
        for (; j < count; j++)
            p[j] -= p[j] * decay;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Range(float* p, float* g, float* m, float* v, long begin, long end, in Constants s)
    {
        var j = begin;
        if (Vector256.IsHardwareAccelerated)
        {
            var beta1 = Vector256.Create(s.Beta1);
            var beta2 = Vector256.Create(s.Beta2);
            var rest1 = Vector256.Create(s.Rest1);
            var rest2 = Vector256.Create(s.Rest2);
            var scale = Vector256.Create(s.GradientScale);
            var epsilon = Vector256.Create(s.Epsilon);
            var rate = Vector256.Create(s.Rate);
            var rootCorrection = Vector256.Create(s.RootCorrection);
            var decay = Vector256.Create(s.Decay);
            for (; j + 8 <= end; j += 8)
            {
                if (Sse.IsSupported)
                {
                    // Four streams read and three written: more than the hardware prefetcher can
                    // follow.
                    Sse.Prefetch0(p + j + Ahead);
                    Sse.Prefetch0(m + j + Ahead);
                    Sse.Prefetch0(v + j + Ahead);
                    if (g is not null)
                        Sse.Prefetch0(g + j + Ahead);
                }
                var gradient = g is null ? Vector256<float>.Zero : Vector256.Load(g + j) * scale;
                var value = Vector256.Load(p + j);
                if (s.Torch)
                    value -= value * decay;
                var first = (Vector256.Load(m + j) * beta1) + (gradient * rest1);
                var second = (Vector256.Load(v + j) * beta2) + (gradient * gradient * rest2);
                first.Store(m + j);
                second.Store(v + j);
                value -= rate * first / ((Vector256.Sqrt(second) * rootCorrection) + epsilon);
                if (!s.Torch)
                    value -= value * decay;
                value.Store(p + j);
            }
        }
        for (; j < end; j++)
        {
            var gradient = g is null ? 0f : g[j] * s.GradientScale;
            var value = p[j];
            if (s.Torch)
                value -= value * s.Decay;
            var first = (m[j] * s.Beta1) + (gradient * s.Rest1);
            var second = (v[j] * s.Beta2) + (gradient * gradient * s.Rest2);
            m[j] = first;
            v[j] = second;
            value -= s.Rate * first / ((MathF.Sqrt(second) * s.RootCorrection) + s.Epsilon);
            if (!s.Torch)
                value -= value * s.Decay;
            p[j] = value;
        }
    }

    /// <summary>Constants of a step in single precision.</summary>
    internal readonly struct Constants
    {
        internal readonly bool Torch;
        internal readonly float Beta1,
            Beta2,
            Rest1,
            Rest2,
            Epsilon,
            Rate,
            RootCorrection,
            Decay,
            GradientScale;

        internal Constants(in AdamWStep step)
        {
            Torch = step.Torch;
            Beta1 = (float)step.Beta1;
            Beta2 = (float)step.Beta2;
            Rest1 = (float)(1 - step.Beta1);
            Rest2 = (float)(1 - step.Beta2);
            Epsilon = (float)step.Epsilon;
            var (correction1, correction2) = (step.FirstCorrection, step.RootCorrection);
            // hf: lr * sqrt(1-b2^t)/(1-b1^t) * m / (sqrt(v) + eps); torch: lr/(1-b1^t) * m /
            // (sqrt(v)/sqrt(1-b2^t) + eps)
            Rate = (float)(
                step.Torch ? step.LearningRate / correction1 : step.LearningRate * correction2 / correction1
            );
            RootCorrection = step.Torch ? (float)(1 / correction2) : 1f;
            Decay = (float)(step.LearningRate * step.WeightDecay);
            GradientScale = step.GradientScale;
        }
    }
}
