using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RobustTickets.Torch.Distributed;

/// <summary>How long ranks wait for each other.</summary>
/// <param name="Join">For all to come.</param>
/// <param name="Silence">For a sign of life; then the rank counts as lost.</param>
/// <param name="Beat">Between two signs of life.</param>
internal sealed record RankPatience(TimeSpan Join, TimeSpan Silence, TimeSpan Beat)
{
    public static RankPatience Default { get; } =
        new(TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(2));
}

/// <summary>How ranks find each other.</summary>
internal static class RankMeeting
{
    private const int Pause = 100; // milliseconds

    /// <summary>Rank 0 waits for the others; accepting does not block.</summary>
    /// <exception cref="RanksException">The port is taken.</exception>
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

    /// <summary>Another rank comes, as soon as rank 0 is there.</summary>
    /// <exception cref="RanksException">It was not in time.</exception>
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
                        $"rank {settings.Rank}: rank 0 was not there at {settings.Host}:{settings.Port} within "
                            + $"{patience.Join.TotalSeconds:0} s: {e.Message}",
                        e
                    );
                Thread.Sleep(Pause);
            }
        }
    }
}
