using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Torch.Tests;

/// <summary>
/// Who frees what, counted natively. The classes of this assembly run one after another (see
/// AssemblySettings), so counts that begin settled are exact.
/// </summary>
public sealed class ScopeTests
{
    [Fact]
    public void A_scope_frees_what_was_made_in_it_and_keeps_what_was_handed_out()
    {
        var before = LiveTensors.Settled();
        Tensor kept,
            outer;
        using (var first = torch.scope())
        {
            using (var second = torch.scope())
            {
                var a = torch.ones([3]);
                outer = second.Keep(a + a);
                kept = (a * 3).keep();
                Assert.Equal(1, second.Count); // a
                _ = a * 2;
                Assert.Equal(2, second.Count);
            }
            Assert.Equal(before + 2, Tensor.LiveCount);
            Assert.Equal(6, outer.sum().item<float>());
            Assert.Throws<ArgumentException>(() =>
            {
                using var third = torch.scope();
                third.Keep(outer);
            });
        }
        Assert.True(outer.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => outer + 1);
        Assert.Equal(9, kept.to_array().Sum());
        kept.Dispose();
        kept.Dispose();
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void A_thousand_training_steps_leave_the_live_count_flat()
    {
        using var all = torch.scope();
        torch.manual_seed(3);
        var w = torch.empty([4, 8]).normal_().requires_grad_();
        var b = torch.zeros([4]).requires_grad_();
        var x = torch.empty([16, 8]).normal_();
        var labels = torch.arange(16).to(DType.Int64);
        using (torch.no_grad())
            labels.copy_(labels - (labels.to(DType.Float32) / 4.0).floor().to(DType.Int64) * 4);
        var live = 0L;
        float first = 0,
            last = 0;
        for (var step = 0; step < 1000; step++)
        {
            using (var scope = torch.scope())
            {
                var loss = torch.nn.functional.cross_entropy(torch.nn.functional.linear(x, w, b), labels);
                loss.backward();
                using var quiet = torch.no_grad();
                foreach (var p in (Tensor[])[w, b])
                {
                    p.sub_(p.grad!, 0.5);
                    p.grad!.zero_();
                }
                last = loss.item<float>();
                if (step == 0)
                    first = last;
            }
            if (step == 1)
                live = LiveTensors.Settled();
            if (step > 1)
                Assert.Equal(live, Tensor.LiveCount);
        }
        Assert.True(last < first / 10, $"loss {first} -> {last}");
    }

    [Fact]
    public void A_long_loop_in_one_scope_that_frees_its_own_tensors_stays_small()
    {
        using var scope = torch.scope();
        for (var i = 0; i < 10_000; i++)
            torch.empty([1]).Dispose();
        Assert.Equal(0, scope.Count);
    }

    [Fact]
    public void A_forgotten_tensor_outside_any_scope_is_collected()
    {
        var before = LiveTensors.Settled();
        Forget();
        Assert.Equal(before, LiveTensors.Settled());

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget()
        {
            for (var i = 0; i < 10; i++)
                _ = torch.ones([5]);
        }
    }

    [Fact]
    public void Scopes_of_different_threads_do_not_meet()
    {
        var before = LiveTensors.Settled();
        using (torch.scope())
        {
            Tensor? other = null;
            var thread = new Thread(() => other = torch.ones([2]));
            thread.Start();
            thread.Join();
            Assert.False(other!.IsDisposed);
            other.Dispose();
        }
        Assert.Equal(before, Tensor.LiveCount);
    }
}
