// C = A B (or C += A B) for the small matrices of attention, where a BLAS call costs more than the
// product. An element of C is summed over k in order, for all sizes, so results do not depend on
// the rest of the batch.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RobustTickets.Kernels.Dense;

/// <summary>Register-blocked products of small row-major matrices.</summary>
internal static unsafe class SmallGemm
{
    /// <summary>
    /// C [m, n] = (or += with <paramref name="accumulate"/>) A [m, k] with strides (ars, acs) times
    /// B [k, n]. A transposed A costs nothing extra: its elements are broadcast one by one.
    /// </summary>
    internal static void Run(
        int m,
        int n,
        int k,
        float* a,
        int ars,
        int acs,
        float* b,
        int ldb,
        float* c,
        int ldc,
        bool accumulate = false
    )
    {
        var i = 0;
        for (; i + 4 <= m; i += 4)
            Rows4(n, k, a + ((long)i * ars), ars, acs, b, ldb, c + ((long)i * ldc), ldc, accumulate);
        for (; i < m; i++)
            Row1(n, k, a + ((long)i * ars), acs, b, ldb, c + ((long)i * ldc), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(
        int n,
        int k,
        float* a,
        int ars,
        int acs,
        float* b,
        int ldb,
        float* c,
        int ldc,
        bool accumulate
    )
    {
        float* a0 = a,
            a1 = a + ars,
            a2 = a + (2 * ars),
            a3 = a + (3 * ars);
        float* c0 = c,
            c1 = c + ldc,
            c2 = c + (2 * ldc),
            c3 = c + (3 * ldc);
        var j = 0;
        for (; j + 16 <= n; j += 16)
        {
            Vector256<float> s00,
                s01,
                s10,
                s11,
                s20,
                s21,
                s30,
                s31;
            if (accumulate)
            {
                s00 = Vector256.Load(c0 + j);
                s01 = Vector256.Load(c0 + j + 8);
                s10 = Vector256.Load(c1 + j);
                s11 = Vector256.Load(c1 + j + 8);
                s20 = Vector256.Load(c2 + j);
                s21 = Vector256.Load(c2 + j + 8);
                s30 = Vector256.Load(c3 + j);
                s31 = Vector256.Load(c3 + j + 8);
            }
            else
            {
                s00 = s01 = s10 = s11 = s20 = s21 = s30 = s31 = Vector256<float>.Zero;
            }
            var row = b + j;
            for (int p = 0, o = 0; p < k; p++, o += acs, row += ldb)
            {
                var b0 = Vector256.Load(row);
                var b1 = Vector256.Load(row + 8);
                var x = Vector256.Create(a0[o]);
                s00 = Vector256.FusedMultiplyAdd(x, b0, s00);
                s01 = Vector256.FusedMultiplyAdd(x, b1, s01);
                x = Vector256.Create(a1[o]);
                s10 = Vector256.FusedMultiplyAdd(x, b0, s10);
                s11 = Vector256.FusedMultiplyAdd(x, b1, s11);
                x = Vector256.Create(a2[o]);
                s20 = Vector256.FusedMultiplyAdd(x, b0, s20);
                s21 = Vector256.FusedMultiplyAdd(x, b1, s21);
                x = Vector256.Create(a3[o]);
                s30 = Vector256.FusedMultiplyAdd(x, b0, s30);
                s31 = Vector256.FusedMultiplyAdd(x, b1, s31);
            }
            s00.Store(c0 + j);
            s01.Store(c0 + j + 8);
            s10.Store(c1 + j);
            s11.Store(c1 + j + 8);
            s20.Store(c2 + j);
            s21.Store(c2 + j + 8);
            s30.Store(c3 + j);
            s31.Store(c3 + j + 8);
        }
        if (j == n)
            return;
        Tail(j, n, k, a0, acs, b, ldb, c0, accumulate);
        Tail(j, n, k, a1, acs, b, ldb, c1, accumulate);
        Tail(j, n, k, a2, acs, b, ldb, c2, accumulate);
        Tail(j, n, k, a3, acs, b, ldb, c3, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row1(int n, int k, float* a, int acs, float* b, int ldb, float* c, bool accumulate)
    {
        var j = 0;
        for (; j + 32 <= n; j += 32)
        {
            Vector256<float> s0,
                s1,
                s2,
                s3;
            if (accumulate)
            {
                s0 = Vector256.Load(c + j);
                s1 = Vector256.Load(c + j + 8);
                s2 = Vector256.Load(c + j + 16);
                s3 = Vector256.Load(c + j + 24);
            }
            else
            {
                s0 = s1 = s2 = s3 = Vector256<float>.Zero;
            }
            var row = b + j;
            for (int p = 0, o = 0; p < k; p++, o += acs, row += ldb)
            {
                var x = Vector256.Create(a[o]);
                s0 = Vector256.FusedMultiplyAdd(x, Vector256.Load(row), s0);
                s1 = Vector256.FusedMultiplyAdd(x, Vector256.Load(row + 8), s1);
                s2 = Vector256.FusedMultiplyAdd(x, Vector256.Load(row + 16), s2);
                s3 = Vector256.FusedMultiplyAdd(x, Vector256.Load(row + 24), s3);
            }
            s0.Store(c + j);
            s1.Store(c + j + 8);
            s2.Store(c + j + 16);
            s3.Store(c + j + 24);
        }
        Tail(j, n, k, a, acs, b, ldb, c, accumulate);
    }

    /// <summary>Columns <paramref name="j"/>..n of one row of C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tail(int j, int n, int k, float* a, int acs, float* b, int ldb, float* c, bool accumulate)
    {
        for (; j + 8 <= n; j += 8)
        {
            var s = accumulate ? Vector256.Load(c + j) : Vector256<float>.Zero;
            var row = b + j;
            for (int p = 0, o = 0; p < k; p++, o += acs, row += ldb)
                s = Vector256.FusedMultiplyAdd(Vector256.Create(a[o]), Vector256.Load(row), s);
            s.Store(c + j);
        }
        for (; j < n; j++)
        {
            var s = accumulate ? c[j] : 0f;
            for (var p = 0; p < k; p++)
                s = MathF.FusedMultiplyAdd(a[p * acs], b[((long)p * ldb) + j], s);
            c[j] = s;
        }
    }

    /// <summary>
    /// Writes the transpose of a row-major block: target [columns, ldt] from source [rows, columns]
    /// with row stride; columns beyond rows up to ldt are zeroed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Transpose(float* source, int rows, int columns, int stride, float* target, int ldt)
    {
        for (var d = 0; d < columns; d++)
        {
            var line = target + ((long)d * ldt);
            for (var i = 0; i < rows; i++)
                line[i] = source[((long)i * stride) + d];
            for (var i = rows; i < ldt; i++)
                line[i] = 0f;
        }
    }
}
