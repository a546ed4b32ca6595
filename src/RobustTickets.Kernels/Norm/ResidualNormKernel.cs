// y = LayerNorm(dropout(x + bias) + residual), which ends both halves of a layer, and its
// gradients, each in one pass over the rows. Native on AVX-512 (native/residual_norm.cpp); this is
// its reference, bit for bit, and BertEncoder's plain layer is the reference of both.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Norm;

/// <summary>
/// Bias, keyed dropout, residual and LayerNorm of rows [T, H]. Saved for backward: the normalised
/// rows (in the memory of x) and 1/deviation per row; the dropout mask is regenerated.
/// </summary>
internal static unsafe partial class ResidualNormKernel
{
    /// <summary>
    /// <paramref name="x"/> [rows, width] is replaced by the normalised rows; <paramref name="y"/>
    /// = normalised * gamma + beta; <paramref name="inverse"/> [rows] = 1/deviation. Dropout is off
    /// when <paramref name="keys"/> is empty.
    /// </summary>
    internal static void Forward(
        float* x,
        float* bias,
        float* residual,
        ReadOnlyMemory<RandomKey> keys,
        double dropout,
        float* gamma,
        float* beta,
        double epsilon,
        float* y,
        float* inverse,
        long rows,
        int width
    )
    {
        using var clock = KernelClock.In(KernelPart.ElementWise);
        using var pin = keys.Pin();
        var drawn = keys.IsEmpty ? null : (ulong*)pin.Pointer; // a RandomKey has the layout of its value
        TorchParallel.For(
            rows,
            Grain(width),
            (begin, end) =>
            {
                if (NativeKernels.Used)
                {
                    var at = begin * width;
                    var task = Task(x, inverse, drawn, dropout, gamma, begin, end, width) with
                    {
                        Bias = bias,
                        Residual = residual + at,
                        Beta = beta,
                        Epsilon = epsilon,
                        Y = y + at,
                    };
                    rt_residual_norm_forward(&task);
                    return;
                }
                var mask = Mask(keys, width);
                for (var r = begin; r < end; r++)
                {
                    if (mask is not null)
                        KeyedFill.DropoutRow(mask, keys.Span[(int)r], width, dropout);
                    ForwardRow(
                        x + (r * width),
                        bias,
                        residual + (r * width),
                        mask,
                        gamma,
                        beta,
                        epsilon,
                        y + (r * width),
                        inverse + r,
                        width
                    );
                }
                NativeMemory.Free(mask);
            }
        );
    }

    /// <summary>
    /// From <paramref name="dy"/>: the gradient of the residual in <paramref name="dResidual"/>, of
    /// x in <paramref name="dx"/> (may alias <paramref name="dy"/>), and column sums: set 0 gamma,
    /// set 1 beta, set 2 bias.
    /// </summary>
    internal static ColumnSums Backward(
        float* dy,
        float* normalised,
        float* inverse,
        ReadOnlyMemory<RandomKey> keys,
        double dropout,
        float* gamma,
        float* dx,
        float* dResidual,
        long rows,
        int width
    )
    {
        using var clock = KernelClock.In(KernelPart.ElementWise);
        using var pin = keys.Pin();
        var drawn = keys.IsEmpty ? null : (ulong*)pin.Pointer; // a RandomKey has the layout of its value
        var sums = new ColumnSums(rows, 3, width);
        sums.ForBlocks(
            rows,
            (block, first, last) =>
            {
                if (NativeKernels.Used)
                {
                    var at = first * width;
                    var task = Task(normalised, inverse, drawn, dropout, gamma, first, last, width) with
                    {
                        Dy = dy + at,
                        Dx = dx + at,
                        DResidual = dResidual + at,
                        GammaSums = sums.At(block, 0),
                        BetaSums = sums.At(block, 1),
                        BiasSums = sums.At(block, 2),
                    };
                    rt_residual_norm_backward(&task);
                    return;
                }
                var mask = Mask(keys, width);
                for (var r = first; r < last; r++)
                {
                    if (mask is not null)
                        KeyedFill.DropoutRow(mask, keys.Span[(int)r], width, dropout);
                    BackwardRow(
                        dy + (r * width),
                        normalised + (r * width),
                        inverse[r],
                        mask,
                        gamma,
                        dx + (r * width),
                        dResidual + (r * width),
                        sums.At(block, 0),
                        sums.At(block, 1),
                        sums.At(block, 2),
                        width
                    );
                }
                NativeMemory.Free(mask);
            }
        );
        return sums;
    }

    internal static int Grain(int width) => Math.Max(1, 16384 / Math.Max(1, width));

    private static ResidualNormTask Task(
        float* normalised,
        float* inverse,
        ulong* keys,
        double dropout,
        float* gamma,
        long first,
        long last,
        int width
    ) =>
        new ResidualNormTask
        {
            Rows = last - first,
            Width = width,
            Keys = keys is null ? null : keys + first,
            Threshold = keys is null ? 0 : KeyedFill.DropThreshold(dropout),
            Kept = keys is null ? 1 : KeyedFill.KeptFactor(dropout),
            Gamma = gamma,
            Normalised = normalised + (first * width),
            Inverse = inverse + first,
        };

    private static float* Mask(ReadOnlyMemory<RandomKey> keys, int width) =>
        keys.IsEmpty ? null : (float*)NativeMemory.Alloc((nuint)width, sizeof(float));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ForwardRow(
        float* x,
        float* bias,
        float* residual,
        float* mask,
        float* gamma,
        float* beta,
        double epsilon,
        float* y,
        float* inverse,
        int width
    )
    {
        var sums = Vector256<float>.Zero;
        var j = 0;
        for (; j + 8 <= width; j += 8)
        {
            var value = Vector256.Load(x + j) + Vector256.Load(bias + j);
            if (mask is not null)
                value *= Vector256.Load(mask + j);
            value += Vector256.Load(residual + j);
            value.Store(x + j);
            sums += value;
        }
        var sum = Vector256.Sum(sums);
        for (; j < width; j++)
            sum += x[j] = ((x[j] + bias[j]) * (mask is null ? 1f : mask[j])) + residual[j];
        var mean = sum / width;

        *inverse = VectorMath.InverseDeviation(x, mean, epsilon, width);

        Vector256<float> centre = Vector256.Create(mean),
            scale = Vector256.Create(*inverse);
        for (j = 0; j + 8 <= width; j += 8)
        {
            var n = (Vector256.Load(x + j) - centre) * scale;
            n.Store(x + j);
            Vector256.FusedMultiplyAdd(n, Vector256.Load(gamma + j), Vector256.Load(beta + j)).Store(y + j);
        }
        for (; j < width; j++)
        {
            x[j] = (x[j] - mean) * *inverse;
            y[j] = MathF.FusedMultiplyAdd(x[j], gamma[j], beta[j]);
        }
    }

    // With g = dy gamma and n the normalised row: ds = (g - mean(g) - n mean(g n)) / deviation.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardRow(
        float* dy,
        float* n,
        float inverse,
        float* mask,
        float* gamma,
        float* dx,
        float* dResidual,
        float* sumGamma,
        float* sumBeta,
        float* sumBias,
        int width
    )
    {
        Vector256<float> plain = default,
            weighted = default;
        var j = 0;
        for (; j + 8 <= width; j += 8)
        {
            var given = Vector256.Load(dy + j);
            var row = Vector256.Load(n + j);
            var g = given * Vector256.Load(gamma + j);
            plain += g;
            weighted = Vector256.FusedMultiplyAdd(g, row, weighted);
            Vector256.FusedMultiplyAdd(given, row, Vector256.Load(sumGamma + j)).Store(sumGamma + j);
            (Vector256.Load(sumBeta + j) + given).Store(sumBeta + j);
        }
        float sum = Vector256.Sum(plain),
            product = Vector256.Sum(weighted);
        for (; j < width; j++)
        {
            var g = dy[j] * gamma[j];
            sum += g;
            product += g * n[j];
            sumGamma[j] += dy[j] * n[j];
            sumBeta[j] += dy[j];
        }
        float mean = sum / width,
            slope = product / width;

        Vector256<float> centre = Vector256.Create(mean),
            along = Vector256.Create(-slope),
            scale = Vector256.Create(inverse);
        for (j = 0; j + 8 <= width; j += 8)
        {
            var g = Vector256.Load(dy + j) * Vector256.Load(gamma + j);
            var ds = Vector256.FusedMultiplyAdd(Vector256.Load(n + j), along, g - centre) * scale;
            var dropped = mask is null ? ds : ds * Vector256.Load(mask + j);
            ds.Store(dResidual + j);
            dropped.Store(dx + j);
            (Vector256.Load(sumBias + j) + dropped).Store(sumBias + j);
        }
        for (; j < width; j++)
        {
            var ds = ((dy[j] * gamma[j]) - mean - (n[j] * slope)) * inverse;
            dResidual[j] = ds;
            dx[j] = mask is null ? ds : ds * mask[j];
            sumBias[j] += dx[j];
        }
    }

    [LibraryImport(KernelLibrary.Name)]
    private static partial void rt_residual_norm_forward(ResidualNormTask* task);

    [LibraryImport(KernelLibrary.Name)]
    private static partial void rt_residual_norm_backward(ResidualNormTask* rows);
}
