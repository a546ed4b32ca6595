// Which examples make up a step of a corpus that is not held: windows of it in order, the examples
// of each by a keyed permutation. A pure function of (seed, epoch, step), as BatchSampler, whose
// order it is where one window holds everything.
using RobustTickets.Kernels.Randomness;

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

    /// <summary>A sampler.</summary>
    /// <param name="count">Examples N.</param>
    /// <param name="window">Examples of a window; a multiple of
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

    /// <summary>Steps in one epoch, the last and smaller batch included.</summary>
    public long StepsPerEpoch => (_count + _batchSize - 1) / _batchSize;

    /// <summary>The least multiple of a batch that holds so many examples.</summary>
    public static int Whole(int window, int batchSize) => (int)(((long)window + batchSize - 1) / batchSize) * batchSize;

    /// <summary>
    /// The examples of step <paramref name="step"/> (from 0, counted over epochs), numbered within
    /// their window.
    /// </summary>
    /// <param name="step">The step.</param>
    /// <param name="window">Number of the window.</param>
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
