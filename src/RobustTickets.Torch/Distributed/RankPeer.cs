using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RobustTickets.Torch.Distributed;

/// <summary>A connection to another rank: lines of fields.</summary>
internal sealed class RankPeer : IDisposable
{
    private const int LongestLine = 16_384;
    private readonly List<byte> _unread = [];
    private readonly byte[] _buffer = new byte[4096];
    private readonly TimeProvider _clock;
    private long _heard;

    public RankPeer(Socket socket, TimeProvider clock)
    {
        (Socket, _clock) = (socket, clock);
        Hear();
        LocalAddress = ((IPEndPoint)socket.LocalEndPoint!).Address;
        if (LocalAddress.IsIPv4MappedToIPv6)
            LocalAddress = LocalAddress.MapToIPv4();
        socket.Blocking = true;
        socket.NoDelay = true;
        socket.SendTimeout = 5000;
    }

    /// <summary>The socket.</summary>
    public Socket Socket { get; }

    /// <summary>Local address of the connection.</summary>
    public IPAddress LocalAddress { get; }

    /// <summary>
    /// The rank's index; null before it has introduced itself, and after it left.
    /// </summary>
    public int? Rank { get; set; }

    /// <summary>Rank, process and host.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether more may be received.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>Time since the last message, at a time of the clock.</summary>
    public TimeSpan Silent(long now) => _clock.GetElapsedTime(_heard, now);

    /// <summary>Counts silence from now on.</summary>
    public void Hear() => _heard = _clock.GetTimestamp();

    /// <summary>Sends a line; failures are ignored, because receiving reports the reason.</summary>
    public void Say(params ReadOnlySpan<string> fields)
    {
        if (!IsOpen)
            return;
        try
        {
            var text = string.Join('\t', fields!);
            Socket.Send(
                Encoding.UTF8.GetBytes((text.Length < LongestLine / 4 ? text : text[..(LongestLine / 4)]) + "\n")
            );
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is closed.
        }
    }

    /// <summary>Ends sending; receiving remains possible.</summary>
    public void EndSaying()
    {
        try
        {
            Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is closed.
        }
    }

    /// <summary>The complete lines received. Called when the socket is readable.</summary>
    public List<string> Lines()
    {
        var lines = new List<string>();
        try
        {
            var count = Socket.Receive(_buffer);
            IsOpen = count > 0;
            _unread.AddRange(_buffer.AsSpan(0, count));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            IsOpen = false;
        }
        Hear();
        for (int end; (end = _unread.IndexOf((byte)'\n')) >= 0; )
        {
            lines.Add(Encoding.UTF8.GetString([.. _unread[..end]]));
            _unread.RemoveRange(0, end + 1);
        }
        if (_unread.Count > LongestLine)
            IsOpen = false;
        return lines;
    }

    public void Dispose()
    {
        IsOpen = false;
        Socket.Dispose();
    }
}
