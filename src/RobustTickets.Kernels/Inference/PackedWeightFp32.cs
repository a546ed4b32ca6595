// PackedWeight in float, in panels of 16 outputs that the inner loop reads sequentially: the bias,
// then one fused multiply-add per input, in order. Reference of native/packed_weight_fp32.cpp, and
// the fallback without AVX-512.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RobustTickets.Kernels.Activation;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Inference;

/// <summary>A weight matrix [N, K] and its bias [N] in float.</summary>
internal sealed unsafe partial class PackedWeightFp32 : PackedWeight
{
    internal const int Panel = 16;
    private readonly AlignedMemory _memory;
    private float* _data; // of _memory

    /// <summary>Packs a weight [N, K] and a bias [N].</summary>
    public PackedWeightFp32(Tensor weight, Tensor bias)
    {
        Outputs = (int)weight.shape[0];
        Inputs = (int)weight.shape[1];
        Panels = (Outputs + Panel - 1) / Panel;
        using var w = weight.detach().contiguous();
        float* source = (float*)w.data_ptr,
            shift = (float*)bias.data_ptr;
        _memory = new AlignedMemory((long)Panels * Panel * (Inputs + 1) * sizeof(float));
        _data = (float*)_memory.Pointer;
        for (var p = 0; p < Panels; p++)
        {
            var panel = PanelAt(p);
            for (var k = 0; k <= Inputs; k++)
            {
                for (var j = 0; j < Panel; j++)
                {
                    var n = (p * Panel) + j;
                    // Row 0 of a panel is its bias, rows 1..K are its weights.
                    panel[(k * Panel) + j] =
                        n >= Outputs ? 0f
                        : k == 0 ? shift[n]
                        : source[((long)n * Inputs) + k - 1];
                }
            }
        }
    }

    private int Panels { get; }

    private float* PanelAt(int p) => _data + ((long)p * Panel * (Inputs + 1));

    private protected override void Compute(
        void* x,
        long stride,
        long from,
        int rows,
        int firstGroup,
        int lastGroup,
        in Epilogue target
    )
    {
        var source = (float*)x + (from * stride);
        int first = 2 * firstGroup,
            last = Math.Min(Panels, 2 * lastGroup);
        if (NativeKernels.Used)
            rt_packed_weight_fp32(
                source,
                stride,
                rows,
                _data,
                Inputs,
                Outputs,
                first,
                last,
                target.Gelu ? 1 : 0,
                target.Coefficients,
                target.Fp32,
                target.Stride
            );
        else
            for (var p = first; p < last; p++)
                MultiplyPanel(source, stride, rows, p, target);
        GC.KeepAlive(this);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MultiplyPanel(float* x, long stride, int rows, int p, in Epilogue target)
    {
        int column = p * Panel,
            width = Math.Min(Panel, Outputs - column);
        var tile = stackalloc float[4 * Panel];
        for (var i = 0; i < rows; )
        {
            var count = rows - i >= 4 ? 4 : 1;
            if (count == 4)
                Tile4(x + (i * stride), stride, Inputs, PanelAt(p), tile);
            else
                Tile1(x + (i * stride), Inputs, PanelAt(p), tile);
            if (target.Gelu)
                for (var j = 0; j < count * Panel; j += 8)
                    GeluMath.Gelu(Vector256.Load(tile + j)).Store(tile + j);
            for (var r = 0; r < count; r++)
            {
                float* from = tile + (r * Panel),
                    to = target.Fp32 + ((i + r) * target.Stride) + column;
                if (target.Coefficients is null)
                    new ReadOnlySpan<float>(from, width).CopyTo(new Span<float>(to, width));
                else
                    for (var j = 0; j < width; j++)
                        to[j] = from[j] * target.Coefficients[column + j];
            }
            i += count;
        }
    }

    /// <summary>
    /// Four rows of x times one panel. A separate method without calls, so that its eight sums stay
    /// in registers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile4(float* x, long stride, long k, float* panel, float* tile)
    {
        float* x1 = x + stride,
            x2 = x1 + stride,
            x3 = x2 + stride;
        Vector256<float> s00,
            s01,
            s10,
            s11,
            s20,
            s21,
            s30,
            s31;
        s00 = s10 = s20 = s30 = Vector256.Load(panel);
        s01 = s11 = s21 = s31 = Vector256.Load(panel + 8);
        panel += Panel;
        for (long q = 0; q < k; q++, panel += Panel)
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
        s00.Store(tile);
        s01.Store(tile + 8);
        s10.Store(tile + 16);
        s11.Store(tile + 24);
        s20.Store(tile + 32);
        s21.Store(tile + 40);
        s30.Store(tile + 48);
        s31.Store(tile + 56);
    }

    /// <summary>
    /// One row of x times one panel, each sum in the order of <see cref="Tile4"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile1(float* x, long k, float* panel, float* tile)
    {
        var s0 = Vector256.Load(panel);
        var s1 = Vector256.Load(panel + 8);
        panel += Panel;
        for (long q = 0; q < k; q++, panel += Panel)
        {
            var a = Vector256.Create(x[q]);
            s0 = Vector256.FusedMultiplyAdd(a, Vector256.Load(panel), s0);
            s1 = Vector256.FusedMultiplyAdd(a, Vector256.Load(panel + 8), s1);
        }
        s0.Store(tile);
        s1.Store(tile + 8);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _memory.Dispose();
        _data = null;
    }

    [LibraryImport(KernelLibrary.Name)]
    private static partial void rt_packed_weight_fp32(
        float* x,
        long ldx,
        long rows,
        float* panels,
        long inputs,
        long outputs,
        long first,
        long last,
        int gelu,
        float* coefficients,
        float* y,
        long ldy
    );
}
