// The gradient norm reads every gradient again after backward, while threads of divided GEMMs wait
// at barriers for about as long. Here a waiting thread sums a block of squares instead, exactly as
// the norm would, so the bits do not depend on who did it and when.

using RobustTickets.Torch;
using RobustTickets.Torch.Native;
using RobustTickets.Torch.nn;

namespace RobustTickets.Kernels.Optim;

/// <summary>
/// Gradient norm cache of one store. Not thread-safe except <see cref="SumOne"/>, which threads
/// call inside a <c>GemmGroup</c>.
/// </summary>
internal sealed unsafe class GradientNormCache : IGradientNormCache
{
    private readonly Dictionary<nint, Entry> _entries = [];
    private readonly List<Entry> _waiting = [];

    /// <inheritdoc/>
    public void Add(Tensor gradient)
    {
        if (gradient.numel == 0)
            return; // of a fully pruned layer; it has no memory to identify it by
        var entry = new Entry(gradient);
        _entries.Add(gradient.data_ptr, entry);
        _waiting.Add(entry);
    }

    /// <inheritdoc/>
    public void Forget(nint memory)
    {
        if (!_entries.Remove(memory, out var entry))
            return;
        _waiting.Remove(entry);
        entry.Dispose();
    }

    /// <inheritdoc/>
    public void Clear()
    {
        foreach (var entry in _entries.Values)
            entry.Dispose();
        _entries.Clear();
        _waiting.Clear();
    }

    /// <inheritdoc/>
    public bool SumOne()
    {
        foreach (var entry in _waiting)
        {
            if (entry.SumOne())
                return true;
        }
        return false;
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<double> Known(Tensor gradient) =>
        _entries.TryGetValue(gradient.data_ptr, out var entry) ? entry.Known(gradient) : default;

    /// <inheritdoc/>
    public void Dispose() => Clear();

    /// <summary>One gradient. It holds a reference, so that no freed memory is read.</summary>
    private sealed class Entry(Tensor gradient) : IDisposable
    {
        private readonly Tensor _held = gradient.WithoutHistory().keep();
        private readonly float* _values = (float*)gradient.data_ptr;
        private readonly long _count = gradient.numel;
        private readonly int _version = Shim.rt_version(gradient.Handle);
        private readonly double[] _sums = new double[AdamWKernel.SquaresBlocks(gradient.numel)];
        private int _begun;

        internal bool SumOne()
        {
            if (Volatile.Read(ref _begun) >= _sums.Length)
                return false;
            var block = Interlocked.Increment(ref _begun) - 1;
            if (block >= _sums.Length)
                return false;
            _sums[block] = AdamWKernel.SumOfSquares(_values, _count, block);
            return true;
        }

        // Called between GEMM groups, when all started blocks are done.
        internal ReadOnlyMemory<double> Known(Tensor gradient) =>
            gradient.numel == _count && Shim.rt_version(gradient.Handle) == _version
                ? _sums.AsMemory(0, Math.Min(_begun, _sums.Length))
                : default;

        public void Dispose() => _held.Dispose();
    }
}
