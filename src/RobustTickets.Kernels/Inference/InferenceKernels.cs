// Forward-only kernels in which a row does not depend on other rows, batch or thread: an output is
// one sum in a fixed order. BLAS does not guarantee this (edge tiles round differently), but
// attacks that compare scores need it.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RobustTickets.Kernels.Activation;
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Inference;

/// <summary>
/// Row-independent element-wise forward kernels on float memory. Products are in PackedWeight and
/// its two subclasses, attention in InferenceAttention.
/// </summary>
internal static unsafe class InferenceKernels
{
    /// <summary>y [T, N] = x [T, K] W^T + b, then optional GELU.</summary>
    public static void Linear(Tensor x, PackedWeightFp32 w, Tensor y, bool gelu = false)
    {
        var rows = (int)(w.Outputs == 0 ? 0 : y.numel / w.Outputs);
        w.Multiply(
            (float*)x.data_ptr,
            w.Inputs,
            rows,
            new Epilogue((float*)y.data_ptr, null, w.Outputs, gelu, null),
            serial: false
        );
    }

    /// <summary>
    /// y = LayerNorm(x + residual) over rows of the width of <paramref name="gamma"/>; residual may
    /// be null.
    /// </summary>
    public static void AddNorm(Tensor x, Tensor? residual, Tensor gamma, Tensor beta, double epsilon, Tensor y)
    {
        using var clock = KernelClock.In(KernelPart.ElementWise);
        var width = (int)gamma.numel;
        var rows = x.numel / width;
        float* a = (float*)x.data_ptr,
            r = residual is null ? null : (float*)residual.data_ptr,
            g = (float*)gamma.data_ptr,
            b = (float*)beta.data_ptr,
            o = (float*)y.data_ptr;
        TorchParallel.For(
            rows,
            Math.Max(1, 16384 / width),
            (begin, end) =>
            {
                for (var row = begin; row < end; row++)
                    NormRow(
                        a + (row * width),
                        r is null ? null : r + (row * width),
                        g,
                        b,
                        epsilon,
                        o + (row * width),
                        null,
                        width
                    );
            }
        );
    }

    /// <summary>
    /// One row of <see cref="AddNorm"/>; <paramref name="bf16"/>, if given, also receives y rounded
    /// to bfloat16.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void NormRow(
        float* x,
        float* residual,
        float* gamma,
        float* beta,
        double epsilon,
        float* y,
        ushort* bf16,
        int width
    )
    {
        var sums = Vector256<float>.Zero;
        var j = 0;
        for (; j + 8 <= width; j += 8)
        {
            var value = Vector256.Load(x + j);
            if (residual is not null)
                value += Vector256.Load(residual + j);
            value.Store(y + j);
            sums += value;
        }
        var sum = Vector256.Sum(sums);
        for (; j < width; j++)
            sum += y[j] = residual is null ? x[j] : x[j] + residual[j];
        var mean = sum / width;

        var inverse = VectorMath.InverseDeviation(y, mean, epsilon, width);

        Vector256<float> centre = Vector256.Create(mean),
            scale = Vector256.Create(inverse);
        for (j = 0; j + 8 <= width; j += 8)
        {
            var value = Vector256.FusedMultiplyAdd(
                (Vector256.Load(y + j) - centre) * scale,
                Vector256.Load(gamma + j),
                Vector256.Load(beta + j)
            );
            value.Store(y + j);
            if (bf16 is null)
                continue;
            var rounded = BFloat16.Round(value);
            Vector128.Narrow(rounded.GetLower(), rounded.GetUpper()).Store(bf16 + j);
        }
        for (; j < width; j++)
        {
            y[j] = MathF.FusedMultiplyAdd((y[j] - mean) * inverse, gamma[j], beta[j]);
            if (bf16 is not null)
                bf16[j] = BFloat16.Round(y[j]);
        }
    }

    /// <summary>GELU in place.</summary>
    public static void Gelu(Tensor x)
    {
        using var clock = KernelClock.In(KernelPart.ElementWise);
        var values = (float*)x.data_ptr;
        TorchParallel.For(x.numel, 16384, (begin, end) => GeluRange(values, begin, end));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GeluRange(float* values, long begin, long end)
    {
        var j = begin;
        for (; j + 8 <= end; j += 8)
            GeluMath.Gelu(Vector256.Load(values + j)).Store(values + j);
        for (; j < end; j++)
            values[j] = GeluMath.Gelu(Vector256.CreateScalar(values[j]))[0];
    }

    /// <summary>tanh in place.</summary>
    public static void Tanh(Tensor x)
    {
        foreach (ref var value in x.span<float>())
            value = MathF.Tanh(value);
    }
}
