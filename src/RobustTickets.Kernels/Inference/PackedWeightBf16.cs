// PackedWeight in bfloat16: rounded operands, sums in fp32, rows still independent. Native
// (native/packed_weight_bf16.cpp, with AMX tiles packed_weight_amx.h), because .NET 10 has neither
// VDPBF16PS nor TDPBF16PS.
using System.Runtime.InteropServices;
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Inference;

/// <summary>
/// A weight matrix [N, K] in bfloat16 and its bias [N] in float, packed in panels of 32 outputs.
/// </summary>
internal sealed unsafe partial class PackedWeightBf16 : PackedWeight
{
    private const int Panel = 32;
    private readonly int _panels;
    private readonly int _pairs;
    private readonly bool _tiles;
    private readonly AlignedMemory _memory;
    private ushort* _weights; // of _memory: [panels][pairs][32][2]
    private float* _bias; // of _memory, behind the weights: [panels][32]

    /// <summary>Rounds and packs a weight [N, K] and a bias [N].</summary>
    /// <param name="weight">[N, K].</param>
    /// <param name="bias">[N].</param>
    /// <param name="tiles">Whether AMX tiles are used if available; sums then differ in their last
    /// bits.</param>
    /// <exception cref="NotSupportedException">The processor has no bfloat16
    /// instructions.</exception>
    public PackedWeightBf16(Tensor weight, Tensor bias, bool tiles = true)
    {
        if (WhyNot() is { } reason)
            throw new NotSupportedException(reason);
        _tiles = tiles && NativeKernels.TilesUsed;
        (Outputs, Inputs) = ((int)weight.size(0), (int)weight.size(1));
        (_panels, _pairs) = ((Outputs + Panel - 1) / Panel, (Inputs + 1) / 2);
        using var w = weight.detach().contiguous();
        float* source = (float*)w.data_ptr,
            shift = (float*)bias.data_ptr;
        // A panel is a whole number of cache lines, so the biases are aligned as well.
        var weights = (long)_panels * _pairs * Panel * 2;
        _memory = new AlignedMemory((weights * sizeof(ushort)) + ((long)_panels * Panel * sizeof(float)));
        _weights = (ushort*)_memory.Pointer;
        _bias = (float*)(_weights + weights);
        for (var n = 0; n < _panels * Panel; n++)
        {
            _bias[n] = n < Outputs ? shift[n] : 0f;
            var at = PanelAt(n / Panel) + (2 * (n % Panel));
            for (var k = 0; k < 2 * _pairs; k++)
                at[(k / 2 * 2 * Panel) + (k % 2)] =
                    n < Outputs && k < Inputs ? BFloat16.Round(source[((long)n * Inputs) + k]) : (ushort)0;
        }
    }

    /// <summary>Why bfloat16 is not supported here, or null if it is.</summary>
    public static string? WhyNot() =>
        Gemm.WhyNoBFloat16()
        ?? (
            rt_packed_weight_bf16_supported() == 0 || !System.Runtime.Intrinsics.X86.Avx512BW.IsSupported
                ? "the native part has no bfloat16 kernel for this processor"
                : null
        );

    /// <summary>Columns of <see cref="Rounded"/> rows for K inputs: the next even number.</summary>
    public static int RoundedColumns(int inputs) => (inputs + 1) & ~1;

    /// <summary>
    /// x [T, K] rounded to bfloat16 [T, K or K + 1]; shared by all matrices with these inputs.
    /// </summary>
    public static Tensor Rounded(Tensor x)
    {
        int rows = (int)x.size(0),
            inputs = (int)x.size(1),
            columns = RoundedColumns(inputs);
        var rounded = torch.empty([rows, columns], DType.BFloat16);
        float* source = (float*)x.data_ptr;
        var to = (ushort*)rounded.data_ptr;
        if (inputs == columns)
        {
            BFloat16.Round(source, to, (long)rows * inputs);
            return rounded;
        }
        for (var r = 0; r < rows; r++)
        {
            BFloat16.Round(source + ((long)r * inputs), to + ((long)r * columns), inputs);
            to[((r + 1L) * columns) - 1] = 0;
        }
        return rounded;
    }

    /// <summary>y [T, N] = x W^T + b, with x from <see cref="Rounded"/>.</summary>
    public void Linear(Tensor rounded, Tensor y)
    {
        if (rounded.dtype != DType.BFloat16 || rounded.size(1) != 2L * _pairs)
            throw new ArgumentException($"{rounded.Describe()} is not a rounded copy of rows of {Inputs}");
        Multiply(
            (void*)rounded.data_ptr,
            2L * _pairs,
            (int)rounded.size(0),
            new Epilogue((float*)y.data_ptr, null, Outputs, gelu: false, null),
            serial: false
        );
    }

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
        rt_packed_weight_bf16(
            (ushort*)x + (from * stride),
            stride,
            rows,
            _weights,
            _pairs,
            _bias,
            Outputs,
            firstGroup,
            lastGroup,
            target.Gelu ? 1 : 0,
            target.Coefficients,
            target.Fp32,
            target.Bf16,
            target.Stride,
            _tiles ? 1 : 0
        );
        GC.KeepAlive(this);
    }

    private ushort* PanelAt(int p) => _weights + ((long)p * _pairs * Panel * 2);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _memory.Dispose();
        _weights = null;
        _bias = null;
    }

    [LibraryImport(KernelLibrary.Name)]
    private static partial int rt_packed_weight_bf16_supported();

    [LibraryImport(KernelLibrary.Name)]
    private static partial void rt_packed_weight_bf16(
        ushort* x,
        long ldx,
        long rows,
        ushort* panels,
        long pairs,
        float* bias,
        long outputs,
        long first,
        long last,
        int gelu,
        float* coefficients,
        float* fp32,
        ushort* bf16,
        long ldy,
        int tiles
    );
}
