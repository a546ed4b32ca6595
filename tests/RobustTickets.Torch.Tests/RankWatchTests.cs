using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using RobustTickets.Torch.Distributed;
using Xunit;

namespace RobustTickets.Torch.Tests;

/// <summary>Who is missing, lost, silent or another program is said by name, in time.</summary>
public sealed class RankWatchTests
{
    private static readonly RankPatience Short = new(
        TimeSpan.FromSeconds(1),
        TimeSpan.FromSeconds(1),
        TimeSpan.FromMilliseconds(100)
    );

    // On a busy machine a thread may have to wait for its turn for seconds.
    private static readonly RankPatience Normal = Short with
    {
        Join = TimeSpan.FromMinutes(2),
        Silence = TimeSpan.FromMinutes(2),
    };

    private static RankWatch Join(RankSettings settings, RankPatience? patience = null, string build = "test") =>
        RankWatch.Join(settings, build, default, patience ?? Normal);

    [Fact]
    public void A_rank_that_does_not_come_is_named()
    {
        var port = RankThreads.FreePort();
        var first = Assert.Throws<RanksException>(() => Join(new RankSettings("127.0.0.1", port, 0, 3), Short));
        Assert.Contains("ranks 1, 2 of 3 did not connect", first.Message, StringComparison.Ordinal);
        var other = Assert.Throws<RanksException>(() => Join(new RankSettings("127.0.0.1", port, 1, 3), Short));
        Assert.Contains($"no connection to rank 0 at 127.0.0.1:{port}", other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_leaves_is_no_loss_and_what_rank_0_says_reaches_all()
    {
        RankThreads.Run(
            3,
            settings =>
            {
                using var watch = Join(settings);
                Assert.Equal("1234", watch.Meet(settings.Rank == 0 ? "1234" : null));
                Assert.Equal("127.0.0.1", watch.Address);
                if (settings.Rank == 1)
                    return;
                Thread.Sleep(500);
                Assert.Null(watch.Loss());
            }
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_rank_whose_connection_breaks_is_named_by_all(int lost)
    {
        RankThreads.Run(
            3,
            settings =>
            {
                if (settings.Rank == lost)
                {
                    if (lost == 0)
                        HangUp(settings);
                    else
                        using (var socket = Hello(settings, "test"))
                            AwaitStore(socket);
                    return;
                }
                using var watch = Join(settings);
                if (lost > 0)
                    _ = Record.Exception(() => Meet(watch)); // it may be lost by then
                var loss = Loss(watch);
                Assert.Contains($"rank {lost} ", loss?.Message, StringComparison.Ordinal);
                Assert.IsType<RanksException>(loss);
            }
        );
    }

    [Fact]
    public void A_silent_rank_is_lost_after_a_while()
    {
        RankThreads.Run(
            2,
            settings =>
            {
                if (settings.Rank == 1)
                {
                    using var socket = Hello(settings, "test");
                    while (socket.Receive(new byte[100]) > 0) { }
                    return;
                }
                // What is heard is heard after this: no machine is too slow for the claim.
                var clock = Stopwatch.StartNew();
                using var watch = Join(settings, Normal with { Silence = Short.Silence });
                Assert.Contains("rank 1 (process 7 on h) sent no heartbeat", Loss(watch)?.Message);
                Assert.True(clock.Elapsed >= Short.Silence, "silence takes its time");
            }
        );
    }

    [Fact]
    public void Ranks_that_were_suspended_together_are_not_lost()
    {
        var clock = new JumpingClock();
        // Without a jump there are no heartbeats in the time of this test.
        var patience = Normal with
        {
            Beat = TimeSpan.FromMinutes(1),
            Silence = TimeSpan.FromMinutes(30),
            Clock = clock,
        };
        RankThreads.Run(
            2,
            settings =>
            {
                using var watch = Join(settings, patience);
                Meet(watch);
                Thread.Sleep(500); // until all that was said is heard
                if (settings.Rank == 0)
                    clock.Jump(TimeSpan.FromHours(1));
                Thread.Sleep(1000);
                Assert.Null(watch.Loss());
            }
        );
    }

    [Fact]
    public void A_stop_on_one_rank_is_a_stop_on_all()
    {
        RankThreads.Run(
            3,
            settings =>
            {
                using var watch = Join(settings);
                Meet(watch);
                if (settings.Rank == 1)
                    watch.Tell(new OperationCanceledException("by a\tsignal\nhere"));
                else
                    Assert.Contains(
                        "was stopped: by a signal here",
                        Assert.IsType<OperationCanceledException>(Loss(watch)).Message,
                        StringComparison.Ordinal
                    );
            }
        );
    }

    [Theory]
    [InlineData("other", 2, "runs version other, rank 0 version test")]
    [InlineData("test", 3, "expects 3 ranks, rank 0 2")]
    public void A_rank_unlike_the_others_is_refused(string build, int size, string why)
    {
        RankThreads.Run(
            2,
            settings =>
            {
                if (settings.Rank == 0)
                {
                    Assert.Contains(why, Assert.Throws<RanksException>(() => Join(settings)).Message);
                    return;
                }
                using var watch = Join(settings with { Size = size }, build: build);
                Assert.Contains(why, Loss(watch)?.Message, StringComparison.Ordinal);
            }
        );
    }

    [Fact]
    public void What_is_no_rank_is_not_listened_to()
    {
        RankThreads.Run(
            2,
            settings =>
            {
                if (settings.Rank == 1)
                {
                    using var stranger = new TcpClient();
                    while (!stranger.Connected)
                        try
                        {
                            stranger.Connect("127.0.0.1", settings.Port);
                        }
                        catch (SocketException)
                        {
                            Thread.Sleep(20);
                        }
                    stranger.GetStream().Write("GET / HTTP/1.1\r\nfailed\tno\n"u8);
                    stranger.GetStream().Write(new byte[100_000]);
                }
                using var watch = Join(settings);
                watch.Meet("1");
                Assert.Null(watch.Loss());
            }
        );
    }

    [Fact]
    public void What_a_stranger_says_in_the_ranks_own_words_ends_nothing()
    {
        using var said = new ManualResetEventSlim();
        RankThreads.Run(
            2,
            settings =>
            {
                using var watch = Join(settings);
                Meet(watch);
                if (settings.Rank == 1)
                    foreach (
                        var words in new[]
                        {
                            "hello\ttest\tx\t2\t1\th\n",
                            "hello\ttest\t99999999999\t2\t1\th\n",
                            "hello\tother\t1\t2\t1\th\n",
                            "no\twhy\n",
                            "store\t1\ta\tb\n",
                        }
                    )
                    {
                        using var stranger = new Socket(SocketType.Stream, ProtocolType.Tcp);
                        stranger.Connect("127.0.0.1", settings.Port);
                        stranger.Send(Encoding.UTF8.GetBytes(words));
                        try
                        {
                            stranger.Shutdown(SocketShutdown.Send);
                            while (stranger.Receive(new byte[100]) > 0) { } // until it was heard
                        }
                        catch (SocketException)
                        {
                            // It was heard and hung up on.
                        }
                    }
                if (settings.Rank == 1)
                    said.Set();
                said.Wait(TimeSpan.FromMinutes(1));
                Assert.Null(watch.Loss());
            }
        );
    }

    private static void Meet(RankWatch watch) => watch.Meet(watch.Rank == 0 ? "1" : null);

    private static Exception? Loss(RankWatch watch)
    {
        var clock = Stopwatch.StartNew();
        while (watch.Loss(wait: true) is null && clock.Elapsed < TimeSpan.FromMinutes(1)) { }
        return watch.Loss();
    }

    private static void AwaitStore(Socket socket)
    {
        var heard = "";
        var buffer = new byte[1000];
        while (!heard.Contains("store\t", StringComparison.Ordinal))
            heard += Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }

    // A rank 0 that ends once the others have come.
    private static void HangUp(RankSettings settings)
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, settings.Port);
        listener.Start();
        Socket[] others = [.. Enumerable.Range(1, settings.Size - 1).Select(_ => listener.AcceptSocket())];
        foreach (var other in others)
            other.Dispose();
    }

    private static Socket Hello(RankSettings settings, string build)
    {
        while (true)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Connect("127.0.0.1", settings.Port);
                socket.Send(Encoding.UTF8.GetBytes($"hello\t{build}\t{settings.Rank}\t{settings.Size}\t7\th\n"));
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
                Thread.Sleep(20);
            }
        }
    }

    /// <summary>A clock that passes while no thread of the process runs.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private long _jumped;

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _jumped);

        public void Jump(TimeSpan time) => Interlocked.Add(ref _jumped, time.Ticks * (TimestampFrequency / 10_000_000));
    }
}
