using System.Net;
using System.Net.Sockets;
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

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void OnRanks(int size, Action<ICollective> body)
    {
        var port = FreePort();
        var failures = new List<Exception>();
        var threads = Enumerable
            .Range(0, size)
            .Select(rank => new Thread(() =>
            {
                try
                {
                    using var group = ProcessGroup.Open(
                        new RankSettings("127.0.0.1", port, rank, size, rank),
                        timeoutSeconds: 60
                    );
                    body(group);
                    group.Barrier();
                }
                catch (Exception e)
                {
                    lock (failures)
                        failures.Add(e);
                }
            }))
            .ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        if (failures.Count > 0)
            throw new AggregateException(failures);
    }

    [SkippableTheory]
    [InlineData(2), InlineData(3)]
    public void Sums_broadcasts_and_barriers_reach_every_rank(int size)
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
                group.AllReduceSum(a, b);
                var c = torch.full([2], group.Rank);
                group.Broadcast(c, size - 1);
                group.AllReduceSum();
                results[group.Rank] = [a.sum().item<float>(), .. b.to_array(), .. c.to_array()];
            }
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
                group.AllReduceSum(mine);
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
    public void A_rank_that_does_not_come_is_reported_in_time_and_by_name()
    {
        RequireGloo();
        var e = Assert.Throws<TorchException>(() =>
            ProcessGroup.Open(new RankSettings("127.0.0.1", FreePort(), 0, 2, 0), timeoutSeconds: 1)
        );
        Assert.Contains("Size = 2", e.Message);
    }

    [SkippableFact]
    public void One_rank_needs_no_group()
    {
        using var group = ProcessGroup.Open(null);
        Assert.Equal((0, 1), (group.Rank, group.Size));
        group.Barrier();
    }

    [SkippableFact]
    public void Settings_come_from_the_launchers_variables_or_are_refused_by_name()
    {
        static RankSettings? Read(params (string, string)[] set) =>
            RankSettings.FromEnvironment(name => set.FirstOrDefault(p => p.Item1 == name).Item2);
        Assert.Null(Read());
        Assert.Null(Read(("WORLD_SIZE", "1")));
        Assert.Equal(
            new RankSettings("h", 29500, 1, 4, 1),
            Read(
                ("WORLD_SIZE", "4"),
                ("RANK", "1"),
                ("LOCAL_RANK", "1"),
                ("MASTER_ADDR", "h"),
                ("MASTER_PORT", "29500")
            )
        );
        Assert.Equal(
            new RankSettings("h", 1234, 3, 4, 0),
            Read(("SLURM_NTASKS", "4"), ("SLURM_PROCID", "3"), ("MASTER_ADDR", "h"), ("MASTER_PORT", "1234"))
        );
        Assert.Contains(
            "RANK='4'",
            Assert
                .Throws<FormatException>(() =>
                    Read(("WORLD_SIZE", "4"), ("RANK", "4"), ("MASTER_ADDR", "h"), ("MASTER_PORT", "1"))
                )
                .Message
        );
        Assert.Contains(
            "MASTER_ADDR",
            Assert.Throws<FormatException>(() => Read(("WORLD_SIZE", "4"), ("RANK", "0"), ("MASTER_PORT", "1"))).Message
        );
        Assert.Contains(
            "MASTER_PORT",
            Assert.Throws<FormatException>(() => Read(("WORLD_SIZE", "2"), ("RANK", "0"), ("MASTER_ADDR", "h"))).Message
        );
        Assert.Contains("WORLD_SIZE='two'", Assert.Throws<FormatException>(() => Read(("WORLD_SIZE", "two"))).Message);
    }
}
