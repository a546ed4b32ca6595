// Forward-only kernels whose result for one row never depends on the other rows of the batch, on their number, or on the number of threads: every output element
// is one sum in one order. BLAS promises no such thing (edge tiles round differently), and an attack that compares scores needs it.
// Weights are laid out once in panels of 16 outputs, so the inner loop reads them in order.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RobustTickets.Torch.Kernels;

/// <summary>A weight matrix [N, K] and its bias [N], laid out for <see cref="InferenceKernels.Linear"/>.</summary>
public sealed unsafe class PackedMatrix : IDisposable
{
    internal const int Panel = 16;
    private float* _data;

    /// <summary>Lays out a weight [N, K] and a bias [N].</summary>
    public PackedMatrix(Tensor weight, Tensor bias)
    {
        Outputs = (int)weight.shape[0];
        Inputs = (int)weight.shape[1];
        Panels = (Outputs + Panel - 1) / Panel;
        _data = (float*)NativeMemory.AlignedAlloc((nuint)Math.Max(64, (long)Panels * Panel * (Inputs + 1) * sizeof(float)), 64);
        using var w = weight.detach().contiguous();
        float* source = (float*)w.data_ptr, shift = (float*)bias.data_ptr;
        for (var p = 0; p < Panels; p++)
        {
            var panel = PanelAt(p);
            for (var k = 0; k <= Inputs; k++)
            {
                for (var j = 0; j < Panel; j++)
                {
                    var n = (p * Panel) + j;
                    // Row 0 of a panel is its bias, rows 1..K its weights.
                    panel[(k * Panel) + j] = n >= Outputs ? 0f : k == 0 ? shift[n] : source[((long)n * Inputs) + k - 1];
                }
            }
        }
    }

    /// <summary>Outputs N.</summary>
    public int Outputs { get; }

    /// <summary>Inputs K.</summary>
    public int Inputs { get; }

    internal int Panels { get; }

    internal float* PanelAt(int p) => _data + ((long)p * Panel * (Inputs + 1));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_data is not null) NativeMemory.AlignedFree(_data);
        _data = null;
    }
}

/// <summary>Row-independent forward kernels over float memory.</summary>
public static unsafe class InferenceKernels
{
    private const int RowsPerTask = 96;

    /// <summary>y [T, N] = x [T, K] W^T + b, then GELU if asked.</summary>
    public static void Linear(Tensor x, PackedMatrix w, Tensor y, bool gelu = false)
    {
        var rows = (int)(x.numel / Math.Max(1, w.Inputs));
        if (w.Inputs == 0) rows = (int)(y.numel / w.Outputs);
        float* source = (float*)x.data_ptr, target = (float*)y.data_ptr;
        var blocks = (rows + RowsPerTask - 1) / RowsPerTask;
        using var clock = KernelClock.In(KernelPart.Gemm);
        TorchParallel.For((long)blocks * w.Panels, Math.Max(1, w.Panels / 4), (begin, end) =>
        {
            for (var task = begin; task < end; task++)
            {
                int block = (int)(task / w.Panels), p = (int)(task % w.Panels);
                LinearBlock(source, w, target, block * RowsPerTask, Math.Min(rows, (block + 1) * RowsPerTask), p, gelu);
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LinearBlock(float* x, PackedMatrix w, float* y, int from, int to, int p, bool gelu)
    {
        // Twelve sums of 16 lanes hide the latency of one 512-bit product a cycle; with 256 bits there are registers for four rows. The order of each sum is the same.
        var tileRows = Vector512.IsHardwareAccelerated ? 12 : 4;
        int k = w.Inputs, n = w.Outputs, first = p * PackedMatrix.Panel, width = Math.Min(PackedMatrix.Panel, n - first);
        var panel = w.PanelAt(p);
        var tile = stackalloc float[12 * PackedMatrix.Panel];
        for (var i = from; i < to;)
        {
            var rows = to - i >= tileRows ? tileRows : Math.Min(4, to - i);
            if (rows == 12) Tile12(x + ((long)i * k), k, panel, tile);
            else if (rows == 4) Tile4(x + ((long)i * k), k, panel, tile);
            else for (var r = 0; r < rows; r++) Tile1(x + ((long)(i + r) * k), k, panel, tile + (r * PackedMatrix.Panel));
            if (gelu) for (var j = 0; j < rows * PackedMatrix.Panel; j += 8) Gelu(Vector256.Load(tile + j)).Store(tile + j);
            for (var r = 0; r < rows; r++)
            {
                new ReadOnlySpan<float>(tile + (r * PackedMatrix.Panel), width).CopyTo(new Span<float>(y + ((long)(i + r) * n) + first, width));
            }
            i += rows;
        }
    }

    /// <summary>Four rows of x times one panel. A method of its own, without calls: its eight sums must stay in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile4(float* x, long k, float* panel, float* tile)
    {
        float* x1 = x + k, x2 = x1 + k, x3 = x2 + k;
        Vector256<float> s00, s01, s10, s11, s20, s21, s30, s31;
        s00 = s10 = s20 = s30 = Vector256.Load(panel);
        s01 = s11 = s21 = s31 = Vector256.Load(panel + 8);
        panel += PackedMatrix.Panel;
        for (long q = 0; q < k; q++, panel += PackedMatrix.Panel)
        {
            var b0 = Vector256.Load(panel);
            var b1 = Vector256.Load(panel + 8);
            var a = Vector256.Create(x[q]);
            s00 = Vector256.FusedMultiplyAdd(a, b0, s00);
            s01 = Vector256.FusedMultiplyAdd(a, b1, s01);
            a = Vector256.Create(x1[q]);
            s10 = Vector256.FusedMultiplyAdd(a, b0, s10);
            s11 = Vector256.FusedMultiplyAdd(a, b1, s11);
            a = Vector256.Create(x2[q]);
            s20 = Vector256.FusedMultiplyAdd(a, b0, s20);
            s21 = Vector256.FusedMultiplyAdd(a, b1, s21);
            a = Vector256.Create(x3[q]);
            s30 = Vector256.FusedMultiplyAdd(a, b0, s30);
            s31 = Vector256.FusedMultiplyAdd(a, b1, s31);
        }
        s00.Store(tile); s01.Store(tile + 8);
        s10.Store(tile + 16); s11.Store(tile + 24);
        s20.Store(tile + 32); s21.Store(tile + 40);
        s30.Store(tile + 48); s31.Store(tile + 56);
    }

    /// <summary>Twelve rows of x times one panel on 512-bit vectors, each sum in the order of <see cref="Tile4"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile12(float* x, long k, float* panel, float* tile)
    {
        float* x4 = x + (4 * k), x8 = x + (8 * k);
        long k2 = 2 * k, k3 = 3 * k;
        Vector512<float> s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = s8 = s9 = s10 = s11 = Vector512.Load(panel);
        panel += PackedMatrix.Panel;
        for (long q = 0; q < k; q++, panel += PackedMatrix.Panel, x++, x4++, x8++)
        {
            var b = Vector512.Load(panel);
            s0 = Vector512.FusedMultiplyAdd(Vector512.Create(*x), b, s0);
            s1 = Vector512.FusedMultiplyAdd(Vector512.Create(x[k]), b, s1);
            s2 = Vector512.FusedMultiplyAdd(Vector512.Create(x[k2]), b, s2);
            s3 = Vector512.FusedMultiplyAdd(Vector512.Create(x[k3]), b, s3);
            s4 = Vector512.FusedMultiplyAdd(Vector512.Create(*x4), b, s4);
            s5 = Vector512.FusedMultiplyAdd(Vector512.Create(x4[k]), b, s5);
            s6 = Vector512.FusedMultiplyAdd(Vector512.Create(x4[k2]), b, s6);
            s7 = Vector512.FusedMultiplyAdd(Vector512.Create(x4[k3]), b, s7);
            s8 = Vector512.FusedMultiplyAdd(Vector512.Create(*x8), b, s8);
            s9 = Vector512.FusedMultiplyAdd(Vector512.Create(x8[k]), b, s9);
            s10 = Vector512.FusedMultiplyAdd(Vector512.Create(x8[k2]), b, s10);
            s11 = Vector512.FusedMultiplyAdd(Vector512.Create(x8[k3]), b, s11);
        }
        s0.Store(tile);
        s1.Store(tile + 16);
        s2.Store(tile + 32);
        s3.Store(tile + 48);
        s4.Store(tile + 64);
        s5.Store(tile + 80);
        s6.Store(tile + 96);
        s7.Store(tile + 112);
        s8.Store(tile + 128);
        s9.Store(tile + 144);
        s10.Store(tile + 160);
        s11.Store(tile + 176);
    }

    /// <summary>One row of x times one panel, each sum in the order of <see cref="Tile4"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile1(float* x, long k, float* panel, float* tile)
    {
        var s0 = Vector256.Load(panel);
        var s1 = Vector256.Load(panel + 8);
        panel += PackedMatrix.Panel;
        for (long q = 0; q < k; q++, panel += PackedMatrix.Panel)
        {
            var a = Vector256.Create(x[q]);
            s0 = Vector256.FusedMultiplyAdd(a, Vector256.Load(panel), s0);
            s1 = Vector256.FusedMultiplyAdd(a, Vector256.Load(panel + 8), s1);
        }
        s0.Store(tile);
        s1.Store(tile + 8);
    }

    /// <summary>y = LayerNorm(x + residual) over rows as wide as <paramref name="gamma"/>; residual may be null.</summary>
    public static void AddNorm(Tensor x, Tensor? residual, Tensor gamma, Tensor beta, double epsilon, Tensor y)
    {
        using var clock = KernelClock.In(KernelPart.ElementWise);
        var width = (int)gamma.numel;
        var rows = x.numel / width;
        float* a = (float*)x.data_ptr, r = residual is null ? null : (float*)residual.data_ptr, g = (float*)gamma.data_ptr, b = (float*)beta.data_ptr, o = (float*)y.data_ptr;
        TorchParallel.For(rows, Math.Max(1, 16384 / width), (begin, end) =>
        {
            for (var row = begin; row < end; row++) NormRow(a + (row * width), r is null ? null : r + (row * width), g, b, epsilon, o + (row * width), width);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NormRow(float* x, float* residual, float* gamma, float* beta, double epsilon, float* y, int width)
    {
        var sums = Vector256<float>.Zero;
        var j = 0;
        for (; j + 8 <= width; j += 8)
        {
            var value = Vector256.Load(x + j);
            if (residual is not null) value += Vector256.Load(residual + j);
            value.Store(y + j);
            sums += value;
        }
        var sum = Vector256.Sum(sums);
        for (; j < width; j++) sum += y[j] = residual is null ? x[j] : x[j] + residual[j];
        var mean = sum / width;

        var centre = Vector256.Create(mean);
        var squares = Vector256<float>.Zero;
        for (j = 0; j + 8 <= width; j += 8)
        {
            var d = Vector256.Load(y + j) - centre;
            squares = Vector256.FusedMultiplyAdd(d, d, squares);
        }
        var square = Vector256.Sum(squares);
        for (; j < width; j++) square += (y[j] - mean) * (y[j] - mean);
        var inverse = (float)(1.0 / Math.Sqrt((square / width) + epsilon));

        var scale = Vector256.Create(inverse);
        for (j = 0; j + 8 <= width; j += 8)
        {
            Vector256.FusedMultiplyAdd((Vector256.Load(y + j) - centre) * scale, Vector256.Load(gamma + j), Vector256.Load(beta + j)).Store(y + j);
        }
        for (; j < width; j++) y[j] = MathF.FusedMultiplyAdd((y[j] - mean) * inverse, gamma[j], beta[j]);
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
        for (; j + 8 <= end; j += 8) Gelu(Vector256.Load(values + j)).Store(values + j);
        for (; j < end; j++) values[j] = Gelu(Vector256.CreateScalar(values[j]))[0];
    }

    /// <summary>tanh in place.</summary>
    public static void Tanh(Tensor x)
    {
        foreach (ref var value in x.span<float>()) value = MathF.Tanh(value);
    }

    /// <summary>x (1 + erf(x / sqrt 2)) / 2 with erf after Abramowitz and Stegun 7.1.26 (absolute error below 2e-7).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Gelu(Vector256<float> x)
    {
        var z = x * Vector256.Create(0.70710678118654752f);
        var magnitude = Vector256.Abs(z);
        var t = Vector256<float>.One / Vector256.FusedMultiplyAdd(Vector256.Create(0.3275911f), magnitude, Vector256<float>.One);
        var polynomial = Vector256.Create(1.061405429f);
        polynomial = Vector256.FusedMultiplyAdd(polynomial, t, Vector256.Create(-1.453152027f));
        polynomial = Vector256.FusedMultiplyAdd(polynomial, t, Vector256.Create(1.421413741f));
        polynomial = Vector256.FusedMultiplyAdd(polynomial, t, Vector256.Create(-0.284496736f));
        polynomial = Vector256.FusedMultiplyAdd(polynomial, t, Vector256.Create(0.254829592f));
        var tail = polynomial * t * VectorMath.Exp(-(magnitude * magnitude)); // 1 - erf(|z|)
        // For x < 0: x * tail / 2, without the cancellation of 1 - (1 - tail).
        var half = x * Vector256.Create(0.5f);
        return Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256<float>.Zero), half * tail, half * (Vector256.Create(2f) - tail));
    }

    /// <summary>Attention over packed sequences without dropout, see <see cref="nn.PackedAttention"/>.</summary>
    public static void Attention(Tensor query, Tensor key, Tensor value, Tensor? coefficients, AttentionLayout layout, int heads, Tensor context)
    {
        using var kernel = new PackedAttentionKernel(layout, heads, (int)(query.shape[1] / heads), 0, default, saveTables: false);
        kernel.Forward(
            (float*)query.data_ptr, (float*)key.data_ptr, (float*)value.data_ptr, coefficients is null ? null : (float*)coefficients.data_ptr, (float*)context.data_ptr);
    }
}
