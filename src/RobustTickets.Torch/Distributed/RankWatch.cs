// Failure detection: ranks connect to rank 0 before any transfer and exchange heartbeats during
// training. A failed transfer does not identify the rank, and a stalled one does not fail; rank 0
// monitors all and announces a lost rank, so that every rank ends with the same message.
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using static RobustTickets.Torch.Distributed.RankWords;

namespace RobustTickets.Torch.Distributed;

/// <summary>Monitors the other ranks on a separate thread.</summary>
internal sealed class RankWatch : IDisposable
{
    private const int Turn = 100; // milliseconds
    private const int LongTurn = 3; // heartbeats

    private static readonly TimeSpan Explanation = TimeSpan.FromSeconds(5);

    private readonly RankSettings _settings;
    private readonly string _build;
    private readonly RankPatience _patience;
    private readonly Socket? _listener;
    private readonly List<RankPeer> _peers = [];
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _changed = new();
    private readonly Thread _thread;
    private readonly HashSet<int> _here = [0];
    private volatile Exception? _loss;
    private volatile bool _leaving;
    private volatile bool _told;
    private volatile string? _store; // set after the address, which is read without the lock
    private string _address = "127.0.0.1";

    private RankWatch(RankSettings settings, string build, RankPatience patience, Socket socket)
    {
        (_settings, _build, _patience) = (settings, build, patience);
        if (Rank == 0)
            _listener = socket;
        else
            _peers.Add(new RankPeer(socket, patience.Clock) { Rank = 0, Name = $"rank 0 ({Host}:{settings.Port})" });
        _thread = new Thread(Watch) { IsBackground = true, Name = "ranks" };
    }

    /// <summary>Index of this rank.</summary>
    public int Rank => _settings.Rank;

    /// <summary>Number of ranks.</summary>
    public int Size => _settings.Size;

    /// <summary>Host of rank 0.</summary>
    public string Host => _settings.Host;

    /// <summary>
    /// Address at which the other ranks reach this one; known once all have connected.
    /// </summary>
    public string Address => _address;

    /// <summary>Where rank 0 keeps c10d's store, or null: not known yet.</summary>
    public string? Store => _store;

    /// <summary>Whether all ranks are on this host and use a loopback address.</summary>
    public bool IsLoopback => _settings.IsLoopback;

    /// <summary>Time for all ranks to connect.</summary>
    public TimeSpan JoinTime => _patience.Join;

    /// <summary>Connects to the other ranks. Returns on rank 0 when all have connected.</summary>
    /// <param name="settings">Usually <see cref="RankSettings.FromEnvironment"/>.</param>
    /// <param name="build">Version of the program: ranks with another one are rejected.</param>
    /// <param name="stop">Cancels waiting.</param>
    /// <param name="patience">Time-outs; null: minutes to connect, half a minute without
    /// heartbeat.</param>
    /// <exception cref="RanksException">A rank did not connect, or is incompatible.</exception>
    public static RankWatch Join(
        RankSettings settings,
        string build,
        CancellationToken stop = default,
        RankPatience? patience = null
    )
    {
        patience ??= RankPatience.Default;
        var clock = Stopwatch.StartNew();
        var socket =
            settings.Rank == 0 ? RankMeeting.Listen(settings) : RankMeeting.Connect(settings, patience, clock, stop);
        var watch = new RankWatch(settings, build, patience, socket);
        try
        {
            if (settings.Rank > 0)
                watch
                    ._peers[0]
                    .Say(
                        Hello,
                        build,
                        Text(settings.Rank),
                        Text(settings.Size),
                        Text(Environment.ProcessId),
                        Environment.MachineName
                    );
            watch._thread.Start();
            if (settings.Rank == 0)
                watch.Await(() => watch._here.Count == settings.Size, patience.Join - clock.Elapsed, stop);
            return watch;
        }
        catch (Exception e)
        {
            watch.Tell(e);
            watch.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Sends the place of c10d's store, a path or a port, from rank 0 to the others, which wait for
    /// it; returns it on every rank.
    /// </summary>
    public string Meet(string? store = null, CancellationToken stop = default)
    {
        if (Rank > 0)
        {
            Await(() => _store is not null, _patience.Join, stop);
            return _store!;
        }
        ArgumentNullException.ThrowIfNull(store);
        lock (_lock)
        {
            // A rank on this host connected over loopback, an address that others cannot use.
            var outside = _peers.Select(p => p.LocalAddress).FirstOrDefault(a => !IPAddress.IsLoopback(a));
            _address = (outside ?? IPAddress.Loopback).ToString();
            foreach (var peer in _peers.Where(p => p.Rank is not null))
                peer.Say(StoreAt, store, _address, Me);
        }
        return _store = store;
    }

    /// <summary>
    /// Why the ranks cannot continue, or null: a rank is lost or failed
    /// (<see cref="RanksException"/>), or was stopped.
    /// </summary>
    /// <param name="wait">Whether to wait briefly for a report that may be on its way.</param>
    public Exception? Loss(bool wait = false)
    {
        if (wait)
            WaitHandle(() => _loss is not null, Explanation, default);
        return _loss;
    }

    /// <summary>Whether transfers may never end: a rank is lost, or this one failed.</summary>
    public bool IsBroken => _loss is not null || _told;

    /// <summary>Reports the reason of this rank's end to the others.</summary>
    public void Tell(Exception end)
    {
        if (ReferenceEquals(end, _loss))
            return;
        var kind = end is OperationCanceledException ? Stopped : Failed;
        var text = $"{Me} ";
        text += kind == Stopped ? $"was stopped: {end.Message}" : $"failed: {end.Message}";
        lock (_lock)
        {
            foreach (var peer in _peers)
                peer.Say(kind, text.ReplaceLineEndings(" ").Replace('\t', ' '));
            _told = _leaving = true;
        }
    }

    /// <summary>Leaves the group normally; the others do not count it as lost.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_leaving && _loss is null)
                foreach (var peer in _peers)
                    peer.Say(Bye);
            _leaving = true;
        }
        if (_thread.IsAlive)
            _thread.Join();
        foreach (var peer in _peers)
            peer.Dispose();
        _listener?.Dispose();
        _changed.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => $"rank {Rank} of {Size}, rank 0 at {Host}:{_settings.Port}";

    private string Me => Name(Rank, Text(Environment.ProcessId), Environment.MachineName);

    private void Await(Func<bool> come, TimeSpan patience, CancellationToken stop)
    {
        if (WaitHandle(() => come() || _loss is not null, patience, stop))
        {
            if (!come() && _loss is { } loss)
                throw loss;
            return;
        }
        lock (_lock)
        {
            int[] missing = [.. Enumerable.Range(0, Size).Where(r => !_here.Contains(r))];
            throw new RanksException(
                Rank > 0
                    ? $"rank {Rank}: rank 0 at {Host}:{_settings.Port} did not report within "
                        + $"{patience.TotalSeconds:0} s that all ranks have connected"
                    : $"rank{(missing.Length == 1 ? "" : "s")} {string.Join(", ", missing)} of {Size} did not connect "
                        + $"to {Host}:{_settings.Port} within {patience.TotalSeconds:0} s"
            );
        }
    }

    private bool WaitHandle(Func<bool> so, TimeSpan patience, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        while (!so())
        {
            if (clock.Elapsed > patience)
                return false;
            _changed.Reset();
            if (so())
                break;
            _changed.Wait(Turn, stop);
        }
        return true;
    }

    private void Watch()
    {
        var clock = _patience.Clock;
        var (turn, beat) = (clock.GetTimestamp(), clock.GetTimestamp());
        Stopwatch? leaving = null;
        while (true)
        {
            List<Socket> readable;
            lock (_lock)
                readable = [.. _peers.Where(p => p.IsOpen).Select(p => p.Socket)];
            if (_leaving)
            {
                leaving ??= Farewell();
                if (readable.Count == 0 || leaving.Elapsed > TimeSpan.FromSeconds(1))
                    return;
            }
            else if (_listener is not null)
                readable.Add(_listener);
            if (readable.Count == 0)
                Thread.Sleep(Turn);
            else
                Select(readable);
            lock (_lock)
            {
                foreach (var socket in readable)
                    Hear(socket);
                var now = clock.GetTimestamp();
                // This process was suspended, perhaps with the others: silence counts anew.
                if (clock.GetElapsedTime(turn, now) > LongTurn * _patience.Beat)
                    _peers.ForEach(p => p.Hear());
                turn = now;
                if (clock.GetElapsedTime(beat, now) > _patience.Beat && !_leaving)
                {
                    beat = now;
                    foreach (var peer in _peers)
                        peer.Say(Alive);
                }
                foreach (var peer in _peers.Where(p => p.IsOpen && p.Silent(now) > _patience.Silence).ToArray())
                    Lost(peer, $"sent no heartbeat for {_patience.Silence.TotalSeconds:0} s");
                _peers.RemoveAll(p => !p.IsOpen);
            }
        }
    }

    // Waits until the others have read the last message: closing immediately could discard it.
    private Stopwatch Farewell()
    {
        lock (_lock)
            foreach (var peer in _peers)
                peer.EndSaying();
        return Stopwatch.StartNew();
    }

    private static void Select(List<Socket> readable)
    {
        try
        {
            Socket.Select(readable, null, null, Turn * 1000);
        }
        catch (SocketException)
        {
            readable.Clear(); // a socket was closed in the meantime: retry in the next turn
        }
    }

    private void Hear(Socket socket)
    {
        if (socket == _listener)
        {
            if (Accepted() is { } come)
                _peers.Add(come);
            return;
        }
        if (_peers.Find(p => p.Socket == socket) is not { } peer)
            return;
        foreach (var line in peer.Lines())
            Heard(peer, line.Split('\t'));
        if (!peer.IsOpen)
            Lost(peer, "was lost: its connection was closed");
    }

    private RankPeer? Accepted()
    {
        try
        {
            return new RankPeer(_listener!.Accept(), _patience.Clock);
        }
        catch (SocketException)
        {
            return null; // connected and disconnected
        }
    }

    private void Heard(RankPeer peer, string[] said)
    {
        switch (said)
        {
            case [Hello, var build, var rank, var size, var process, var host]
                when Rank == 0 && peer.Rank is null && Number(rank) is { } number:
                Admit(peer, build, number, size, process, host);
                break;
            case [StoreAt, { Length: > 0 } store, var address, var name] when peer.Rank == 0:
                peer.Name = name;
                _address = IPAddress.IsLoopback(peer.LocalAddress) ? address : peer.LocalAddress.ToString();
                _store = store;
                break;
            case [Refused, var why] when peer.Rank == 0:
                End(new RanksException(why));
                break;
            case [Failed, var why] when peer.Rank is not null:
                Relay(peer, Failed, why);
                End(new RanksException(why));
                break;
            case [Stopped, var why] when peer.Rank is not null:
                Relay(peer, Stopped, why);
                End(new OperationCanceledException(why));
                break;
            case [Bye]:
                peer.Rank = null;
                peer.Dispose();
                break;
            case [Alive]:
                break;
            default:
                Lost(peer, "sent an invalid message"); // ends the run if it was a rank
                break;
        }
        _changed.Set();
    }

    private void Admit(RankPeer peer, string build, int rank, string size, string process, string host)
    {
        var name = Name(rank, process, host);
        var complete = _here.Count == Size;
        var why =
            size != Text(Size) ? $"{name} expects {size} ranks, rank 0 {Size}"
            : build != _build ? $"{name} runs version {build}, rank 0 version {_build}"
            : rank < 1 || rank >= Size || !_here.Add(rank) ? $"{name} was rejected: its number is taken or out of range"
            : null;
        if (why is not null)
        {
            peer.Say(Refused, why);
            peer.EndSaying();
            if (complete)
                return; // late connections do not end the run
            Relay(peer, Failed, why);
            End(new RanksException(why));
            return;
        }
        (peer.Rank, peer.Name) = (rank, name);
    }

    private void Relay(RankPeer from, string kind, string why)
    {
        if (Rank > 0)
            return;
        foreach (var peer in _peers.Where(p => p != from))
            peer.Say(kind, why);
    }

    private void Lost(RankPeer peer, string how)
    {
        peer.Dispose();
        if (peer.Rank is null || _leaving)
            return;
        var why = $"{peer.Name} {how}";
        Relay(peer, Failed, why);
        End(new RanksException(why));
    }

    private void End(Exception why)
    {
        _loss ??= why;
        _changed.Set();
    }
}
