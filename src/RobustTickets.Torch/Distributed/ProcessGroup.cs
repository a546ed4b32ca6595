// Ranks in several processes with c10d's Gloo group. RankWatch detects lost ranks: transfers wait
// in short intervals and check it, so that none waits for a rank that is gone.
using System.Diagnostics;
using System.Globalization;
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch.Distributed;

/// <summary>A c10d process group: one process per rank.</summary>
internal sealed unsafe class ProcessGroup : ICollective
{
    // RankWatch detects lost ranks; a rank may legitimately wait hours for another's evaluation.
    private const int TransferSeconds = 7 * 24 * 3600;
    private const int TurnMilliseconds = 250;

    private readonly RankWatch _watch;
    private readonly nint _store;
    private nint _group;

    private ProcessGroup(RankWatch watch, nint store, nint group) => (_watch, _store, _group) = (watch, store, group);

    /// <summary>
    /// Whether the native library was built with Gloo (Debian: libgloo-dev). Without it
    /// <see cref="Open"/> fails with an error that says so.
    /// </summary>
    public static bool IsSupported => Shim.rt_group_supported() != 0;

    /// <summary>Opens a group of the ranks connected by a watch.</summary>
    /// <param name="watch">The watch; its time for joining limits this too.</param>
    /// <param name="stop">Cancels waiting.</param>
    /// <exception cref="RanksException">A rank is lost, or they do not reach each
    /// other.</exception>
    /// <exception cref="TorchException">The native library was built without Gloo.</exception>
    public static ProcessGroup Open(RankWatch watch, CancellationToken stop = default)
    {
        var first = watch.Rank == 0;
        // c10d's TCP store listens on every interface, so ranks of one host meet in a private file.
        var folder = first && watch.IsLoopback ? Directory.CreateTempSubdirectory("robust-tickets-ranks") : null;
        try
        {
            if (folder is not null)
                watch.Meet(Path.Combine(folder.FullName, "store"), stop);
            else if (!first)
                watch.Meet(stop: stop);
            return Opened(watch, () => Connected(watch, folder), stop);
        }
        catch
        {
            Delete(folder);
            throw;
        }
    }

    // Connecting may block, so a second thread connects while this one checks the watch and the
    // time. It is left behind if it does not end.
    private static ProcessGroup Opened(RankWatch watch, Func<ProcessGroup> connect, CancellationToken stop)
    {
        ProcessGroup? group = null;
        Exception? failure = null;
        var opening = new Thread(() =>
        {
            try
            {
                group = connect();
            }
            catch (Exception e)
            {
                failure = e;
            }
        })
        {
            IsBackground = true,
        };
        var clock = Stopwatch.StartNew();
        opening.Start();
        while (!opening.Join(TurnMilliseconds))
        {
            if (watch.Loss() is { } loss)
                throw loss;
            stop.ThrowIfCancellationRequested();
            if (clock.Elapsed > watch.JoinTime)
                throw Unreached(watch, $"within {watch.JoinTime.TotalSeconds:0} s");
        }
        if (failure is TorchException && IsSupported)
            throw watch.Loss(wait: true) ?? Unreached(watch, $"({failure.Message})", failure);
        return group ?? throw failure!;
    }

    private static RanksException Unreached(RankWatch watch, string how, Exception? cause = null)
    {
        var place = watch.Store switch
        {
            null => $"a port of {watch.Host} that rank 0 opens",
            ['/', ..] file => $"the file {file}",
            var port => $"{watch.Host}:{port}",
        };
        var message =
            $"{watch}: all ranks have connected there, but did not reach each other {how}: they meet at {place}, and "
            + $"this one listens on {(watch.Store is null ? "a port" : $"a port of {watch.Address}")}. Ranks on "
            + "several hosts need free ports (ephemeral ports) beside that of rank 0";
        return cause is null ? new(message) : new(message, cause);
    }

    private static ProcessGroup Connected(RankWatch watch, DirectoryInfo? folder)
    {
        // Later than the time that Open waits, so that its message is the one to be read.
        var seconds = (int)Math.Min(watch.JoinTime.TotalSeconds + 60, TransferSeconds);
        nint store;
        if (watch.Store is ['/', ..] file)
            Check(Shim.rt_store_file(file, watch.Size, seconds, out store), "open");
        else
        {
            var first = watch.Rank == 0;
            var port = first ? 0 : int.Parse(watch.Store!, NumberStyles.None, CultureInfo.InvariantCulture);
            Check(Shim.rt_store_open(watch.Host, port, first ? 1 : 0, seconds, out var bound, out store), "open");
            if (first)
                watch.Meet(bound.ToString(CultureInfo.InvariantCulture));
        }
        nint handle;
        try
        {
            var (rank, size) = (watch.Rank, watch.Size);
            Check(Shim.rt_group_open(store, watch.Address, rank, size, TransferSeconds, out handle), "join");
        }
        catch
        {
            if (watch.Rank > 0) // closing the server's would abort ranks that still use it
                _ = Shim.rt_store_close(store);
            throw;
        }
        var group = new ProcessGroup(watch, store, handle);
        if (watch.Store is ['/', ..])
        {
            // Nobody reads the file when all have connected, and nobody closes it while it goes.
            group.Barrier();
            Delete(folder);
            group.Barrier();
        }
        return group;

        void Check(int status, string what) => Shim.Check(status, $"{what} the process group", watch.ToString);
    }

    private static void Delete(DirectoryInfo? folder)
    {
        try
        {
            folder?.Delete(recursive: true);
        }
        catch (IOException)
        {
            // It is gone, or another rank still writes to it: it stays in the temporary folder.
        }
    }

    /// <inheritdoc/>
    public int Rank => _watch.Rank;

    /// <inheritdoc/>
    public int Size => _watch.Size;

    private nint Group => _group != 0 ? _group : throw new ObjectDisposedException(nameof(ProcessGroup));

    /// <inheritdoc/>
    public ITransfer StartSum(params ReadOnlySpan<Tensor> tensors)
    {
        if (tensors.IsEmpty)
            return LocalCollective.Instance;
        var alive = tensors.ToArray();
        Span<nint> handles = new nint[alive.Length];
        for (var i = 0; i < alive.Length; i++)
            handles[i] = Contiguous(alive[i]).Handle;
        nint work;
        fixed (nint* p = handles)
            Begin(Shim.rt_group_sum(Group, p, handles.Length, out work), "sum over ranks", alive);
        return new Transfer(this, work, "sum over ranks", alive);
    }

    /// <inheritdoc/>
    public ITransfer StartBroadcast(Tensor tensor, int root = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)root, (uint)Size);
        Tensor[] alive = [Contiguous(tensor)];
        Begin(Shim.rt_group_broadcast(Group, tensor.Handle, root, out var work), "broadcast", alive);
        return new Transfer(this, work, "broadcast", alive);
    }

    /// <summary>
    /// Leaves the group. Rank 0 hosts the store that the others use, so all ranks should have
    /// synchronised before. After a loss nothing is freed: pending transfers that never end still
    /// use it.
    /// </summary>
    public void Dispose()
    {
        var group = Interlocked.Exchange(ref _group, 0);
        if (group == 0 || _watch.IsBroken)
            return;
        Shim.Check(Shim.rt_group_close(group), "leave the process group");
        Shim.Check(Shim.rt_store_close(_store), "leave the process group");
    }

    private void Begin(int status, string what, Tensor[] tensors)
    {
        if (status != 0)
            throw Explained(status, what, tensors);
        GC.KeepAlive(tensors);
    }

    private Exception Explained(int status, string what, Tensor[] tensors)
    {
        try
        {
            Shim.Check(status, what, () => string.Join(", ", tensors.Select(t => t.Describe())));
        }
        catch (TorchException e)
        {
            // The transport reports an address; the watch knows which rank it was.
            return _watch.Loss(wait: true) ?? new RanksException($"lost contact with other ranks: {e.Message}", e);
        }
        return new InvalidOperationException("no failure");
    }

    // The result is written in place, so it would be lost in a copy.
    private static Tensor Contiguous(Tensor tensor) =>
        tensor.is_contiguous
            ? tensor
            : throw new ArgumentException(
                $"{tensor.Describe()} is not contiguous: ranks exchange contiguous memory only"
            );

    private sealed class Transfer(ProcessGroup group, nint work, string what, Tensor[] tensors) : ITransfer
    {
        public void Wait()
        {
            while (true)
            {
                var status = Shim.rt_work_wait(work, TurnMilliseconds, out var done);
                if (status != 0)
                    throw group.Explained(status, what, tensors);
                if (done != 0)
                    break;
                if (group._watch.Loss() is { } loss)
                    throw loss; // the transfer is abandoned: it may still write
            }
            Shim.Check(Shim.rt_work_free(work), what);
            GC.KeepAlive(tensors);
        }
    }
}

/// <summary>Collective operations that wait for completion.</summary>
internal static class CollectiveCalls
{
    /// <summary>Replaces each tensor on every rank by its sum over all ranks.</summary>
    public static void Sum(this ICollective ranks, params ReadOnlySpan<Tensor> tensors) =>
        ranks.StartSum(tensors).Wait();

    /// <summary>Replaces the tensor on every rank by that of a root.</summary>
    public static void Broadcast(this ICollective ranks, Tensor tensor, int root = 0) =>
        ranks.StartBroadcast(tensor, root).Wait();

    /// <summary>Waits until every rank has reached this call.</summary>
    public static void Barrier(this ICollective ranks)
    {
        if (ranks.Size == 1)
            return;
        using var one = torch.zeros([1]);
        ranks.Sum(one);
    }
}
