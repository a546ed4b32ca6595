using RobustTickets.Torch.Native;
using Xunit;

namespace RobustTickets.Torch.Tests;

/// <summary>Managed nodes in the graph: values, order, life of what they save, errors.</summary>
public sealed class AutogradTests
{
    // y = tanh(x) * s, written by hand over tensor memory; d/dx = (1 - tanh^2) s g, d/ds = sum(tanh g).
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
        return Autograd.Custom([x, s], y, g =>
        {
            Assert.False(torch.is_grad_enabled());
            var (t, scale) = (saved[0], saved[1]);
            return [(1.0 - t.square()) * scale * g!, (t * g!).sum()];
        }, saved, "scaled tanh");
    }

    [Fact]
    public void A_managed_node_gives_the_gradients_of_aten_and_of_finite_differences()
    {
        using var scope = torch.scope();
        torch.manual_seed(1);
        var x = torch.randn([3, 4], DType.Float64).requires_grad_();
        var s = torch.scalar(0.7, DType.Float64).requires_grad_();
        var w = torch.randn([3, 4], DType.Float64);
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
}
