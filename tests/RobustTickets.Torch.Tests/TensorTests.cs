using RobustTickets.Torch.Native;
using Xunit;

namespace RobustTickets.Torch.Tests;

/// <summary>
/// Memory, shapes, conversions and the operators' argument order, against values worked out by
/// hand.
/// </summary>
public sealed class TensorTests
{
    private static Tensor Grid(int rows, int columns) =>
        torch.tensor(Enumerable.Range(0, rows * columns).Select(i => (float)i).ToArray(), rows, columns);

    [Fact]
    public void Metadata_and_memory_are_those_of_the_values_given()
    {
        using var scope = torch.scope();
        var x = Grid(2, 3);
        Assert.Equal([2L, 3L], x.shape);
        Assert.Equal((2, 6L, 3L, 2L), (x.dim, x.numel, x.size(-1), x.size(0)));
        Assert.Equal(DType.Float32, x.dtype);
        Assert.Equal(Device.Cpu, x.device);
        x.span<float>()[4] = 40;
        Assert.Equal([0f, 1, 2, 3, 40, 5], x.to_array());
        Assert.Equal([0f, 3, 1, 40, 2, 5], x.t().to_array());
        Assert.False(x.t().is_contiguous);
        Assert.Throws<InvalidOperationException>(() =>
        {
            x.t().span<float>();
        });
        Assert.Throws<InvalidOperationException>(() =>
        {
            x.span<long>();
        });
        Assert.Throws<ArgumentOutOfRangeException>(() => x.size(2));
        Assert.Throws<ArgumentException>(() => torch.tensor([1f, 2f], 3));
        Assert.Equal(0, torch.tensor(ReadOnlySpan<float>.Empty, 0, 4).numel);
        Assert.Equal([], torch.scalar(3).shape);
    }

    [Theory]
    [
        InlineData(DType.Float32),
        InlineData(DType.Float64),
        InlineData(DType.Float16),
        InlineData(DType.BFloat16),
        InlineData(DType.Int64)
    ]
    [InlineData(DType.Int32), InlineData(DType.Int16), InlineData(DType.Int8), InlineData(DType.UInt8)]
    public void Small_whole_numbers_survive_every_dtype(object boxedDtype)
    {
        var dtype = (DType)boxedDtype;
        using var scope = torch.scope();
        var x = torch.tensor([1f, 2, 100]).to(dtype);
        Assert.Equal(dtype, x.dtype);
        Assert.Equal([1L, 2, 100], x.to_array<long>());
        Assert.Equal(100, x.select(0, 2).item<int>());
        Assert.Equal(3L * dtype.Size(), x.numel * x.dtype.Size());
        Assert.Equal([false, true, true], (x - 1).to(DType.Bool).to_array<bool>());
    }

    [Fact]
    public void Arithmetic_follows_the_signs_and_orders_of_mathematics()
    {
        using var scope = torch.scope();
        var a = torch.tensor([1f, -2, 4]);
        var b = torch.tensor([2f, 5, -8]);
        Assert.Equal([-1f, -7, 12], (a - b).to_array());
        Assert.Equal([0.5f, -0.4f, -0.5f], (a / b).to_array());
        Assert.Equal([9f, 12, 6], (10.0 - a).to_array());
        Assert.Equal([1f, -0.5f, 0.25f], (1.0 / a).to_array());
        Assert.Equal([-1f, 2, -4], (-a).to_array());
        Assert.Equal([1f, 4, 16], a.pow(2).to_array());
        Assert.Equal([7f, 13, -20], a.clone().add_(b, 3).to_array());
        Assert.Equal([-5f, -17, 28], a.clone().sub_(b, 3).to_array());
        Assert.Equal([5f, -22, -60], a.clone().addcmul_(a, b, 2).to_array());
        Assert.Equal([2f, -2.8f, 3f], a.clone().addcdiv_(a, b, 2).to_array());
        Assert.Equal([1f, -1, 2], a.clamp(-1, 2).to_array());
        Assert.Equal([1f, 0, 4], a.clamp(min: 0).to_array());
        Assert.Equal([true, false, true], a.gt(0).to_array<bool>());
        Assert.Equal([true, true, false], a.le(b).to_array<bool>());
        Assert.Equal(DType.Int64, (torch.arange(3) * 2 + 1).dtype);
        Assert.Equal(
            [true, false, false],
            torch.tensor([1f, float.NaN, float.PositiveInfinity]).isfinite().to_array<bool>()
        );
        Assert.False(a.allclose(a + float.NaN, 1, 1));
    }

    [Fact]
    public void Products_agree_with_sums_of_products()
    {
        using var scope = torch.scope();
        var a = Grid(2, 3);
        var b = Grid(3, 2);
        Assert.Equal([10f, 13, 28, 40], a.mm(b).to_array());
        Assert.Equal([10f, 13, 28, 40], a.matmul(b).to_array());
        Assert.Equal([21f, 27, 57, 81], torch.ones([2]).addmm(a, b, 1, 2).to_array());
    }

    [Fact]
    public void Shapes_and_indexing()
    {
        using var scope = torch.scope();
        var x = Grid(3, 4);
        Assert.Equal([4L, 3L], x.transpose(0, 1).shape);
        Assert.Equal([2L, 6], x.reshape(2, -1).shape);
        Assert.Equal([4f, 5, 6, 7], x.select(0, 1).to_array());
        Assert.Equal([1f, 2, 5, 6, 9, 10], x.narrow(1, 1, 2).to_array());
        Assert.Equal([0f, 2, 4, 6, 8, 10], x.slice(1, 0, 4, 2).to_array());
        Assert.Equal([8f, 9, 10, 11, 0, 1, 2, 3], x.index_select(0, torch.tensor([2L, 0])).to_array());
        Assert.Equal([1f, 4, 11], x.gather(1, torch.tensor([1L, 0, 3], 3, 1)).to_array());
        Assert.Equal([5f, 8], x.index(torch.tensor([1L, 2]), torch.tensor([1L, 0])).to_array());
        Assert.Equal([2f, 6, 10], x.index(null, torch.tensor([2L])).to_array());
        Assert.Equal(
            [0f, 7, 0, 0, 0, 9],
            torch.zeros([2, 3]).scatter_(1, torch.tensor([1L, 2], 2, 1), torch.tensor([7f, 9], 2, 1)).to_array()
        );
        Assert.Equal([-1f, 1, 2], Grid(1, 3).masked_fill(torch.tensor([true, false, false]), -1).to_array());
        Assert.Equal(
            [1f, 20],
            torch.where(torch.tensor([true, false]), torch.tensor([1f, 2]), torch.tensor([10f, 20])).to_array()
        );
        Assert.Equal([0f, 1, 2, 3, 0, 1, 2, 3], Grid(1, 4).expand(2, -1).to_array());
        Assert.Equal([2L, 3, 4], torch.stack([x, x]).shape);
        Assert.Equal([3L, 8], torch.cat([x, x], 1).shape);
        var pieces = x.split([1, 3], 1);
        Assert.Equal([0f, 4, 8], pieces[0].to_array());
        Assert.Equal([3L, 3], pieces[1].shape);
        // More numbers than a call keeps inline.
        var many = torch.zeros([100, 2]).split(Enumerable.Repeat(1L, 100).ToArray());
        Assert.Equal(100, many.Length);
    }

    [Fact]
    public void Reductions_take_their_dimensions()
    {
        using var scope = torch.scope();
        var x = Grid(2, 3);
        Assert.Equal(15, x.sum().item<float>());
        Assert.Equal([3f, 5, 7], x.sum(0).to_array());
        Assert.Equal([2L, 1], x.sum(1, keepdim: true).shape);
        Assert.Equal([1f, 4], x.mean(1).to_array());
        Assert.Equal(15, x.sum([0, 1]).item<float>());
        Assert.Equal([1f, 1], x.var(1).to_array());
        Assert.Equal([2 / 3f, 2 / 3f], x.var(1, correction: 0).to_array());
        Assert.Equal(Math.Sqrt(55), x.norm().item<double>(), 1e-5);
        Assert.Equal([3f, MathF.Sqrt(17), MathF.Sqrt(29)], x.norm(2, [0]).to_array());
        Assert.Equal(5, x.norm(double.PositiveInfinity).item<float>());
        var (values, where) = x.max(1);
        Assert.Equal([2f, 5], values.to_array());
        Assert.Equal([2L, 2], where.to_array<long>());
        Assert.Equal([0L, 1, 2, 3, 4, 5], x.flatten().sort().indices.to_array<long>());
        Assert.Equal(Math.Log(Math.Exp(0) + Math.Exp(1) + Math.Exp(2)), x.logsumexp(1).to_array()[0], 1e-6);
        Assert.Equal(1.0, x.softmax(1).sum(1).to_array()[1], 1e-6);
        Assert.True(x.ge(0).all().item<bool>());
        Assert.False(x.gt(5).any().item<bool>());
    }

    [Fact]
    public void Activations_match_their_formulas()
    {
        using var scope = torch.scope();
        double[] at = [-3, -0.5, 0, 0.7, 4];
        var x = torch.tensor(at);
        double Phi(double v) => 0.5 * (1 + Erf(v / Math.Sqrt(2)));
        void Same(Func<double, double> formula, Tensor got, double tolerance = 1e-12)
        {
            var values = got.to_array<double>();
            for (var i = 0; i < at.Length; i++)
                Assert.Equal(formula(at[i]), values[i], tolerance);
        }

        Same(v => v * Phi(v), x.gelu(), 1e-9);
        Same(Math.Tanh, x.tanh());
        Same(v => 1 / (1 + Math.Exp(-v)), x.sigmoid());
        Same(v => Math.Log(1 + Math.Exp(v)), x.softplus());
        Same(v => Math.Max(v, 0), x.relu());
        Same(v => Math.Sign(v), x.sign());
        // Mutant: the tanh approximation of GELU differs by more than the tolerance.
        Assert.NotEqual(
            at[3] * Phi(at[3]),
            0.5 * at[3] * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (at[3] + 0.044715 * Math.Pow(at[3], 3)))),
            1e-9
        );
    }

    // Maclaurin series; exact to double precision for |v| < 3.
    private static double Erf(double v)
    {
        double sum = v,
            term = v;
        for (var n = 1; n < 200; n++)
        {
            term *= -v * v / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    [Fact]
    public void Layer_functions_match_their_formulas()
    {
        using var scope = torch.scope();
        var x = torch.tensor([1.0, 2, 6], 1, 3);
        var got = torch
            .nn.functional.layer_norm(x, [3], torch.tensor([1.0, 2, 3]), torch.tensor([0.0, 1, 0]), 1e-12)
            .to_array<double>();
        var sd = Math.Sqrt(14.0 / 3);
        Assert.Equal([-2 / sd, 1 + 2 * -1 / sd, 3 * 3 / sd], got, (a, b) => Math.Abs(a - b) < 1e-9);
        var table = Grid(4, 2).requires_grad_();
        var rows = torch.nn.functional.embedding(table, torch.tensor([3L, 0, 3], 3), padding_idx: 0);
        Assert.Equal([6f, 7, 0, 1, 6, 7], rows.to_array());
        rows.sum().backward();
        Assert.Equal([0f, 0, 0, 0, 0, 0, 2, 2], table.grad!.to_array());
        var logits = torch.tensor([2.0, 0, 0, 1], 2, 2);
        var labels = torch.tensor([0L, -100], 2);
        var one = Math.Log(1 + Math.Exp(-2));
        Assert.Equal(one, torch.nn.functional.cross_entropy(logits, labels).item<double>(), 1e-9);
        Assert.Equal(
            [one, 0],
            torch.nn.functional.cross_entropy(logits, labels, Reduction.None).to_array<double>(),
            (a, b) => Math.Abs(a - b) < 1e-9
        );
        Assert.Equal(
            Math.Log(1 + Math.Exp(2)),
            torch
                .nn.functional.cross_entropy(logits, torch.tensor([1L, -1], 2), Reduction.Sum, ignore_index: -1)
                .item<double>(),
            1e-9
        );
    }

    [Fact]
    public void A_failure_names_the_operator_the_shapes_and_libtorchs_reason()
    {
        using var scope = torch.scope();
        var e = Assert.Throws<TorchException>(() => Grid(2, 3).mm(Grid(2, 3)));
        Assert.Equal("aten::mm", e.Operation);
        Assert.Equal("[2, 3] float32, [2, 3] float32", e.Arguments);
        Assert.Contains("cannot be multiplied", e.NativeText);
        Assert.Contains("(1, -7)", Assert.Throws<TorchException>(() => Grid(2, 3).view(1, -7)).Message);
        Assert.Contains("[2, 3]", Assert.Throws<TorchException>(() => torch.cat([Grid(2, 3), Grid(3, 2)])).Message);
        Assert.Throws<TorchException>(() => torch.arange(3).requires_grad_());
        Assert.Contains(
            "no operator aten::nonsense",
            Assert.Throws<TorchException>(() => new OpCall(new Op("aten::nonsense", "", 1)).Run()).Message
        );
    }

    [Fact]
    public void Random_state_is_restored_exactly()
    {
        using var scope = torch.scope();
        torch.manual_seed(42);
        var state = torch.get_rng_state();
        var first = torch.empty([5]).normal_().to_array();
        Assert.NotEqual(first, torch.empty([5]).normal_().to_array());
        torch.set_rng_state(state);
        Assert.Equal(first, torch.empty([5]).normal_().to_array());
        torch.manual_seed(42);
        Assert.Equal(first, torch.empty([5]).normal_().to_array());
    }
}
