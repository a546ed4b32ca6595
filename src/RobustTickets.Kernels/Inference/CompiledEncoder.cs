// A transformer encoder for evaluation on raw memory. Texts of a batch are cut into chunks of about
// a hundred rows, and one thread takes a chunk through the whole network: its activations stay in
// that thread's cache, and threads meet once a batch instead of forty times. What a row becomes is
// a function of its text alone, bit for bit, whatever the chunks. Only where a batch is too few
// texts to share out do the threads work on one product together.
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Inference;

/// <summary>A LayerNorm.</summary>
/// <param name="Weight">Scale [H].</param>
/// <param name="Bias">Shift [H].</param>
public sealed record CompiledNorm(Tensor Weight, Tensor Bias);

/// <summary>The embeddings, whose sum a norm follows.</summary>
/// <param name="Words">[V, H].</param>
/// <param name="Types">[types, H].</param>
/// <param name="Positions">[positions, H].</param>
/// <param name="Norm">The norm.</param>
public sealed record CompiledEmbeddings(Tensor Words, Tensor Types, Tensor Positions, CompiledNorm Norm);

/// <summary>One layer.</summary>
/// <param name="Projections">Queries, keys and values of H inputs: one matrix of 3 A outputs, or A
/// and 2 A where a caller may ask for [CLS] rows only.</param>
/// <param name="Heads">Heads; A is heads times head size.</param>
/// <param name="Attended">Output projection of attention [H, A].</param>
/// <param name="AttendedNorm">The norm behind it.</param>
/// <param name="Neurons">Rows of the neurons [F, H].</param>
/// <param name="Output">Columns of the neurons [H, F].</param>
/// <param name="OutputNorm">The norm behind them.</param>
/// <param name="HeadCoefficients">[heads], or null.</param>
/// <param name="NeuronCoefficients">[F], or null.</param>
public sealed record CompiledLayer(
    IReadOnlyList<RowMatrix> Projections,
    int Heads,
    RowMatrix Attended,
    CompiledNorm AttendedNorm,
    RowMatrix Neurons,
    RowMatrix Output,
    CompiledNorm OutputNorm,
    Tensor? HeadCoefficients,
    Tensor? NeuronCoefficients
);

/// <summary>
/// An encoder whose weights do not change; it owns its matrices. Calls may come from several
/// threads.
/// </summary>
public sealed unsafe class CompiledEncoder : IDisposable
{
    // Seven or eight tiles of twelve rows: weights are read from the third cache once a chunk, and
    // the chunk's widest activation fits the second.
    private const int MostRows = 96,
        LeastRows = 36;
    private readonly CompiledEmbeddings _embeddings;
    private readonly CompiledLayer[] _layers;
    private readonly float[]?[] _headFactors; // one factor a column, pinned
    private readonly float[]?[] _neuronFactors;
    private readonly EncoderWidths _widths;
    private readonly int _headSize;
    private readonly double _epsilon;
    private readonly ConcurrentBag<EncoderWorkspace> _idle = [];

    /// <summary>Takes over the layers' matrices.</summary>
    /// <param name="embeddings">Embedding tables, contiguous.</param>
    /// <param name="layers">At least one layer, all matrices of one form.</param>
    /// <param name="headSize">Width of a head.</param>
    /// <param name="epsilon">Of the norms.</param>
    public CompiledEncoder(
        CompiledEmbeddings embeddings,
        IReadOnlyList<CompiledLayer> layers,
        int headSize,
        double epsilon
    )
    {
        if (layers.Count == 0)
            throw new ArgumentException("an encoder needs a layer");
        (_embeddings, _layers, _headSize, _epsilon) = (embeddings, [.. layers], headSize, epsilon);
        _widths = new EncoderWidths(
            (int)embeddings.Words.size(1),
            layers.Max(l => l.Heads) * headSize,
            layers.Max(l => l.Neurons.Outputs),
            layers[0].Output is HalfMatrix
        );
        _headFactors = [.. layers.Select(l => Pinned(l.HeadCoefficients, headSize))];
        _neuronFactors = [.. layers.Select(l => Pinned(l.NeuronCoefficients, 1))];
    }

    /// <summary>
    /// Hidden states of the last layer: of every row [T, H], or with <paramref name="clsOnly"/> of
    /// each text's first [B, H]; then the last layer computes nothing else.
    /// </summary>
    /// <param name="words">[T] word pieces.</param>
    /// <param name="types">[T] token types.</param>
    /// <param name="positions">[T] positions.</param>
    /// <param name="offsets">[B+1] first row of each text.</param>
    /// <param name="clsOnly">Whether only the first rows are wanted.</param>
    /// <param name="states">The target, contiguous.</param>
    /// <exception cref="ArgumentOutOfRangeException">An index outside its table.</exception>
    public void Run(long[] words, long[] types, long[] positions, int[] offsets, bool clsOnly, Tensor states)
    {
        Check(words, _embeddings.Words, "word piece");
        Check(types, _embeddings.Types, "token type");
        Check(positions, _embeddings.Positions, "position");
        var batch = new Batch(words, types, positions, offsets, clsOnly, (nint)states.data_ptr);
        int threads = torch.get_num_threads(),
            count = offsets.Length - 1;
        var bounds = Chunks(offsets, threads);
        var largest = 0;
        for (var c = 0; c + 1 < bounds.Count; c++)
            largest = Math.Max(largest, offsets[bounds[c + 1]] - offsets[bounds[c]]);
        // A chunk that is most of the batch would keep one thread waiting for the other.
        if (threads > 1 && largest * threads * 2L > offsets[^1] * 3L)
        {
            Chunk(batch, 0, count, serial: false);
            return;
        }
        var next = -1;
        TorchParallel.For(
            Math.Min(threads, bounds.Count - 1),
            1,
            (begin, end) =>
            {
                for (int c; (c = Interlocked.Increment(ref next)) < bounds.Count - 1; )
                    Chunk(batch, bounds[c], bounds[c + 1], serial: true);
            }
        );
    }

    /// <summary>
    /// Bounds of runs of whole texts: about <see cref="MostRows"/> rows, smaller towards the end,
    /// so that threads end together.
    /// </summary>
    internal static List<int> Chunks(int[] offsets, int threads)
    {
        var bounds = new List<int> { 0 };
        for (var first = 0; first < offsets.Length - 1; )
        {
            var wanted = Math.Clamp((offsets[^1] - offsets[first]) / (2 * threads), LeastRows, MostRows);
            var last = first + 1;
            while (last < offsets.Length - 1 && offsets[last + 1] - offsets[first] <= wanted)
                last++;
            bounds.Add(first = last);
        }
        return bounds;
    }

    private void Chunk(Batch batch, int first, int last, bool serial)
    {
        if (!_idle.TryTake(out var memory))
            memory = new EncoderWorkspace(_widths);
        var keys = 0;
        for (var s = first; s < last; s++)
            keys = Math.Max(keys, batch.Offsets[s + 1] - batch.Offsets[s]);
        memory.Reserve(batch.Offsets[last] - batch.Offsets[first], RowAttention.Scratch(keys, _headSize));
        Embed(batch, first, last, memory, serial);
        for (var l = 0; l < _layers.Length; l++)
            Layer(l, batch, first, last, memory, serial);
        _idle.Add(memory);
    }

    private void Embed(Batch batch, int first, int last, EncoderWorkspace memory, bool serial)
    {
        using var clock = KernelClock.In(KernelPart.ElementWise);
        int width = _widths.Hidden,
            from = batch.Offsets[first];
        float* words = (float*)_embeddings.Words.data_ptr,
            types = (float*)_embeddings.Types.data_ptr,
            positions = (float*)_embeddings.Positions.data_ptr;
        var stride = EncoderWorkspace.Stride(width);
        Rows(
            batch.Offsets[last] - from,
            serial,
            row =>
            {
                var target = memory.Product + (row * stride);
                Sum(
                    words + (batch.Words[from + row] * width),
                    types + (batch.Types[from + row] * width),
                    positions + (batch.Positions[from + row] * width),
                    target,
                    width
                );
            }
        );
        Norm(
            memory.Product,
            null,
            _embeddings.Norm,
            memory.States,
            stride,
            memory.HalfStates,
            batch.Offsets[last] - from,
            serial
        );
    }

    private void Layer(int l, Batch batch, int first, int last, EncoderWorkspace m, bool serial)
    {
        var layer = _layers[l];
        bool end = l == _layers.Length - 1,
            cls = end && batch.ClsOnly,
            half = _widths.Half;
        int keyRows = batch.Offsets[last] - batch.Offsets[first],
            rows = cls ? last - first : keyRows,
            columns = layer.Heads * _headSize,
            neurons = layer.Neurons.Outputs;
        long wide = EncoderWorkspace.Stride(3 * columns),
            hidden = EncoderWorkspace.Stride(_widths.Hidden),
            halfHidden = EncoderWorkspace.HalfStride(_widths.Hidden);
        var context = half ? EncoderWorkspace.HalfStride(columns) : EncoderWorkspace.Stride(columns);
        var active = half ? EncoderWorkspace.HalfStride(neurons) : EncoderWorkspace.Stride(neurons);
        var factorStride = half ? halfHidden : hidden;
        var projected = (float*)m.Wide;
        if (cls)
            Gather(batch, first, last, m, hidden, halfHidden);
        void* states = half ? m.HalfStates : m.States,
            attended = half ? m.HalfAttended : m.Attended;
        var asking = cls ? m.Attended : m.States;
        if (columns > 0) // otherwise the context has no columns, and the output projection is its bias
        {
            var column = 0;
            foreach (var matrix in layer.Projections)
            {
                var some = cls && column == 0;
                matrix.Multiply(
                    some ? attended : states,
                    factorStride,
                    some ? rows : keyRows,
                    new RowTarget(projected + column, null, wide, false, null),
                    serial
                );
                column += matrix.Outputs;
            }
            Attend(
                batch,
                first,
                last,
                cls,
                layer.Heads,
                m,
                new RowTarget(
                    half ? null : (float*)m.Context,
                    half ? (ushort*)m.Context : null,
                    context,
                    false,
                    Pointer(_headFactors[l])
                ),
                wide,
                serial
            );
        }
        if (half)
            ClearBehind((ushort*)m.Context, context, columns, rows);
        layer.Attended.Multiply(m.Context, context, rows, new RowTarget(m.Product, null, hidden, false, null), serial);
        Norm(m.Product, asking, layer.AttendedNorm, m.Attended, hidden, m.HalfAttended, rows, serial);
        layer.Neurons.Multiply(
            attended,
            factorStride,
            rows,
            new RowTarget(
                half ? null : (float*)m.Wide,
                half ? (ushort*)m.Wide : null,
                active,
                true,
                Pointer(_neuronFactors[l])
            ),
            serial
        );
        layer.Output.Multiply(m.Wide, active, rows, new RowTarget(m.Product, null, hidden, false, null), serial);
        if (!end)
            Norm(m.Product, m.Attended, layer.OutputNorm, m.States, hidden, m.HalfStates, rows, serial);
        else
            Norm(
                m.Product,
                m.Attended,
                layer.OutputNorm,
                batch.States + ((long)(cls ? first : batch.Offsets[first]) * _widths.Hidden),
                _widths.Hidden,
                null,
                rows,
                serial
            );
    }

    /// <summary>
    /// The first row of each text, in both forms, to where attention's output will stand: a norm
    /// may be added to in place.
    /// </summary>
    private void Gather(Batch batch, int first, int last, EncoderWorkspace m, long hidden, long halfHidden)
    {
        for (var s = first; s < last; s++)
        {
            var row = batch.Offsets[s] - batch.Offsets[first];
            new ReadOnlySpan<float>(m.States + (row * hidden), _widths.Hidden).CopyTo(
                new Span<float>(m.Attended + ((s - first) * hidden), _widths.Hidden)
            );
            if (_widths.Half)
                new ReadOnlySpan<ushort>(m.HalfStates + (row * halfHidden), (int)halfHidden).CopyTo(
                    new Span<ushort>(m.HalfAttended + ((s - first) * halfHidden), (int)halfHidden)
                );
        }
    }

    private void Attend(
        Batch batch,
        int first,
        int last,
        bool cls,
        int heads,
        EncoderWorkspace m,
        RowTarget target,
        long wide,
        bool serial
    )
    {
        using var clock = KernelClock.In(KernelPart.Attention);
        var columns = heads * _headSize;
        float* projected = (float*)m.Wide,
            scratch = m.Scratch;
        if (serial)
        {
            for (var s = first; s < last; s++)
                One(s, 0, heads, scratch);
            return;
        }
        TorchParallel.For(
            (long)(last - first) * heads,
            1,
            (begin, end) =>
            {
                using var own = new EncoderWorkspace(_widths with { Hidden = 0, Heads = 0, Neurons = 0 });
                var keys = 0;
                for (var s = first; s < last; s++)
                    keys = Math.Max(keys, batch.Offsets[s + 1] - batch.Offsets[s]);
                own.Reserve(0, RowAttention.Scratch(keys, _headSize));
                for (var task = begin; task < end; task++)
                    One(first + (int)(task / heads), (int)(task % heads), (int)(task % heads) + 1, own.Scratch);
            }
        );

        void One(int s, int firstHead, int lastHead, float* memory)
        {
            int at = batch.Offsets[s] - batch.Offsets[first],
                keys = batch.Offsets[s + 1] - batch.Offsets[s],
                query = cls ? s - first : at;
            RowAttention.Run(
                projected + (query * wide),
                wide,
                cls ? 1 : keys,
                projected + (at * wide) + columns,
                projected + (at * wide) + (2 * columns),
                wide,
                keys,
                firstHead,
                lastHead,
                _headSize,
                memory,
                target.From(query)
            );
        }
    }

    private void Norm(
        float* x,
        float* residual,
        CompiledNorm norm,
        float* y,
        long target,
        ushort* half,
        int rows,
        bool serial
    )
    {
        using var clock = KernelClock.In(KernelPart.ElementWise);
        var width = _widths.Hidden;
        long stride = EncoderWorkspace.Stride(width),
            halfStride = EncoderWorkspace.HalfStride(width);
        float* gamma = (float*)norm.Weight.data_ptr,
            beta = (float*)norm.Bias.data_ptr;
        Rows(
            rows,
            serial,
            row =>
                InferenceKernels.NormRow(
                    x + (row * stride),
                    residual is null ? null : residual + (row * stride),
                    gamma,
                    beta,
                    _epsilon,
                    y + (row * target),
                    half is null ? null : half + (row * halfStride),
                    width
                )
        );
        if (half is not null)
            ClearBehind(half, halfStride, width, rows);
    }

    private void Rows(int rows, bool serial, Action<long> body)
    {
        if (serial)
            for (long row = 0; row < rows; row++)
                body(row);
        else
        {
            TorchParallel.For(
                rows,
                Math.Max(1, 16384 / _widths.Hidden),
                (begin, end) =>
                {
                    for (var row = begin; row < end; row++)
                        body(row);
                }
            );
        }
    }

    /// <summary>Products read bfloat16 in pairs: rows of an odd width end in a zero.</summary>
    private static void ClearBehind(ushort* rows, long stride, int width, int count)
    {
        if (width % 2 == 0)
            return;
        for (long row = 0; row < count; row++)
            rows[(row * stride) + width] = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum(float* a, float* b, float* c, float* target, int width)
    {
        var j = 0;
        for (; j + 8 <= width; j += 8)
            (Vector256.Load(a + j) + Vector256.Load(b + j) + Vector256.Load(c + j)).Store(target + j);
        for (; j < width; j++)
            target[j] = a[j] + b[j] + c[j];
    }

    private static void Check(long[] indices, Tensor table, string what)
    {
        var rows = table.size(0);
        for (var i = 0; i < indices.Length; i++)
        {
            if ((ulong)indices[i] >= (ulong)rows)
                throw new ArgumentOutOfRangeException(
                    nameof(indices),
                    indices[i],
                    $"{what} {indices[i]} at row {i} of the batch: the table has {rows} rows"
                );
        }
    }

    private static float[]? Pinned(Tensor? values, int times)
    {
        if (values is null)
            return null;
        var source = values.to_array();
        var pinned = GC.AllocateUninitializedArray<float>(Math.Max(1, source.Length * times), pinned: true);
        for (var i = 0; i < source.Length * times; i++)
            pinned[i] = source[i / times];
        return pinned;
    }

    private static float* Pointer(float[]? pinned) => pinned is null ? null : (float*)Unsafe.AsPointer(ref pinned[0]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in _layers)
        {
            foreach (var matrix in layer.Projections)
                matrix.Dispose();
            layer.Attended.Dispose();
            layer.Neurons.Dispose();
            layer.Output.Dispose();
        }
        while (_idle.TryTake(out var memory))
            memory.Dispose();
    }

    /// <summary>What a call runs on.</summary>
    private sealed record Batch(long[] Words, long[] Types, long[] Positions, int[] Offsets, bool ClsOnly, nint Target)
    {
        internal float* States => (float*)Target;
    }
}
