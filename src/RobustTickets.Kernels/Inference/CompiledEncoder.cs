// A transformer encoder for evaluation on raw memory: each thread runs a chunk of whole texts
// through the network, so activations stay in its cache and there is one barrier per batch. A row
// depends only on its own text, bit for bit, whatever the chunks.
using System.Collections.Concurrent;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Inference;

/// <summary>An encoder with constant weights; owns its matrices. Thread-safe.</summary>
internal sealed unsafe class CompiledEncoder : IDisposable
{
    // Weights are read from L3 once per chunk; a chunk's widest activation fits into L2. With AMX
    // tiles products are faster than that reading, so a chunk has twice as many rows.
    private const int MostRows = 96,
        MostRowsOnTiles = 192,
        LeastRows = 36;
    private readonly CompiledEmbeddings _embeddings;
    private readonly CompiledLayer[] _layers;
    private readonly float[]?[] _headFactors; // one factor per column, pinned
    private readonly float[]?[] _neuronFactors;
    private readonly EncoderWidths _widths;
    private readonly int _headSize;
    private readonly double _epsilon;
    private readonly int _mostRows;
    private readonly ConcurrentBag<EncoderWorkspace> _idle = [];

    /// <summary>Creates an encoder that takes ownership of the layers' matrices.</summary>
    /// <param name="embeddings">Embedding tables, contiguous.</param>
    /// <param name="layers">At least one layer, all matrices of the same type.</param>
    /// <param name="headSize">Width of a head.</param>
    /// <param name="epsilon">Epsilon of the LayerNorms.</param>
    public CompiledEncoder(
        CompiledEmbeddings embeddings,
        IReadOnlyList<CompiledLayer> layers,
        int headSize,
        double epsilon
    )
    {
        if (layers.Count == 0)
            throw new ArgumentException("an encoder needs at least one layer");
        (_embeddings, _layers, _headSize, _epsilon) = (embeddings, [.. layers], headSize, epsilon);
        _widths = new EncoderWidths(
            (int)embeddings.Words.size(1),
            layers.Max(l => l.Heads) * headSize,
            layers.Max(l => l.Neurons.Outputs),
            layers[0].Output is PackedWeightBf16
        );
        _mostRows = _widths.Bf16 && NativeKernels.TilesUsed ? MostRowsOnTiles : MostRows;
        _headFactors = [.. layers.Select(l => EncoderRows.Pinned(l.HeadCoefficients, headSize))];
        _neuronFactors = [.. layers.Select(l => EncoderRows.Pinned(l.NeuronCoefficients, 1))];
    }

    /// <summary>
    /// Hidden states of the last layer: of every row [T, H], or with <paramref name="clsOnly"/>
    /// only of each text's first row [B, H], without computing the others.
    /// </summary>
    /// <param name="words">[T] token ids.</param>
    /// <param name="types">[T] token types.</param>
    /// <param name="positions">[T] positions.</param>
    /// <param name="offsets">[B+1] first row of each text.</param>
    /// <param name="clsOnly">Whether only the first rows are needed.</param>
    /// <param name="states">The target, contiguous.</param>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside its table.</exception>
    public void Run(long[] words, long[] types, long[] positions, int[] offsets, bool clsOnly, Tensor states)
    {
        EncoderRows.Check(words, _embeddings.Words, "word piece");
        EncoderRows.Check(types, _embeddings.Types, "token type");
        EncoderRows.Check(positions, _embeddings.Positions, "position");
        var batch = new Batch(words, types, positions, offsets, clsOnly, (nint)states.data_ptr);
        int threads = torch.get_num_threads(),
            count = offsets.Length - 1;
        var bounds = Chunks(offsets, threads, _mostRows);
        var largest = 0;
        for (var c = 0; c + 1 < bounds.Count; c++)
            largest = Math.Max(largest, offsets[bounds[c + 1]] - offsets[bounds[c]]);
        // If one chunk is most of the batch, the other thread would idle: the threads then share
        // each product.
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
    /// Bounds of chunks of whole texts: about <paramref name="mostRows"/> rows, smaller towards the
    /// end, so that threads finish together.
    /// </summary>
    internal static List<int> Chunks(int[] offsets, int threads, int mostRows)
    {
        var bounds = new List<int> { 0 };
        for (var first = 0; first < offsets.Length - 1; )
        {
            var wanted = Math.Clamp((offsets[^1] - offsets[first]) / (2 * threads), LeastRows, mostRows);
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
        try
        {
            var keys = 0;
            for (var s = first; s < last; s++)
                keys = Math.Max(keys, batch.Offsets[s + 1] - batch.Offsets[s]);
            memory.Reserve(batch.Offsets[last] - batch.Offsets[first], InferenceAttention.Scratch(keys, _headSize));
            Embed(batch, first, last, memory, serial);
            for (var l = 0; l < _layers.Length; l++)
                Layer(l, batch, first, last, memory, serial);
        }
        finally
        {
            _idle.Add(memory);
        }
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
        EncoderRows.ForEach(
            batch.Offsets[last] - from,
            _widths.Hidden,
            serial,
            row =>
            {
                var target = memory.Product + (row * stride);
                EncoderRows.Sum(
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
            memory.Bf16States,
            batch.Offsets[last] - from,
            serial
        );
    }

    private void Layer(int l, Batch batch, int first, int last, EncoderWorkspace m, bool serial)
    {
        var layer = _layers[l];
        bool end = l == _layers.Length - 1,
            cls = end && batch.ClsOnly,
            bf16 = _widths.Bf16;
        int keyRows = batch.Offsets[last] - batch.Offsets[first],
            rows = cls ? last - first : keyRows,
            columns = layer.Heads * _headSize,
            neurons = layer.Neurons.Outputs;
        long wide = EncoderWorkspace.Stride(3 * columns),
            hidden = EncoderWorkspace.Stride(_widths.Hidden),
            bf16Hidden = EncoderWorkspace.Bf16Stride(_widths.Hidden);
        var context = bf16 ? EncoderWorkspace.Bf16Stride(columns) : EncoderWorkspace.Stride(columns);
        var active = bf16 ? EncoderWorkspace.Bf16Stride(neurons) : EncoderWorkspace.Stride(neurons);
        var factorStride = bf16 ? bf16Hidden : hidden;
        var projected = (float*)m.Wide;
        if (cls)
            Gather(batch, first, last, m, hidden, bf16Hidden);
        void* states = bf16 ? m.Bf16States : m.States,
            attended = bf16 ? m.Bf16Attended : m.Attended;
        var asking = cls ? m.Attended : m.States;
        if (columns > 0) // otherwise the context has no columns, and the output is the bias
        {
            var column = 0;
            foreach (var matrix in layer.Projections)
            {
                var some = cls && column == 0;
                matrix.Multiply(
                    some ? attended : states,
                    factorStride,
                    some ? rows : keyRows,
                    new Epilogue(projected + column, null, wide, gelu: false, null),
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
                new Epilogue(
                    bf16 ? null : (float*)m.Context,
                    bf16 ? (ushort*)m.Context : null,
                    context,
                    gelu: false,
                    EncoderRows.Pointer(_headFactors[l])
                ),
                wide,
                serial
            );
        }
        if (bf16)
            EncoderRows.ClearBehind((ushort*)m.Context, context, columns, rows);
        layer.Attended.Multiply(
            m.Context,
            context,
            rows,
            new Epilogue(m.Product, null, hidden, gelu: false, null),
            serial
        );
        Norm(m.Product, asking, layer.AttendedNorm, m.Attended, hidden, m.Bf16Attended, rows, serial);
        layer.Neurons.Multiply(
            attended,
            factorStride,
            rows,
            new Epilogue(
                bf16 ? null : (float*)m.Wide,
                bf16 ? (ushort*)m.Wide : null,
                active,
                gelu: true,
                EncoderRows.Pointer(_neuronFactors[l])
            ),
            serial
        );
        layer.Output.Multiply(m.Wide, active, rows, new Epilogue(m.Product, null, hidden, gelu: false, null), serial);
        if (!end)
            Norm(m.Product, m.Attended, layer.OutputNorm, m.States, hidden, m.Bf16States, rows, serial);
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
    /// Copies the first row of each text, in both types, to where attention's output will be,
    /// because the norm adds its residual in place.
    /// </summary>
    private void Gather(Batch batch, int first, int last, EncoderWorkspace m, long hidden, long bf16Hidden)
    {
        for (var s = first; s < last; s++)
        {
            var row = batch.Offsets[s] - batch.Offsets[first];
            new ReadOnlySpan<float>(m.States + (row * hidden), _widths.Hidden).CopyTo(
                new Span<float>(m.Attended + ((s - first) * hidden), _widths.Hidden)
            );
            if (_widths.Bf16)
                new ReadOnlySpan<ushort>(m.Bf16States + (row * bf16Hidden), (int)bf16Hidden).CopyTo(
                    new Span<ushort>(m.Bf16Attended + ((s - first) * bf16Hidden), (int)bf16Hidden)
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
        Epilogue target,
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
                own.Reserve(0, InferenceAttention.Scratch(keys, _headSize));
                for (var task = begin; task < end; task++)
                    One(first + (int)(task / heads), (int)(task % heads), (int)(task % heads) + 1, own.Scratch);
            }
        );

        void One(int s, int firstHead, int lastHead, float* memory)
        {
            int at = batch.Offsets[s] - batch.Offsets[first],
                keys = batch.Offsets[s + 1] - batch.Offsets[s],
                query = cls ? s - first : at;
            InferenceAttention.Run(
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
        ushort* bf16,
        int rows,
        bool serial
    )
    {
        using var clock = KernelClock.In(KernelPart.ElementWise);
        var width = _widths.Hidden;
        long stride = EncoderWorkspace.Stride(width),
            bf16Stride = EncoderWorkspace.Bf16Stride(width);
        float* gamma = (float*)norm.Weight.data_ptr,
            beta = (float*)norm.Bias.data_ptr;
        EncoderRows.ForEach(
            rows,
            _widths.Hidden,
            serial,
            row =>
                InferenceKernels.NormRow(
                    x + (row * stride),
                    residual is null ? null : residual + (row * stride),
                    gamma,
                    beta,
                    _epsilon,
                    y + (row * target),
                    bf16 is null ? null : bf16 + (row * bf16Stride),
                    width
                )
        );
        if (bf16 is not null)
            EncoderRows.ClearBehind(bf16, bf16Stride, width, rows);
    }

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

    /// <summary>Arguments of a call.</summary>
    private sealed record Batch(long[] Words, long[] Types, long[] Positions, int[] Offsets, bool ClsOnly, nint Target)
    {
        internal float* States => (float*)Target;
    }
}
