using System.Net;
using System.Net.Sockets;
using System.Text;
using RobustTickets.Torch.Distributed;
using RobustTickets.Torch.Native;
using Xunit;

namespace RobustTickets.Torch.Tests;

/// <summary>
/// Ranks as threads of this process: the group is the same as across processes, the transport is
/// TCP on the loopback.
/// </summary>
public sealed class CollectiveTests
{
    private static void RequireGloo() =>
        Skip.IfNot(ProcessGroup.IsSupported, "the native part was built without Gloo (libgloo-dev)");

    // Ranks that do not know to be on one host meet as those of several do.
    private static void OnRanks(int size, Action<ICollective> body, bool oneHost = true) =>
        RankThreads.Run(
            size,
            settings =>
            {
                using var watch = RankWatch.Join(oneHost ? settings : settings with { LocalSize = 0 }, "test");
                using var group = ProcessGroup.Open(watch);
                body(group);
                group.Barrier();
            }
        );

    [SkippableTheory]
    [InlineData(2, true), InlineData(3, true), InlineData(3, false)]
    public void Sums_broadcasts_and_barriers_reach_every_rank(int size, bool oneHost)
    {
        RequireGloo();
        var results = new float[size][];
        OnRanks(
            size,
            group =>
            {
                using var scope = torch.scope();
                Assert.Equal(size, group.Size);
                var a = torch.full([1000], group.Rank + 1);
                var b = torch.tensor([0.1f * (group.Rank + 1), 1e8f, -1e8f]);
                group.Sum(a, b);
                var c = torch.full([2], group.Rank);
                group.Broadcast(c, size - 1);
                group.Sum();
                results[group.Rank] = [a.sum().item<float>(), .. b.to_array(), .. c.to_array()];
            },
            oneHost
        );
        Assert.Equal(1000f * size * (size + 1) / 2, results[0][0]);
        Assert.Equal(0.1f * size * (size + 1) / 2, results[0][1], 1e-6f);
        Assert.Equal(size - 1, results[0][^1]);
        Assert.All(results, r => Assert.Equal(results[0], r));
    }

    [SkippableFact]
    public void Half_batches_on_two_ranks_give_the_gradient_of_the_whole_batch()
    {
        RequireGloo();
        float[] Gradient(int from, int count)
        {
            using var scope = torch.scope();
            var w = torch.tensor([0.3f, -0.2f, 0.1f, 0.4f], 2, 2).requires_grad_();
            var x = torch.tensor([1f, 2, -1, 0.5f, 3, -2, 0.1f, 0.7f], 4, 2).narrow(0, from, count);
            var y = torch.tensor([0L, 1, 1, 0]).narrow(0, from, count);
            torch.nn.functional.cross_entropy(torch.nn.functional.linear(x, w), y, Reduction.Sum).backward();
            return w.grad!.to_array();
        }

        var whole = Gradient(0, 4);
        var parts = new float[2][];
        OnRanks(
            2,
            group =>
            {
                using var scope = torch.scope();
                var mine = torch.tensor(Gradient(2 * group.Rank, 2));
                group.Sum(mine);
                parts[group.Rank] = mine.to_array();
            }
        );
        Assert.Equal(parts[0], parts[1]);
        for (var i = 0; i < 4; i++)
            Assert.Equal(whole[i], parts[0][i], 1e-6);
        // mutant: a rank that does not sum
        Assert.Contains(whole.Zip(Gradient(0, 2)), p => Math.Abs(p.First - p.Second) > 1e-3);
    }

    [SkippableFact]
    public void A_rank_that_fails_while_others_wait_for_it_is_named_by_all()
    {
        RequireGloo();
        var ends = new string?[3];
        RankThreads.Run(
            3,
            settings =>
            {
                using var watch = RankWatch.Join(settings, "test");
                using var group = ProcessGroup.Open(watch);
                group.Barrier();
                if (settings.Rank == 2)
                {
                    watch.Tell(new InvalidOperationException("out of coffee"));
                    return;
                }
                using var one = torch.ones([1000]);
                ends[settings.Rank] = Assert.Throws<RanksException>(() => group.Sum(one)).Message;
            }
        );
        for (var rank = 0; rank < 2; rank++)
        {
            Assert.Contains($"rank 2 (process {Environment.ProcessId}", ends[rank], StringComparison.Ordinal);
            Assert.Contains("out of coffee", ends[rank], StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public void Ranks_of_one_host_listen_on_the_loopback_only_and_leave_no_file()
    {
        RequireGloo();
        var before = Open();
        RankThreads.Run(
            2,
            settings =>
            {
                using var watch = RankWatch.Join(settings, "test");
                using var group = ProcessGroup.Open(watch);
                Assert.Empty(Open().Except(before));
                Assert.False(Directory.Exists(Path.GetDirectoryName(watch.Store)), watch.Store);
                group.Barrier();
            }
        );
        // Mutant: ranks of several hosts.
        OnRanks(2, _ => Assert.NotEmpty(Open().Except(before)), oneHost: false);

        // Inodes of this process's sockets that listen on every interface.
        static HashSet<string> Open()
        {
            var own = Directory.GetFiles("/proc/self/fd").Select(f => new FileInfo(f).LinkTarget).ToHashSet();
            return
            [
                .. new[] { "tcp", "tcp6" }
                    .SelectMany(table => File.ReadLines($"/proc/self/net/{table}").Skip(1))
                    .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Where(row => row[3] == "0A" && row[1].TrimStart('0').StartsWith(':'))
                    .Select(row => $"socket:[{row[9]}]")
                    .Where(own.Contains),
            ];
        }
    }

    [SkippableTheory]
    [InlineData(false), InlineData(true)]
    public void A_rank_that_does_not_reach_the_others_says_where_they_meet_or_is_stopped(bool stopped)
    {
        RequireGloo();
        // Accepts and never answers.
        using var store = new TcpListener(IPAddress.Loopback, 0);
        store.Start();
        var port = ((IPEndPoint)store.LocalEndpoint).Port;
        using var ended = new ManualResetEventSlim();
        var seconds = TimeSpan.FromSeconds(stopped ? 600 : 5);
        RankThreads.Run(
            2,
            settings =>
            {
                if (settings.Rank == 0)
                {
                    using var listener = new TcpListener(IPAddress.Loopback, settings.Port);
                    listener.Start();
                    using var other = listener.AcceptSocket();
                    other.Send(Encoding.UTF8.GetBytes($"store\t{port}\t127.0.0.1\trank 0\n"));
                    ended.Wait(TimeSpan.FromMinutes(1));
                    // c10d ends the process when a connection that it only listens on is reset, as
                    // one that was not accepted would be.
                    while (store.Pending())
                        store.AcceptSocket().Dispose();
                    return;
                }
                using var stop = new CancellationTokenSource();
                var patience = RankPatience.Default with { Join = seconds, Silence = TimeSpan.FromMinutes(10) };
                using var watch = RankWatch.Join(settings, "test", stop.Token, patience);
                if (stopped)
                    stop.CancelAfter(1000);
                var e = Record.Exception(() => ProcessGroup.Open(watch, stop.Token));
                ended.Set();
                if (stopped)
                {
                    Assert.IsAssignableFrom<OperationCanceledException>(e);
                    return;
                }
                Assert.IsType<RanksException>(e);
                Assert.Contains($"within 5 s: they meet at 127.0.0.1:{port}", e.Message, StringComparison.Ordinal);
                Assert.Contains("ephemeral ports", e.Message, StringComparison.Ordinal);
            }
        );
    }

    [SkippableFact]
    public void A_hook_runs_when_all_that_used_a_tensor_has_had_its_backward()
    {
        using var scope = torch.scope();
        var (w, v) = (torch.tensor([2f]).requires_grad_(), torch.tensor([3f]).requires_grad_());
        var inner = w * 5;
        float? seen = null;
        Autograd.OnGradient(inner, () => seen = v.grad?.item<float>());
        (inner * v).sum().backward();
        Assert.Equal(10f, seen);
        var failing = w * 5;
        Autograd.OnGradient(failing, () => throw new InvalidOperationException("no coffee"));
        var e = Assert.Throws<TorchException>(() => failing.sum().backward());
        Assert.Equal("no coffee", e.InnerException!.Message);
    }
}
