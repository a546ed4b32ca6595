// a = c GELU(z + bias), the activation of the feed-forward network, and its gradients; c is an
// optional coefficient per neuron (EarlyRobust eq. 4). Native on AVX-512 (native/gelu.cpp); this is
// its reference, bit for bit.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RobustTickets.Kernels.Dense;

namespace RobustTickets.Kernels.Activation;

/// <summary>
/// Bias, GELU and coefficients over rows [T, F]. A result is written as float or as bfloat16 (an
/// operand of the next product).
/// </summary>
internal static unsafe partial class GeluKernel
{
    /// <summary>
    /// a = c GELU(z + bias) for some rows of <paramref name="width"/>; exactly one of
    /// <paramref name="a"/> and <paramref name="bf16"/> is given.
    /// </summary>
    internal static void Forward(
        float* z,
        float* bias,
        float* coefficients,
        float* a,
        ushort* bf16,
        int width,
        in Tile part
    )
    {
        var task = Task(z, bias, coefficients, a, bf16, width, part);
        if (NativeKernels.Used)
        {
            rt_gelu_forward(&task);
            return;
        }
        for (var r = 0L; r < task.Rows; r++)
        {
            var at = r * width;
            ForwardRow(
                task.Z + at,
                task.Bias,
                task.Coefficients,
                From(task.Fp32, at),
                From(task.Bf16, at),
                (int)task.Columns
            );
        }
    }

    /// <summary>
    /// Only z is kept from forward: the activation is recomputed for the gradient of the following
    /// matrix, into <paramref name="a"/> or <paramref name="bf16"/> as in <see cref="Forward"/>.
    /// <paramref name="da"/> is replaced by the gradient of z, also written to
    /// <paramref name="dzBf16"/> if given. <paramref name="sums"/>: set 0 bias, set 1 coefficients;
    /// a part starts at a multiple of <see cref="ColumnSums.Rows"/>.
    /// </summary>
    internal static void Backward(
        float* z,
        float* bias,
        float* coefficients,
        float* da,
        float* a,
        ushort* bf16,
        ushort* dzBf16,
        int width,
        ColumnSums sums,
        in Tile part
    )
    {
        var task = Task(z, bias, coefficients, a, bf16, width, part);
        var (first, origin) = ((part.Row * width) + part.Column, (int)(part.Row / ColumnSums.Rows));
        task.Gradient = da + first;
        task.GradientBf16 = From(dzBf16, first);
        task.BiasSums = sums.At(origin, 0) + part.Column;
        task.CoefficientSums = sums.At(origin, 1) + part.Column;
        (task.Block, task.BlockStride) = (ColumnSums.Rows, sums.BlockStride);
        if (NativeKernels.Used)
        {
            rt_gelu_backward(&task);
            return;
        }
        for (var r = 0L; r < task.Rows; r++)
        {
            var (at, block) = (r * width, r / task.Block * task.BlockStride);
            BackwardRow(
                task.Z + at,
                task.Bias,
                task.Coefficients,
                task.Gradient + at,
                From(task.Fp32, at),
                From(task.Bf16, at),
                From(task.GradientBf16, at),
                task.BiasSums + block,
                task.CoefficientSums + block,
                (int)task.Columns
            );
        }
    }

    private static GeluTask Task(
        float* z,
        float* bias,
        float* coefficients,
        float* a,
        ushort* bf16,
        int width,
        in Tile part
    )
    {
        var first = (part.Row * width) + part.Column;
        return new GeluTask
        {
            Z = z + first,
            Bias = bias + part.Column,
            Coefficients = From(coefficients, part.Column),
            Fp32 = From(a, first),
            Bf16 = From(bf16, first),
            Stride = width,
            Rows = part.Rows,
            Columns = part.Columns,
        };
    }

    private static T* From<T>(T* pointer, long at)
        where T : unmanaged => pointer is null ? null : pointer + at;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ForwardRow(float* z, float* bias, float* c, float* a, ushort* bf16, int width)
    {
        var j = 0;
        for (; j + 8 <= width; j += 8)
        {
            var value = GeluMath.Gelu(Vector256.Load(z + j) + Vector256.Load(bias + j));
            if (c is not null)
                value *= Vector256.Load(c + j);
            Write(value, a, bf16, j);
        }
        for (; j < width; j++)
        {
            var value = GeluMath.Gelu(Vector256.CreateScalar(z[j] + bias[j]))[0];
            if (c is not null)
                value *= c[j];
            Write(value, a, bf16, j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardRow(
        float* z,
        float* bias,
        float* c,
        float* da,
        float* a,
        ushort* bf16,
        ushort* dzBf16,
        float* sumBias,
        float* sumCoefficients,
        int width
    )
    {
        var j = 0;
        for (; j + 8 <= width; j += 8)
        {
            var (value, slope) = GeluAndSlope(Vector256.Load(z + j) + Vector256.Load(bias + j));
            var given = Vector256.Load(da + j);
            if (c is not null)
            {
                Vector256
                    .FusedMultiplyAdd(given, value, Vector256.Load(sumCoefficients + j))
                    .Store(sumCoefficients + j);
                var factor = Vector256.Load(c + j);
                value *= factor;
                given *= factor;
            }
            var dz = given * slope;
            Write(value, a, bf16, j);
            Write(dz, da, null, j);
            if (dzBf16 is not null)
                Write(dz, null, dzBf16, j);
            (Vector256.Load(sumBias + j) + dz).Store(sumBias + j);
        }
        for (; j < width; j++)
        {
            var (values, slopes) = GeluAndSlope(Vector256.CreateScalar(z[j] + bias[j]));
            var (value, given) = (values[0], da[j]);
            if (c is not null)
            {
                sumCoefficients[j] = MathF.FusedMultiplyAdd(given, value, sumCoefficients[j]);
                value *= c[j];
                given *= c[j];
            }
            var dz = given * slopes[0];
            Write(value, a, bf16, j);
            da[j] = dz;
            if (dzBf16 is not null)
                dzBf16[j] = BFloat16.Round(dz);
            sumBias[j] += dz;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(Vector256<float> value, float* fp32, ushort* bf16, int j)
    {
        if (bf16 is null)
            value.Store(fp32 + j);
        else
            Vector128.Narrow(BFloat16.Round(value).GetLower(), BFloat16.Round(value).GetUpper()).Store(bf16 + j);
    }

    private static void Write(float value, float* fp32, ushort* bf16, int j)
    {
        if (bf16 is null)
            fp32[j] = value;
        else
            bf16[j] = BFloat16.Round(value);
    }

    /// <summary>
    /// GELU(x) and its derivative Phi(x) + x phi(x), from one error function and its exponential.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (Vector256<float> Value, Vector256<float> Slope) GeluAndSlope(Vector256<float> x)
    {
        var (tail, exponential) = GeluMath.NormalTail(x);
        var below = Vector256.Create(0.5f) * tail;
        var cdf = Vector256.ConditionalSelect(
            Vector256.LessThan(x, Vector256<float>.Zero),
            below,
            Vector256<float>.One - below
        );
        // x phi(x) is 0 at both infinities, where 0 * infinity would be NaN.
        var density = x * (exponential * Vector256.Create(0.39894228040143268f));
        density = Vector256.ConditionalSelect(
            Vector256.Equals(exponential, Vector256<float>.Zero) & Vector256.Equals(x, x),
            Vector256<float>.Zero,
            density
        );
        return (GeluMath.Gelu(x, tail), cdf + density);
    }

    [LibraryImport(KernelLibrary.Name)]
    private static partial void rt_gelu_forward(GeluTask* task);

    [LibraryImport(KernelLibrary.Name)]
    private static partial void rt_gelu_backward(GeluTask* part);
}
