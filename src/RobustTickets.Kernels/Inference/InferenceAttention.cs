// Attention of one packed sequence, forward only, for the compiled evaluation path. Native on
// AVX-512 (native/inference_attention.cpp), otherwise with the steps of PackedAttentionKernel; the
// bits are the same.

using System.Runtime.InteropServices;
using RobustTickets.Kernels.Attention;
using RobustTickets.Kernels.Dense;

namespace RobustTickets.Kernels.Inference;

/// <summary>
/// softmax(Q K^T / sqrt(d)) V, a coefficient per column, and rounding if the next product reads
/// bfloat16.
/// </summary>
internal static unsafe partial class InferenceAttention
{
    private const int RowsAtOnce = 8;

    /// <summary>Floats of scratch memory for a sequence with this many keys.</summary>
    internal static long Scratch(int keys, int width) => AttentionScratch.Native(keys, width);

    /// <summary>
    /// Heads <paramref name="first"/>..<paramref name="last"/> of one sequence: queries [queries,
    /// heads width] with stride <paramref name="ldq"/>, keys and values [keys, heads width]
    /// with stride <paramref name="ldk"/>; all may be columns of one wide product.
    /// </summary>
    internal static void Run(
        float* q,
        long ldq,
        int queries,
        float* k,
        float* v,
        long ldk,
        int keys,
        int first,
        int last,
        int width,
        float* scratch,
        in Epilogue target
    )
    {
        var scale = (float)(1.0 / Math.Sqrt(width));
        if (NativeKernels.Used)
        {
            rt_inference_attention(
                q,
                ldq,
                queries,
                k,
                v,
                ldk,
                keys,
                first,
                last,
                width,
                scale,
                target.Coefficients,
                scratch,
                target.Fp32,
                target.Bf16,
                target.Stride
            );
            return;
        }
        for (var h = first; h < last; h++)
            Head(
                q + ((long)h * width),
                ldq,
                queries,
                k + ((long)h * width),
                v + ((long)h * width),
                ldk,
                keys,
                h * width,
                width,
                scale,
                scratch,
                target
            );
    }

    private static void Head(
        float* q,
        long ldq,
        int queries,
        float* k,
        float* v,
        long ldk,
        int keys,
        int column,
        int width,
        float scale,
        float* scratch,
        in Epilogue target
    )
    {
        var padded = (int)Up(keys);
        float* transposed = scratch,
            table = scratch + (Up(width) * padded);
        var context = stackalloc float[width];
        SmallGemm.Transpose(k, keys, width, (int)ldk, transposed, padded);
        for (var i = 0; i < queries; i++)
        {
            SmallGemm.Run(1, padded, width, q + (i * ldq), (int)ldq, 1, transposed, padded, table, padded);
            PackedAttentionKernel.SoftmaxRow(table, keys, padded, scale);
            SmallGemm.Run(1, width, keys, table, padded, 1, v, (int)ldk, context, width);
            for (var j = 0; j < width; j++)
            {
                var value = target.Coefficients is null ? context[j] : context[j] * target.Coefficients[column + j];
                var at = (i * target.Stride) + column + j;
                if (target.Bf16 is null)
                    target.Fp32[at] = value;
                else
                    target.Bf16[at] = BFloat16.Round(value);
            }
        }
    }

    private static long Up(int count) => (count + 15) & ~15;

    [LibraryImport(KernelLibrary.Name)]
    private static partial void rt_inference_attention(
        float* q,
        long ldq,
        long queries,
        float* k,
        float* v,
        long ldk,
        long keys,
        long first,
        long last,
        long width,
        float scale,
        float* coefficients,
        float* scratch,
        float* fp32,
        ushort* bf16,
        long stride
    );
}
