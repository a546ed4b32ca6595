// What ranks that train together say to each other. A program written against ICollective runs
// unchanged with one rank.
namespace RobustTickets.Torch.Distributed;

/// <summary>
/// Communication among ranks. Every rank must make the same calls in the same order with tensors of
/// the same shapes.
/// </summary>
internal interface ICollective : IDisposable
{
    /// <summary>Number of this rank, from 0.</summary>
    int Rank { get; }

    /// <summary>Number of ranks.</summary>
    int Size { get; }

    /// <summary>
    /// Begins to replace each tensor, on every rank, by its sum over all ranks, bit-equal on all of
    /// them and from run to run. Until the end is awaited nobody else may use the tensors.
    /// </summary>
    /// <exception cref="RanksException">A rank is gone.</exception>
    ITransfer StartSum(params ReadOnlySpan<Tensor> tensors);

    /// <summary>
    /// Begins to replace the tensor, on every rank, by that of rank <paramref name="root"/>.
    /// </summary>
    /// <exception cref="RanksException">A rank is gone.</exception>
    ITransfer StartBroadcast(Tensor tensor, int root = 0);
}

/// <summary>A transfer under way.</summary>
internal interface ITransfer
{
    /// <summary>Waits for its end; called once.</summary>
    /// <exception cref="RanksException">A rank is gone.</exception>
    void Wait();
}

/// <summary>One rank: nothing to say. Does not load libtorch.</summary>
internal sealed class LocalCollective : ICollective, ITransfer
{
    /// <summary>The only one needed.</summary>
    public static LocalCollective Instance { get; } = new();

    private LocalCollective() { }

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Size => 1;

    /// <inheritdoc/>
    public ITransfer StartSum(params ReadOnlySpan<Tensor> tensors) => this;

    /// <inheritdoc/>
    public ITransfer StartBroadcast(Tensor tensor, int root = 0) => this;

    /// <inheritdoc/>
    public void Wait() { }

    /// <inheritdoc/>
    public void Dispose() { }
}
