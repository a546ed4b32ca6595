// What ranks that train together say to each other. A program written against ICollective runs
// unchanged with one rank.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch.Distributed;

/// <summary>
/// Communication among ranks. Every rank must make the same calls in the same order with tensors of
/// the same shapes. Calls block until done.
/// </summary>
internal interface ICollective : IDisposable
{
    /// <summary>Number of this rank, from 0.</summary>
    int Rank { get; }

    /// <summary>Number of ranks.</summary>
    int Size { get; }

    /// <summary>
    /// Replaces each tensor, on every rank, by its sum over all ranks. Bit-equal on all of them.
    /// </summary>
    /// <exception cref="TorchException">A rank is gone or did not come in time.</exception>
    void AllReduceSum(params ReadOnlySpan<Tensor> tensors);

    /// <summary>
    /// Replaces the tensor, on every rank, by that of rank <paramref name="root"/>.
    /// </summary>
    /// <exception cref="TorchException">A rank is gone or did not come in time.</exception>
    void Broadcast(Tensor tensor, int root = 0);

    /// <summary>Waits until every rank has come here.</summary>
    /// <exception cref="TorchException">A rank is gone or did not come in time.</exception>
    void Barrier();
}

/// <summary>One rank: nothing to say. Does not load libtorch.</summary>
internal sealed class LocalCollective : ICollective
{
    /// <summary>The only one needed.</summary>
    public static LocalCollective Instance { get; } = new();

    private LocalCollective() { }

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Size => 1;

    /// <inheritdoc/>
    public void AllReduceSum(params ReadOnlySpan<Tensor> tensors) { }

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor, int root = 0) => ArgumentOutOfRangeException.ThrowIfNotEqual(root, 0);

    /// <inheritdoc/>
    public void Barrier() { }

    /// <inheritdoc/>
    public void Dispose() { }
}
