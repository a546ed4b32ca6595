using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RobustTickets.Torch.Distributed;

/// <summary>Time-outs of distributed training.</summary>
/// <param name="Join">Time for all ranks to connect.</param>
/// <param name="Silence">Time without a heartbeat after which a rank counts as lost.</param>
/// <param name="Beat">Interval between heartbeats.</param>
internal sealed record RankPatience(TimeSpan Join, TimeSpan Silence, TimeSpan Beat)
{
    public static RankPatience Default { get; } =
        new(TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(2));

    /// <summary>The clock of heartbeats and silence.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>Rendezvous of ranks.</summary>
internal static class RankMeeting
{
    private const int Pause = 100; // milliseconds

    /// <summary>Listens on rank 0; accepting does not block.</summary>
    /// <exception cref="RanksException">The port is in use.</exception>
    public static Socket Listen(RankSettings settings)
    {
        var any =
            settings.IsLoopback ? IPAddress.Loopback
            : Socket.OSSupportsIPv6 ? IPAddress.IPv6Any
            : IPAddress.Any;
        var socket = new Socket(any.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (any.AddressFamily == AddressFamily.InterNetworkV6)
            socket.DualMode = true;
        try
        {
            socket.Bind(new IPEndPoint(any, settings.Port));
            socket.Listen(1024);
            socket.Blocking = false;
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new RanksException($"rank 0 cannot listen on port {settings.Port}: {e.Message}", e);
        }
    }

    /// <summary>Connects another rank to rank 0, retrying until it listens.</summary>
    /// <exception cref="RanksException">The connection timed out.</exception>
    public static Socket Connect(RankSettings settings, RankPatience patience, Stopwatch clock, CancellationToken stop)
    {
        while (true)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                using var soon = CancellationTokenSource.CreateLinkedTokenSource(stop);
                soon.CancelAfter(TimeSpan.FromSeconds(5));
                socket.ConnectAsync(settings.Host, settings.Port, soon.Token).AsTask().GetAwaiter().GetResult();
                return socket;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                stop.ThrowIfCancellationRequested();
                if (clock.Elapsed > patience.Join)
                    throw new RanksException(
                        $"rank {settings.Rank}: no connection to rank 0 at {settings.Host}:{settings.Port} within "
                            + $"{patience.Join.TotalSeconds:0} s: {e.Message}",
                        e
                    );
                Thread.Sleep(Pause);
            }
        }
    }
}
