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

    /// <summary>Columns of <see cref="Rounded"/> rows for K inputs: the next even number.</summary>
    public static int RoundedColumns(int inputs) => (inputs + 1) & ~1;

    /// <summary>x [T, K] rounded to bfloat16 [T, K or K + 1]; one rounding serves every matrix with these inputs.</summary>
    public static Tensor Rounded(Tensor x)
    {
        int rows = (int)x.size(0), inputs = (int)x.size(1), columns = RoundedColumns(inputs);
        var rounded = torch.empty([rows, columns], DType.BFloat16);
        float* source = (float*)x.data_ptr;
        var half = (ushort*)rounded.data_ptr;
        if (inputs == columns)
        {
            BFloat16.Round(source, half, (long)rows * inputs);
            return rounded;
        }
        for (var r = 0; r < rows; r++)
        {
            BFloat16.Round(source + ((long)r * inputs), half + ((long)r * columns), inputs);
            half[((r + 1L) * columns) - 1] = 0;
        }
        return rounded;
    }

    /// <summary>GELU(x) [T, K] rounded as by <see cref="Rounded"/>, in one pass.</summary>
    public static Tensor RoundedGelu(Tensor x)
    {
        int rows = (int)x.size(0), inputs = (int)x.size(1);
        if (inputs % 2 == 1)
        {
            InferenceKernels.Gelu(x);
            return Rounded(x);
        }
        var rounded = torch.empty([rows, inputs], DType.BFloat16);
        using var none = torch.zeros([inputs]);
        GeluKernel.Forward((float*)x.data_ptr, (float*)none.data_ptr, null, null, (ushort*)rounded.data_ptr, rows, inputs);
        return rounded;
    }

    /// <summary>y [T, N] = x W^T + b, x as <see cref="Rounded"/> made it.</summary>
    public void Linear(Tensor rounded, Tensor y)
    {
        if (rounded.dtype != DType.BFloat16 || rounded.size(1) != 2L * _pairs) throw new ArgumentException($"{rounded.Describe()} is no rounded form of rows of {Inputs}");
        using var clock = KernelClock.In(KernelPart.Gemm);
        var rows = (int)rounded.size(0);
        ushort* half = (ushort*)rounded.data_ptr;
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
