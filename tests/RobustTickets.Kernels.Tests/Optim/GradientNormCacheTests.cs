// The norm of gradients whose squares were summed while threads waited: the bits of a norm that
// sums them all itself, and never those of a gradient that changed since.
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Layers;
using RobustTickets.Kernels.Optim;
using RobustTickets.Testing;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using RobustTickets.Torch.optim;
using Xunit;

namespace RobustTickets.Kernels.Tests.Optim;

public sealed class GradientNormCacheTests : IClassFixture<OneThread>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_norm_has_the_same_bits_however_many_blocks_were_summed_before(int threads) =>
        Numbers.OnThreads(
            threads,
            () =>
            {
                foreach (var blocks in new[] { 0, 1, 3, 1000 })
                {
                    using var net = new Net();
                    using var scope = torch.scope();
                    net.Backward(1);
                    for (var i = 0; i < blocks && net.Store.GradientNorms!.SumOne(); i++) { }
                    if (blocks > 0)
                        Assert.Contains(Net.Matrices, name => Known(net, name) > 0);
                    if (blocks == 1000)
                        Assert.All(
                            Net.Matrices,
                            name => Assert.Equal(AdamWKernel.SquaresBlocks(net.Store[name].numel), Known(net, name))
                        );
                    Assert.Equal(net.PlainNorm(), net.Optimizer.MeasureNorm(0).Norm);
                }
                return true;
            }
        );

    public static TheoryData<string> Changes() => ["operator", "clamp", "backward", "fresh backward", "other gradient"];

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_gradient_that_changed_is_summed_anew(string change)
    {
        using var net = new Net();
        using var scope = torch.scope();
        net.Backward(1);
        while (net.Store.GradientNorms!.SumOne()) { }
        var before = net.Optimizer.MeasureNorm(0).Norm;
        switch (change)
        {
            case "operator":
                net.Store["up"].grad!.mul_(3);
                break;
            case "clamp":
                net.Optimizer.ClampGradients(0.01);
                break;
            case "backward":
                net.Backward(2);
                break;
            case "fresh backward":
                net.Store.ClearGradients();
                net.Backward(2);
                break;
            default:
                net.Store["up"].grad = torch.ones(net.Store["up"].sizes);
                break;
        }
        Assert.NotEqual(before, net.PlainNorm());
        Assert.Equal(net.PlainNorm(), net.Optimizer.MeasureNorm(0).Norm);
    }

    [Fact]
    public void Gradients_without_elements_add_nothing()
    {
        using var scope = torch.scope();
        using var squares = new GradientNormCache();
        squares.Add(torch.zeros([0, 4]));
        squares.Add(torch.zeros([4, 0]));
        Assert.False(squares.SumOne());
        Assert.Equal(0, squares.Known(torch.zeros([0, 4])).Length);
    }

    [Fact]
    public void Nothing_is_summed_of_gradients_that_were_dropped()
    {
        using var net = new Net();
        using var scope = torch.scope();
        net.Backward(1);
        Assert.True(net.Store.GradientNorms!.SumOne());
        net.Store.ClearGradients();
        Assert.False(net.Store.GradientNorms!.SumOne());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_memory_is_held_that_was_dropped(bool byTheStore)
    {
        using var net = new Net();
        using var scope = torch.scope();
        long after = 0;
        for (var i = 0; i < 4; i++)
        {
            net.Backward(i);
            if (byTheStore)
                net.Store.ClearGradients();
            else
                foreach (var name in net.Store.Names)
                    net.Store[name].grad = null;
            if (i == 0)
                after = LiveTensors.Settled();
        }
        Assert.Equal(after, Tensor.LiveCount);
    }

    private static int Known(Net net, string name)
    {
        using var gradient = net.Store[name].grad!;
        return net.Store.GradientNorms!.Known(gradient).Length;
    }

    /// <summary>Two feed-forward networks, large enough that their products are divided.</summary>
    private sealed class Net : IDisposable
    {
        private const int T = 130,
            H = 320,
            F = 500;

        internal Net()
        {
            var random = new Random(1);
            void Add(string name, params ReadOnlySpan<long> shape)
            {
                var count = 1L;
                foreach (var size in shape)
                    count *= size;
                Store.Add(name, torch.tensor<float>(Numbers.Normal(random, (int)count, 0.1), shape).requires_grad_());
            }
            foreach (var name in new[] { "up", "up2" })
                Add(name, F, H);
            foreach (var name in new[] { "down", "down2" })
                Add(name, H, F);
            Add("bias.up", F);
            foreach (var name in new[] { "bias.down", "gamma", "beta" })
                Add(name, H);
            FusedLayers.ReserveGradients(Store, Matrices);
            Optimizer = new AdamW(
                Store,
                Store.Names,
                new AdamWOptions(),
                AdamW.DecaysByName,
                backend: FusedAdamW.For(Store)
            );
        }

        internal static string[] Matrices { get; } = ["up", "down", "up2", "down2"];

        internal ParameterStore Store { get; } = new();

        internal AdamW Optimizer { get; }

        internal void Backward(int seed)
        {
            using var scope = torch.scope();
            var x = torch.tensor<float>(Numbers.Normal(new Random(seed), T * H), T, H);
            foreach (var (up, down) in new[] { ("up", "down"), ("up2", "down2") })
            {
                var norm = new NormSpec(Store["gamma"], Store["beta"], 1e-5, 0, default);
                x = FusedLayers.FeedForward(
                    x,
                    Weight(up, "bias.up"),
                    Weight(down, "bias.down"),
                    null,
                    norm,
                    MatrixPrecision.Fp32
                );
            }
            (x * x * x).sum().backward();
        }

        /// <summary>The norm with nothing known.</summary>
        internal double PlainNorm()
        {
            using var scope = torch.scope();
            return Math.Sqrt(
                AdamWKernel.SumOfSquares([
                    .. Store
                        .Names.Select(name => Store[name].grad!)
                        .Select(g => (g.data_ptr, g.numel, default(ReadOnlyMemory<double>))),
                ])
            );
        }

        private DenseWeight Weight(string name, string bias) =>
            DenseWeight.Of(Store[name], Store[bias], MatrixPrecision.Fp32) with
            {
                Slot = Store.SlotOf(name),
            };

        public void Dispose()
        {
            Optimizer.Dispose();
            Store.Dispose();
        }
    }
}
