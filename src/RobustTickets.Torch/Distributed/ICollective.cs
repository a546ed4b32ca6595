// Collective operations between ranks of distributed training. Code written against ICollective
// also runs with a single rank.
namespace RobustTickets.Torch.Distributed;

/// <summary>
/// Communication among ranks. Every rank must make the same calls in the same order with tensors of
/// the same shapes.
/// </summary>
internal interface ICollective : IDisposable
{
    /// <summary>Index of this rank, from 0.</summary>
    int Rank { get; }

    /// <summary>Number of ranks.</summary>
    int Size { get; }

    /// <summary>
    /// Starts to replace each tensor on every rank by its sum over all ranks (all-reduce),
    /// bit-equal on all ranks and in every run. The tensors must not be used until the transfer is
    /// awaited.
    /// </summary>
    /// <exception cref="RanksException">A rank is lost.</exception>
    ITransfer StartSum(params ReadOnlySpan<Tensor> tensors);

    /// <summary>
    /// Starts to replace the tensor on every rank by that of rank <paramref name="root"/>
    /// (broadcast).
    /// </summary>
    /// <exception cref="RanksException">A rank is lost.</exception>
    ITransfer StartBroadcast(Tensor tensor, int root = 0);
}

/// <summary>A pending transfer.</summary>
internal interface ITransfer
{
    /// <summary>Waits for completion; called once.</summary>
    /// <exception cref="RanksException">A rank is lost.</exception>
    void Wait();
}

/// <summary>A single rank without communication. Does not load libtorch.</summary>
internal sealed class LocalCollective : ICollective, ITransfer
{
    /// <summary>The only instance.</summary>
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
