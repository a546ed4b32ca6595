// Attention over packed sequences: softmax(Q K^T / sqrt(d_h)), dropout, times V, times a
// coefficient per head; forward and backward. Native on AVX-512 (native/packed_attention.cpp),
// otherwise managed with the same bits. Reference: PaddedAttention.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Attention;

/// <summary>Attention over packed sequences, on raw float memory.</summary>
internal sealed unsafe partial class PackedAttentionKernel
{
    private readonly AttentionLayout _layout;
    private readonly int _heads;
    private readonly int _headSize;
    private readonly int _rowStride;
    private readonly float _scale;
    private readonly double _dropout;
    private readonly RandomKey _key;
    private readonly long[] _tableOffsets;
    private readonly int[] _chunks;

    /// <summary>Plans the tasks, one per (sequence, head).</summary>
    internal PackedAttentionKernel(AttentionLayout layout, int heads, int headSize, double dropout, RandomKey key)
    {
        _layout = layout;
        _heads = heads;
        _headSize = headSize;
        _rowStride = heads * headSize;
        _scale = (float)(1.0 / Math.Sqrt(headSize));
        _dropout = dropout;
        _key = key;
        _tableOffsets = new long[layout.Count + 1];
        for (var s = 0; s < layout.Count; s++)
            _tableOffsets[s + 1] = _tableOffsets[s] + ((long)Queries(s) * Padded(Keys(s)) * heads);
        _chunks = AttentionTasks.Balance(layout, heads);
    }

    /// <summary>Total elements of the probability tables of all tasks.</summary>
    internal long TableSize => _tableOffsets[^1];

    /// <summary>
    /// Whether keeping the tables costs no more memory than the queries: texts are no longer than a
    /// head is wide.
    /// </summary>
    internal bool TablesAreSmall => TableSize <= (long)_layout.QueryOffsets[^1] * _rowStride;

    /// <summary>
    /// Memory of <see cref="TableSize"/> elements in which <see cref="Forward"/> stores the
    /// probabilities for <see cref="Backward"/>; null recomputes them.
    /// </summary>
    internal float* Tables { get; set; }

    /// <summary>
    /// context [Tq, heads*headSize] from query [Tq, ...], key and value [Tk, ...];
    /// <paramref name="coefficients"/> is [heads] or null.
    /// </summary>
    internal void Forward(float* query, float* key, float* value, float* coefficients, float* context)
    {
        using var clock = KernelClock.In(KernelPart.Attention);
        TorchParallel.For(
            _chunks.Length - 1,
            1,
            (begin, end) =>
            {
                var scratch = new AttentionScratch(_layout, _headSize);
                for (var task = _chunks[begin]; task < _chunks[end]; task++)
                    ForwardTask(task, scratch, query, key, value, coefficients, context);
                scratch.Free();
            }
        );
    }

    private PackedAttentionTask NativeTask(
        int s,
        int h,
        in AttentionScratch scratch,
        float* query,
        float* key,
        float* value,
        float* coefficients
    )
    {
        var offset = (long)h * _headSize;
        var keys = ((long)_layout.KeyOffsets[s] * _rowStride) + offset;
        return new PackedAttentionTask
        {
            Query = query + ((long)_layout.QueryOffsets[s] * _rowStride) + offset,
            Key = key + keys,
            Value = value + keys,
            Stride = _rowStride,
            Queries = Queries(s),
            Keys = Keys(s),
            Width = _headSize,
            Scale = _scale,
            Coefficient = coefficients is null ? 1f : coefficients[h],
            DropoutKey = _key.Derive(_layout.ExampleIds[s]).Value,
            Head = h,
            DroppedBelow = KeyedFill.DropThreshold(_dropout),
            Keeps = _dropout > 0 ? KeyedFill.KeptFactor(_dropout) : 0f,
            Table = Tables is null ? null : TableOf(s, h),
            Scratch = scratch.Memory,
        };
    }

    private void ForwardTask(
        int task,
        in AttentionScratch scratch,
        float* query,
        float* key,
        float* value,
        float* coefficients,
        float* context
    )
    {
        var (s, h) = (task / _heads, task % _heads);
        int nq = Queries(s),
            nk = Keys(s),
            np = Padded(nk),
            dh = _headSize;
        var offset = (long)h * dh;
        if (NativeKernels.Used)
        {
            var native = NativeTask(s, h, scratch, query, key, value, coefficients);
            rt_packed_attention_forward(&native, context + ((long)_layout.QueryOffsets[s] * _rowStride) + offset);
            return;
        }
        var v = value + ((long)_layout.KeyOffsets[s] * _rowStride) + offset;
        var o = context + ((long)_layout.QueryOffsets[s] * _rowStride) + offset;
        var table = Tables is null ? scratch.Probabilities : TableOf(s, h);
        Probabilities(s, h, query, key, scratch, table);

        var weights = table;
        if (_dropout > 0)
        {
            weights = scratch.Dropped;
            DropoutTable(s, h, scratch.Mask, nq, nk, np);
            Multiply(table, scratch.Mask, weights, (long)nq * np);
        }
        SmallGemm.Run(nq, dh, nk, weights, np, 1, v, _rowStride, o, _rowStride); // [nq, dh]
        if (coefficients is null)
            return;
        for (var i = 0; i < nq; i++)
            Scale(o + ((long)i * _rowStride), dh, coefficients[h]);
    }

    /// <summary>
    /// softmax(q k^T / sqrt(d_h)) of one task into <paramref name="table"/> [nq, np].
    /// </summary>
    private void Probabilities(int s, int h, float* query, float* key, in AttentionScratch scratch, float* table)
    {
        int nq = Queries(s),
            nk = Keys(s),
            np = Padded(nk),
            dh = _headSize;
        var offset = (long)h * dh;
        var q = query + ((long)_layout.QueryOffsets[s] * _rowStride) + offset;
        var k = key + ((long)_layout.KeyOffsets[s] * _rowStride) + offset;
        SmallGemm.Transpose(k, nk, dh, _rowStride, scratch.Transposed, np); // [dh, np]
        SmallGemm.Run(nq, np, dh, q, _rowStride, 1, scratch.Transposed, np, table, np); // scores [nq, np]
        for (var i = 0; i < nq; i++)
            SoftmaxRow(table + ((long)i * np), nk, np, _scale);
    }

    /// <summary>
    /// Gradients from gradContext [Tq, ...]. <paramref name="gradCoefficients"/> is [B * heads]
    /// partial sums (one per task) or null; the caller adds them in order.
    /// </summary>
    internal void Backward(
        float* query,
        float* key,
        float* value,
        float* coefficients,
        float* gradContext,
        float* gradQuery,
        float* gradKey,
        float* gradValue,
        float* gradCoefficients
    )
    {
        using var clock = KernelClock.In(KernelPart.Attention);
        TorchParallel.For(
            _chunks.Length - 1,
            1,
            (begin, end) =>
            {
                var scratch = new AttentionScratch(_layout, _headSize);
                for (var task = _chunks[begin]; task < _chunks[end]; task++)
                {
                    BackwardTask(
                        task,
                        scratch,
                        query,
                        key,
                        value,
                        coefficients,
                        gradContext,
                        gradQuery,
                        gradKey,
                        gradValue,
                        gradCoefficients
                    );
                }
                scratch.Free();
            }
        );
    }

    private void BackwardTask(
        int task,
        in AttentionScratch scratch,
        float* query,
        float* key,
        float* value,
        float* coefficients,
        float* gradContext,
        float* gradQuery,
        float* gradKey,
        float* gradValue,
        float* gradCoefficients
    )
    {
        var (s, h) = (task / _heads, task % _heads);
        int nq = Queries(s),
            nk = Keys(s),
            np = Padded(nk),
            dh = _headSize,
            stride = _rowStride;
        var queryBase = ((long)_layout.QueryOffsets[s] * stride) + ((long)h * dh);
        var keyBase = ((long)_layout.KeyOffsets[s] * stride) + ((long)h * dh);
        var g = gradContext + queryBase;
        if (NativeKernels.Used)
        {
            var native = NativeTask(s, h, scratch, query, key, value, coefficients);
            rt_packed_attention_backward(
                &native,
                g,
                gradQuery + queryBase,
                gradKey + keyBase,
                gradValue + keyBase,
                gradCoefficients is null ? null : gradCoefficients + task
            );
            return;
        }
        var table = Tables is null ? scratch.Probabilities : TableOf(s, h);
        if (Tables is null)
            Probabilities(s, h, query, key, scratch, table);
        var size = (long)nq * np;

        // dW = g V^T, the gradient of the dropped probabilities before the head's coefficient.
        SmallGemm.Transpose(value + keyBase, nk, dh, stride, scratch.Transposed, np); // [dh, np]
        var dw = scratch.Gradient;
        SmallGemm.Run(nq, np, dh, g, stride, 1, scratch.Transposed, np, dw, np); // [nq, np]

        var weights = table;
        if (_dropout > 0)
        {
            weights = scratch.Dropped;
            DropoutTable(s, h, scratch.Mask, nq, nk, np);
            Multiply(table, scratch.Mask, weights, size);
        }
        var c = coefficients is null ? 1f : coefficients[h];
        if (gradCoefficients is not null)
            gradCoefficients[task] = Dot(weights, dw, size); // d/dc_h = sum(W . dW)

        // dV = c W^T g; the coefficient is applied to the product.
        SmallGemm.Run(nk, dh, nq, weights, 1, np, g, stride, gradValue + keyBase, stride);
        if (c != 1f)
            for (var j = 0; j < nk; j++)
                Scale(gradValue + keyBase + ((long)j * stride), dh, c);

        // dP = c mask . dW;  dS = P . (dP - sum_j dP_j P_j) / sqrt(d_h)
        if (_dropout > 0)
            Multiply(dw, scratch.Mask, dw, size);
        for (var i = 0; i < nq; i++)
            SoftmaxGradientRow(table + ((long)i * np), dw + ((long)i * np), np, c * _scale);

        SmallGemm.Run(nq, dh, nk, dw, np, 1, key + keyBase, stride, gradQuery + queryBase, stride); // dQ = dS K
        SmallGemm.Run(nk, dh, nq, dw, 1, np, query + queryBase, stride, gradKey + keyBase, stride); // dK = dS^T Q
    }

    private int Queries(int s) => _layout.QueryOffsets[s + 1] - _layout.QueryOffsets[s];

    private int Keys(int s) => _layout.KeyOffsets[s + 1] - _layout.KeyOffsets[s];

    internal static int Padded(int keys) => (keys + 7) & ~7;

    private float* TableOf(int s, int h) => Tables + _tableOffsets[s] + ((long)h * Queries(s) * Padded(Keys(s)));

    /// <summary>
    /// Dropout factors of one table; row i is keyed by (site, example, query token, head).
    /// </summary>
    private void DropoutTable(int s, int h, float* mask, int nq, int nk, int np)
    {
        var example = _key.Derive(_layout.ExampleIds[s]);
        for (var i = 0; i < nq; i++)
        {
            var row = mask + ((long)i * np);
            KeyedFill.DropoutRow(row, example.Derive(i).Derive(h), np, _dropout);
        }
        _ = nk; // the factors of padding keys multiply zero probabilities
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SoftmaxRow(float* row, int n, int np, float scale)
    {
        for (var j = n; j < np; j++)
            row[j] = float.NegativeInfinity;
        var top = Vector256.Create(float.NegativeInfinity);
        for (var j = 0; j < np; j += 8)
            top = Vector256.Max(top, Vector256.Load(row + j));
        var max = float.NegativeInfinity;
        for (var l = 0; l < 8; l++)
            max = MathF.Max(max, top[l]);
        var shift = Vector256.Create(max);
        var factor = Vector256.Create(scale);
        var sums = Vector256<float>.Zero;
        for (var j = 0; j < np; j += 8)
        {
            var e = VectorMath.Exp((Vector256.Load(row + j) - shift) * factor);
            e.Store(row + j);
            sums += e;
        }
        for (var j = n; j < np; j++)
            row[j] = 0f;
        var inverse = Vector256.Create(1f / Vector256.Sum(sums));
        for (var j = 0; j < np; j += 8)
            (Vector256.Load(row + j) * inverse).Store(row + j);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SoftmaxGradientRow(float* p, float* dp, int np, float factor)
    {
        var sums = Vector256<float>.Zero;
        for (var j = 0; j < np; j += 8)
            sums = Vector256.FusedMultiplyAdd(Vector256.Load(p + j), Vector256.Load(dp + j), sums);
        var sum = Vector256.Create(Vector256.Sum(sums));
        var f = Vector256.Create(factor);
        for (var j = 0; j < np; j += 8)
            (Vector256.Load(p + j) * (Vector256.Load(dp + j) - sum) * f).Store(dp + j);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(float* a, float* b, float* target, long count)
    {
        for (long j = 0; j < count; j += 8)
            (Vector256.Load(a + j) * Vector256.Load(b + j)).Store(target + j);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(float* a, float* b, long count)
    {
        var sums = Vector256<float>.Zero;
        for (long j = 0; j < count; j += 8)
            sums = Vector256.FusedMultiplyAdd(Vector256.Load(a + j), Vector256.Load(b + j), sums);
        return Vector256.Sum(sums);
    }

    private static void Scale(float* row, int n, float factor)
    {
        for (var j = 0; j < n; j++)
            row[j] *= factor;
    }

    [LibraryImport(KernelLibrary.Name)]
    private static partial void rt_packed_attention_forward(PackedAttentionTask* task, float* context);

    [LibraryImport(KernelLibrary.Name)]
    private static partial void rt_packed_attention_backward(
        PackedAttentionTask* task,
        float* gradient,
        float* query,
        float* key,
        float* value,
        float* coefficient
    );
}
