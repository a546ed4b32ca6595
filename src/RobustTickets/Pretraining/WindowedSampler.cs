// Selects the examples of each step of a streamed corpus: windows in order, examples within a
// window by a keyed permutation. A pure function of (seed, epoch, step), like BatchSampler, and
// identical to it when one window holds the whole corpus.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Training;

namespace RobustTickets.Pretraining;

/// <summary>Mini-batches within windows.</summary>
internal sealed class WindowedSampler
{
    private readonly long _count;
    private readonly int _window;
    private readonly int _batchSize;
    private readonly RandomKey _key;
    private (long Epoch, int Window) _cached = (-1, -1);
    private int[] _order = [];

    /// <summary>Creates a sampler.</summary>
    /// <param name="count">Number of examples N.</param>
    /// <param name="window">Examples per window; a multiple of
    /// <paramref name="batchSize"/>.</param>
    /// <param name="batchSize">Examples per step; the last batch of an epoch may be
    /// smaller.</param>
    /// <param name="key">Key of the data order.</param>
    public WindowedSampler(long count, int window, int batchSize, RandomKey key)
    {
        if (window % batchSize != 0)
            throw new ArgumentOutOfRangeException(nameof(window), window, $"must be a multiple of {batchSize}");
        (_count, _window, _batchSize, _key) = (count, window, batchSize, key);
    }

    /// <summary>Steps per epoch, including the last, smaller batch.</summary>
    public long StepsPerEpoch => StepCounts.PerEpoch(_batchSize, _count);

    /// <summary>
    /// The smallest multiple of the batch size that is at least <paramref name="window"/>.
    /// </summary>
    public static int Whole(int window, int batchSize) => (int)(((long)window + batchSize - 1) / batchSize) * batchSize;

    /// <summary>
    /// The examples of step <paramref name="step"/> (from 0, counted over epochs), as indices
    /// within their window.
    /// </summary>
    /// <param name="step">The step.</param>
    /// <param name="window">Index of the window.</param>
    public ReadOnlySpan<int> Batch(long step, out int window)
    {
        var epoch = step / StepsPerEpoch;
        var first = step % StepsPerEpoch * _batchSize;
        window = (int)(first / _window);
        var size = (int)Math.Min(_window, _count - ((long)window * _window));
        if (_cached != (epoch, window))
        {
            var key = _key.Derive(epoch);
            _order = (_count <= _window ? key : key.Derive((long)window)).Permutation(size);
            _cached = (epoch, window);
        }
        var within = (int)(first % _window);
        return _order.AsSpan(within, Math.Min(_batchSize, size - within));
    }
}
