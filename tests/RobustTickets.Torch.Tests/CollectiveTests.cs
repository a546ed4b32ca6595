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

    private static void OnRanks(int size, Action<ICollective> body) =>
        RankThreads.Run(
            size,
            settings =>
            {
                using var watch = RankWatch.Join(settings, "test");
                using var group = ProcessGroup.Open(watch);
                body(group);
                group.Barrier();
            }
        );

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
                group.Sum(a, b);
                var c = torch.full([2], group.Rank);
                group.Broadcast(c, size - 1);
                group.Sum();
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
