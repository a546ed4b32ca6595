// Selects the examples of a step: a pure function of (seed, epoch, step), so the step number is
// the sampler's whole state.

using RobustTickets.Kernels.Randomness;

namespace RobustTickets.Training;

/// <summary>
/// Deterministic mini-batches over N examples; each epoch is a keyed permutation, or file order
/// without shuffling.
/// </summary>
internal sealed class BatchSampler
{
    private readonly int _count;
    private readonly int _batchSize;
    private readonly bool _shuffle;
    private readonly RandomKey _key;
    private long _cachedEpoch = -1;
    private int[] _order = [];

    /// <summary>Creates a sampler.</summary>
    /// <param name="count">Number of examples N.</param>
    /// <param name="batchSize">Examples per step; the last batch of an epoch may be
    /// smaller.</param>
    /// <param name="shuffle">Whether each epoch is permuted.</param>
    /// <param name="key">Random key of the stage's data order.</param>
    public BatchSampler(int count, int batchSize, bool shuffle, RandomKey key)
    {
        if (count <= 0)
            throw new ArgumentOutOfRangeException(nameof(count), count, "a sampler needs at least one example");
        if (batchSize <= 0)
            throw new ArgumentOutOfRangeException(nameof(batchSize), batchSize, "a batch needs at least one example");
        (_count, _batchSize, _shuffle, _key) = (count, batchSize, shuffle, key);
    }

    /// <summary>Steps per epoch, including a smaller last batch.</summary>
    public long StepsPerEpoch => StepCounts.PerEpoch(_batchSize, _count);

    /// <summary>
    /// Indices of the examples in step <paramref name="step"/> (from 0, counted over epochs).
    /// </summary>
    public ReadOnlySpan<int> Batch(long step)
    {
        var epoch = step / StepsPerEpoch;
        if (epoch != _cachedEpoch)
        {
            _order = _shuffle ? _key.Derive(epoch).Permutation(_count) : Enumerable.Range(0, _count).ToArray();
            _cachedEpoch = epoch;
        }
        var first = (int)(step % StepsPerEpoch) * _batchSize;
        return _order.AsSpan(first, Math.Min(_batchSize, _count - first));
    }
}
