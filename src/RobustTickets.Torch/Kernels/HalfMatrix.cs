// The bfloat16 form of InferenceKernels.Linear: factors rounded to bfloat16, sums in fp32, and the same promise that a row of the result is a function of that row alone, bit for
// bit. The inner loop is native (native/bf16.cpp) because .NET 10 cannot name VDPBF16PS; what is parallel, and in what blocks, is decided here.
using System.Runtime.InteropServices;
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch.Kernels;

/// <summary>A weight matrix [N, K] in bfloat16 and its bias [N] in float, laid out in panels of 32 outputs.</summary>
public sealed unsafe class HalfMatrix : IDisposable
{
    private const int Panel = 32, RowsPerTask = 96;
    private readonly int _panels;
    private readonly int _pairs;
    private ushort* _weights; // [panels][pairs][32][2]
    private float* _bias; // [panels][32]

    /// <summary>Rounds and lays out a weight [N, K] and a bias [N].</summary>
    /// <exception cref="NotSupportedException">The processor has no bfloat16 instructions.</exception>
    public HalfMatrix(Tensor weight, Tensor bias)
    {
        if (WhyNot() is { } reason) throw new NotSupportedException(reason);
        (Outputs, Inputs) = ((int)weight.size(0), (int)weight.size(1));
        (_panels, _pairs) = ((Outputs + Panel - 1) / Panel, (Inputs + 1) / 2);
        _weights = (ushort*)NativeMemory.AlignedAlloc((nuint)Math.Max(64, (long)_panels * _pairs * Panel * 2 * sizeof(ushort)), 64);
        _bias = (float*)NativeMemory.AlignedAlloc((nuint)Math.Max(64, (long)_panels * Panel * sizeof(float)), 64);
        using var w = weight.detach().contiguous();
        float* source = (float*)w.data_ptr, shift = (float*)bias.data_ptr;
        for (var n = 0; n < _panels * Panel; n++)
        {
            _bias[n] = n < Outputs ? shift[n] : 0f;
            var at = PanelAt(n / Panel) + (2 * (n % Panel));
            for (var k = 0; k < 2 * _pairs; k++) at[(k / 2 * 2 * Panel) + (k % 2)] = n < Outputs && k < Inputs ? BFloat16.Round(source[((long)n * Inputs) + k]) : (ushort)0;
        }
    }

    /// <summary>Outputs N.</summary>
    public int Outputs { get; }

    /// <summary>Inputs K.</summary>
    public int Inputs { get; }

    /// <summary>Why this form is not offered here, or null where it is.</summary>
    public static string? WhyNot() => Gemm.WhyNoBFloat16() ?? (Shim.rt_bf16_supported() == 0 || !System.Runtime.Intrinsics.X86.Avx512BW.IsSupported ? "the native part holds no bfloat16 kernel for this processor" : null);

    /// <summary>y [T, N] = x [T, K] W^T + b with x rounded to bfloat16.</summary>
    public void Linear(Tensor x, Tensor y)
    {
        var rows = Outputs == 0 ? 0 : (int)(y.numel / Outputs);
        using var rounded = torch.empty([rows, 2L * _pairs], DType.BFloat16);
        var half = (ushort*)rounded.data_ptr;
        Round((float*)x.data_ptr, half, rows);
        using var clock = KernelClock.In(KernelPart.Gemm);
        var target = (float*)y.data_ptr;
        var blocks = (rows + RowsPerTask - 1) / RowsPerTask;
        TorchParallel.For((long)blocks * _panels, Math.Max(1, _panels / 4), (begin, end) =>
        {
            for (var task = begin; task < end; task++)
            {
                int first = (int)(task / _panels) * RowsPerTask, p = (int)(task % _panels);
                Shim.rt_bf16_panel(
                    half + ((long)first * 2 * _pairs), 2L * _pairs, Math.Min(rows - first, RowsPerTask), PanelAt(p), _pairs, _bias + (p * Panel),
                    target + ((long)first * Outputs) + (p * Panel), Outputs, Math.Min(Panel, Outputs - (p * Panel)));
            }
        });
    }

    private void Round(float* x, ushort* half, int rows)
    {
        if (Inputs == 2 * _pairs)
        {
            BFloat16.Round(x, half, (long)rows * Inputs);
            return;
        }
        for (var r = 0; r < rows; r++)
        {
            BFloat16.Round(x + ((long)r * Inputs), half + ((long)r * 2 * _pairs), Inputs);
            half[((r + 1L) * 2 * _pairs) - 1] = 0;
        }
    }

    private ushort* PanelAt(int p) => _weights + ((long)p * _pairs * Panel * 2);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_weights is not null) NativeMemory.AlignedFree(_weights);
        if (_bias is not null) NativeMemory.AlignedFree(_bias);
        _weights = null;
        _bias = null;
    }
}
