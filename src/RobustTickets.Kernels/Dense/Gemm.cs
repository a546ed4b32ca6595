// Dense matrix products on raw memory, accumulating into the target (docs/performance.md).

using System.Runtime.InteropServices;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Dense;

/// <summary>
/// Element type of the operands of a dense layer's products. Sums, weights and optimiser state are
/// always fp32.
/// </summary>
public enum MatrixPrecision
{
    /// <summary>Single precision.</summary>
    Fp32,

    /// <summary>Operands rounded to bfloat16, sums in single precision.</summary>
    Bf16,
}

/// <summary>Products of row-major matrices.</summary>
internal static unsafe partial class Gemm
{
    /// <summary>
    /// Uses libtorch's own BLAS for f32 products instead of oneDNN: the reference in tests and
    /// benchmarks. Read at every product.
    /// </summary>
    public static bool PlainBlas { get; set; }

    /// <summary>
    /// Why bfloat16 products are not supported here, or null if they are: a processor without the
    /// instruction would emulate it, slower than fp32.
    /// </summary>
    public static string? WhyNoBFloat16() =>
        !TorchInfo.ReadBFloat16()
            ? "this processor has no bfloat16 instructions (AVX512_BF16) and would emulate them, slower than fp32"
        : (rt_gemm_kinds() & 2) == 0
            ? "this libtorch offers no bfloat16 product (oneDNN's dnnl_gemm_bf16bf16f32 was not found)"
        : null;

    /// <summary>Whether f32 products currently use oneDNN.</summary>
    internal static bool ByOneDnn => !PlainBlas && HasOneDnn;

    private static bool HasOneDnn => (rt_gemm_kinds() & 1) != 0;

    /// <summary>Name of the library used for f32 products.</summary>
    public static string Library => HasOneDnn ? "oneDNN" : "libtorch's BLAS";

    /// <summary>
    /// C [M, N] = A [M, K] B^T with B [N, K]: the product of a dense layer, operands float32 or
    /// bfloat16, C float32. All contiguous.
    /// </summary>
    public static void Multiply(Tensor a, Tensor b, Tensor c)
    {
        if (a.size(1) != b.size(1) || c.size(0) != a.size(0) || c.size(1) != b.size(0) || a.dtype != b.dtype)
        {
            throw new ArgumentException(
                $"the product of {a.Describe()} and the transpose of {b.Describe()} does not fit {c.Describe()}"
            );
        }
        Run(
            new Product(
                a.dtype == DType.BFloat16,
                TA: false,
                TB: true,
                c.size(0),
                c.size(1),
                a.size(1),
                a.data_ptr,
                b.data_ptr,
                0,
                c.data_ptr
            )
        );
    }

    /// <summary>Runs a single product.</summary>
    internal static void Run(in Product product)
    {
        var batch = new GemmGroup();
        batch.Add(product);
        batch.Run();
    }

    [LibraryImport(KernelLibrary.Name)]
    private static partial int rt_gemm_kinds();

    [LibraryImport(KernelLibrary.Name)]
    internal static partial int rt_gemm(
        int bf16,
        int plain,
        int ta,
        int tb,
        long m,
        long n,
        long k,
        void* a,
        long lda,
        void* b,
        long ldb,
        float beta,
        float* c,
        long ldc
    );
}
