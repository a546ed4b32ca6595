using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RobustTickets.Torch.Distributed;

/// <summary>Another rank, as far as it is heard: lines of fields over a connection.</summary>
internal sealed class RankPeer : IDisposable
{
    private const int LongestLine = 16_384;
    private readonly List<byte> _unread = [];
    private readonly byte[] _buffer = new byte[4096];
    private readonly Stopwatch _heard = Stopwatch.StartNew();

    public RankPeer(Socket socket)
    {
        Socket = socket;
        LocalAddress = ((IPEndPoint)socket.LocalEndPoint!).Address;
        if (LocalAddress.IsIPv4MappedToIPv6)
            LocalAddress = LocalAddress.MapToIPv4();
        socket.Blocking = true;
        socket.NoDelay = true;
        socket.SendTimeout = 5000;
    }

    /// <summary>The connection.</summary>
    public Socket Socket { get; }

    /// <summary>Address of this side.</summary>
    public IPAddress LocalAddress { get; }

    /// <summary>Its number; null while it has not said it, and after it left.</summary>
    public int? Rank { get; set; }

    /// <summary>Number, process and host.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether anything may still be heard.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>Time since it was heard.</summary>
    public TimeSpan Silent => _heard.Elapsed;

    /// <summary>Says a line; what cannot be said is not: hearing tells why.</summary>
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
            // It is gone.
        }
    }

    /// <summary>Nothing more will be said; it may still be heard.</summary>
    public void EndSaying()
    {
        try
        {
            Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is gone.
        }
    }

    /// <summary>The whole lines that have come. Called where something is to be read.</summary>
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
        _heard.Restart();
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
