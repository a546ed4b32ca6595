// Squares of fresh gradients, summed by a thread that would wait for the other at the end of a
// meeting. The global norm must read every gradient once more after the backward; threads that
// divide products wait for each other about as long in all. A block is small enough to be left at
// any moment and is summed as the norm itself would: the same bits, whoever did it and when.
using RobustTickets.Torch.Kernels;
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch.nn;

/// <summary>
/// What is known of the squares of the gradients of one store. Called between meetings of the
/// threads, but for <see cref="SumOne"/>, which belongs into them.
/// </summary>
internal sealed unsafe class GradientSquares : IDisposable
{
    private readonly Dictionary<nint, Entry> _entries = [];
    private readonly List<Entry> _waiting = [];

    /// <summary>
    /// A gradient is complete for now: its squares may be summed. What was known of this memory
    /// must be forgotten.
    /// </summary>
    internal void Made(Tensor gradient)
    {
        if (gradient.numel == 0)
            return; // a pruned layer's; it has no memory to know it by
        var entry = new Entry(gradient);
        _entries.Add(gradient.data_ptr, entry);
        _waiting.Add(entry);
    }

    /// <summary>
    /// The gradient in this memory will change in a way that its version does not tell: past
    /// libtorch's operators.
    /// </summary>
    internal void Forget(nint memory)
    {
        if (!_entries.Remove(memory, out var entry))
            return;
        _waiting.Remove(entry);
        entry.Dispose();
    }

    /// <summary>Forgets all.</summary>
    internal void Clear()
    {
        foreach (var entry in _entries.Values)
            entry.Dispose();
        _entries.Clear();
        _waiting.Clear();
    }

    /// <summary>Sums one block of whatever waits; false where nothing does.</summary>
    internal bool SumOne()
    {
        foreach (var entry in _waiting)
        {
            if (entry.SumOne())
                return true;
        }
        return false;
    }

    /// <summary>
    /// The sums of a gradient's first blocks of <see cref="AdamWKernel.SquaresBlock"/> elements, as
    /// many as are known; none where an operator wrote into it since.
    /// </summary>
    internal ReadOnlyMemory<double> Known(Tensor gradient) =>
        _entries.TryGetValue(gradient.data_ptr, out var entry) ? entry.Known(gradient) : default;

    /// <inheritdoc/>
    public void Dispose() => Clear();

    /// <summary>One gradient. It holds the memory, so that none is read that was freed.</summary>
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

        // All blocks that were begun are done: meetings are over when this is asked.
        internal ReadOnlyMemory<double> Known(Tensor gradient) =>
            gradient.numel == _count && Shim.rt_version(gradient.Handle) == _version
                ? _sums.AsMemory(0, Math.Min(_begun, _sums.Length))
                : default;

        public void Dispose() => _held.Dispose();
    }
}
