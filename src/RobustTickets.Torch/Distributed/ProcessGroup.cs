// Ranks in several processes over c10d's Gloo group.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch.Distributed;

/// <summary>A c10d process group: one process a rank.</summary>
internal sealed unsafe class ProcessGroup : ICollective
{
    private nint _group;

    private ProcessGroup(nint group, int rank, int size) => (_group, Rank, Size) = (group, rank, size);

    /// <summary>
    /// Whether the native part was built with Gloo (Debian: libgloo-dev). Without it
    /// <see cref="Open"/> with settings fails by name.
    /// </summary>
    public static bool IsSupported => Shim.rt_group_supported() != 0;

    /// <summary>
    /// Joins the other ranks, or gives the one-rank collective when <paramref name="settings"/> is
    /// null.
    /// </summary>
    /// <param name="settings">Usually <see cref="RankSettings.FromEnvironment"/>.</param>
    /// <param name="timeoutSeconds">How long to wait for the others, here and in every later
    /// call.</param>
    /// <exception cref="TorchException">The others did not come, or the native part was built
    /// without Gloo.</exception>
    public static ICollective Open(RankSettings? settings, int timeoutSeconds = 1800)
    {
        if (settings is null)
            return LocalCollective.Instance;
        Shim.Check(
            Shim.rt_group_open(
                settings.Host,
                settings.Port,
                settings.Rank,
                settings.Size,
                timeoutSeconds,
                out var group
            ),
            "process group",
            () => settings.ToString()
        );
        return new ProcessGroup(group, settings.Rank, settings.Size);
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    private nint Group => _group != 0 ? _group : throw new ObjectDisposedException(nameof(ProcessGroup));

    /// <inheritdoc/>
    public void AllReduceSum(params ReadOnlySpan<Tensor> tensors)
    {
        if (tensors.IsEmpty)
            return;
        var alive = tensors.ToArray();
        Span<nint> handles = new nint[alive.Length];
        for (var i = 0; i < alive.Length; i++)
            handles[i] = Contiguous(alive[i]).Handle;
        fixed (nint* p = handles)
            Shim.Check(
                Shim.rt_group_sum(Group, p, handles.Length),
                "sum over ranks",
                () => string.Join(", ", alive.Select(t => t.Describe()))
            );
        GC.KeepAlive(alive);
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor, int root = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)root, (uint)Size);
        Shim.Check(Shim.rt_group_broadcast(Group, Contiguous(tensor).Handle, root), "broadcast", tensor.Describe);
        GC.KeepAlive(tensor);
    }

    /// <inheritdoc/>
    public void Barrier() => Shim.Check(Shim.rt_group_barrier(Group), "barrier");

    // The result is written in place, so a copy would be lost.
    private static Tensor Contiguous(Tensor tensor) =>
        tensor.is_contiguous
            ? tensor
            : throw new ArgumentException(
                $"{tensor.Describe()} is not contiguous: ranks exchange whole blocks of memory"
            );

    /// <summary>
    /// Leaves the group. Rank 0 holds the store the others speak through, so it should leave last:
    /// call <see cref="Barrier"/> before.
    /// </summary>
    public void Dispose()
    {
        var group = Interlocked.Exchange(ref _group, 0);
        if (group != 0)
            Shim.Check(Shim.rt_group_close(group), "leave the process group");
    }
}
