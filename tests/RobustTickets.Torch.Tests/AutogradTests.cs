using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Torch.Tests;

/// <summary>Managed nodes in the graph: values, order, life of what they save, errors.</summary>
public sealed class AutogradTests
{
    // y = tanh(x) * s, written as a fused kernel would be; d/dx = (1 - tanh^2) s g, d/ds = sum(tanh
    // g).
    private static Tensor ScaledTanh(Tensor x, Tensor s)
    {
        Tensor y;
        SavedTensors saved;
        using (torch.no_grad())
        {
            var t = x.detach().tanh();
            y = t * s;
            saved = new SavedTensors(t, s);
        }
        return Autograd.Custom(
            [x, s],
            y,
            g =>
            {
                Assert.False(torch.is_grad_enabled());
                var (t, scale) = (saved[0], saved[1]);
                return [(1.0 - t.square()) * scale * g!, (t * g!).sum()];
            },
            saved,
            "scaled tanh"
        );
    }

    [Fact]
    public void A_managed_node_gives_the_gradients_of_aten_and_of_finite_differences()
    {
        using var scope = torch.scope();
        torch.manual_seed(1);
        var x = torch.empty([3, 4], DType.Float64).normal_().requires_grad_();
        var s = torch.scalar(0.7, DType.Float64).requires_grad_();
        var w = torch.empty([3, 4], DType.Float64).normal_();
        var mine = torch.grad([(ScaledTanh(x, s) * w).sum()], [x, s]);
        var aten = torch.grad([(x.tanh() * s * w).sum()], [x, s]);
        Assert.True(mine[0]!.allclose(aten[0]!, 1e-12, 1e-12));
        Assert.True(mine[1]!.allclose(aten[1]!, 1e-12, 1e-12));
        Assert.False((mine[0]! * 1.001).allclose(aten[0]!, 1e-12, 1e-12)); // mutant: a gradient off by a thousandth

        using var quiet = torch.no_grad();
        var values = x.detach().span<double>();
        var got = mine[0]!.to_array<double>();
        for (var i = 0; i < values.Length; i++)
        {
            var at = values[i];
            values[i] = at + 1e-6;
            var up = (x.tanh() * s * w).sum().item<double>();
            values[i] = at - 1e-6;
            var down = (x.tanh() * s * w).sum().item<double>();
            values[i] = at;
            Assert.Equal((up - down) / 2e-6, got[i], 1e-7);
        }
    }

    [Fact]
    public void Gradients_accumulate_over_retained_graphs_and_a_second_pass_without_retaining_is_refused()
    {
        using var scope = torch.scope();
        var x = torch.tensor([0.5, -1.5]).requires_grad_();
        var s = torch.scalar(2, DType.Float64);
        var loss = ScaledTanh(x, s).sum();
        loss.backward(retain_graph: true);
        var once = x.grad!.to_array<double>();
        loss.backward();
        var twice = x.grad!.to_array<double>();
        for (var i = 0; i < 2; i++)
            Assert.Equal(2 * once[i], twice[i], 1e-12);
        var e = Assert.Throws<Native.TorchException>(() => loss.backward());
        Assert.Contains("scaled tanh", e.Message);
        Assert.Contains("second time", e.Message);
    }

    [Fact]
    public void Two_outputs_get_their_own_gradients_and_an_unused_one_gets_none()
    {
        using var scope = torch.scope();
        var x = torch.tensor([1.0, 2.0, 3.0]).requires_grad_();
        Tensor a,
            b;
        using (torch.no_grad())
            (a, b) = (x * 2.0, x * 3.0);
        bool[] given = [];
        Assert.True(
            Autograd.Custom(
                [x, null],
                [a, b],
                g =>
                {
                    given = [g[0] is not null, g[1] is not null];
                    return [g[1]! * 3.0, null];
                }
            )
        );
        Assert.True(a.requires_grad && b.requires_grad && !a.is_leaf);
        (b * 10.0).sum().backward();
        Assert.Equal([false, true], given);
        Assert.Equal([30.0, 30.0, 30.0], x.grad!.to_array<double>());
    }

    [Fact]
    public void An_exception_in_a_managed_backward_comes_back_as_the_inner_exception()
    {
        using var scope = torch.scope();
        var x = torch.ones([2]).requires_grad_();
        Tensor y;
        using (torch.no_grad())
            y = x * 2;
        Autograd.Custom([x], y, _ => throw new InvalidDataException("the kernel said no"), name: "angry");
        var e = Assert.Throws<Native.TorchException>(() => y.sum().backward());
        Assert.IsType<InvalidDataException>(e.InnerException);
        Assert.Contains("the kernel said no", e.Message);
    }

    [Fact]
    public void A_gradient_of_the_wrong_count_or_shape_is_refused()
    {
        using var scope = torch.scope();
        var x = torch.ones([2]).requires_grad_();
        Tensor y,
            z;
        using (torch.no_grad())
            (y, z) = (x * 2, x * 2);
        Autograd.Custom([x], y, _ => [null, null], name: "two for one");
        Assert.Contains("2 gradients for 1", Assert.Throws<Native.TorchException>(() => y.sum().backward()).Message);
        Autograd.Custom([x], z, g => [torch.ones([5])], name: "misshapen");
        Assert.Contains("[5]", Assert.Throws<Native.TorchException>(() => z.sum().backward()).Message);
    }

    private sealed class Witness : IDisposable
    {
        public int Disposed;

        public void Dispose() => Disposed++;
    }

    [Fact]
    public void What_a_node_saves_is_freed_once_after_backward_with_the_graph_or_at_once_when_nothing_is_recorded()
    {
        var (after, never, unrecorded, retained) = (new Witness(), new Witness(), new Witness(), new Witness());
        using (torch.scope())
        {
            var x = torch.ones([2]).requires_grad_();
            Tensor Make(Witness witness)
            {
                Tensor y;
                using (torch.no_grad())
                    y = x * 2;
                return Autograd.Custom([x], y, g => [g! * 2.0], witness);
            }

            Make(after).sum().backward();
            Assert.Equal(1, after.Disposed);
            _ = Make(never);
            Assert.Equal(0, never.Disposed);
            using (torch.no_grad())
                Assert.False(Make(unrecorded).requires_grad);
            Assert.Equal(1, unrecorded.Disposed);
            Make(retained).sum().backward(retain_graph: true);
            Assert.Equal(0, retained.Disposed);
        }
        Assert.Equal((1, 1, 1, 1), (after.Disposed, never.Disposed, unrecorded.Disposed, retained.Disposed));
    }

    [Fact]
    public void Saving_an_own_output_makes_no_cycle()
    {
        var before = LiveTensors.Settled();
        using (torch.scope())
        {
            var x = torch.ones([2]).requires_grad_();
            Tensor y;
            using (torch.no_grad())
                y = x.exp();
            var saved = new SavedTensors(y, null);
            // never run backward: only the graph's death frees it
            Autograd.Custom([x], y, g => [saved[0] * g!], saved);
            Assert.Null(saved.Optional(1));
        }
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void Grad_of_outputs_leaves_the_gradient_slots_alone()
    {
        using var scope = torch.scope();
        var x = torch.tensor([1f, 2f]).requires_grad_();
        var unused = torch.ones([1]).requires_grad_();
        var y = x.square();
        var found = torch.grad([y], [x, unused], allow_unused: true, grad_outputs: [torch.tensor([1f, 10f])]);
        Assert.Equal([2f, 40f], found[0]!.to_array());
        Assert.Null(found[1]);
        Assert.Null(x.grad);
        Assert.Throws<Native.TorchException>(() => torch.grad([x.square().sum()], [unused]));
        x.grad = torch.tensor([5f, 5f]);
        x.square().sum().backward();
        Assert.Equal([7f, 9f], x.grad!.to_array());
        x.grad = null;
        Assert.Null(x.grad);
    }

    [Fact]
    public void Grad_mode_is_restored_by_nesting()
    {
        Assert.True(torch.is_grad_enabled());
        using (torch.no_grad())
        {
            Assert.False(torch.is_grad_enabled());
            using (torch.enable_grad())
                Assert.True(torch.is_grad_enabled());
            Assert.False(torch.is_grad_enabled());
        }
        Assert.True(torch.is_grad_enabled());
    }
}
