using RobustTickets.Kernels.Optim;
using RobustTickets.Testing;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using RobustTickets.Torch.optim;
using Xunit;

namespace RobustTickets.Kernels.Tests.Optim;

/// <summary>
/// AdamW over a store: norm, clipping, decay by name, gradients by rows, resumption.
/// </summary>
public sealed class AdamWTests : IClassFixture<OneThread>
{
    private static readonly AdamWOptions Options = new(WeightDecay: 0.1);

    [Theory]
    [InlineData("bert.embeddings.word_embeddings.weight", true)]
    [InlineData("bert.encoder.layer.0.attention.self.query.bias", false)]
    [InlineData("bert.encoder.layer.0.attention.output.LayerNorm.weight", false)]
    [InlineData("bert.encoder.layer.0.attention.self.slimming_coef", true)]
    [InlineData("classifier.weight", true)]
    public void Biases_and_layer_norms_do_not_decay_and_coefficients_do(string name, bool decays) =>
        Assert.Equal(decays, AdamW.DecaysByName(name));

    [Fact]
    public void The_norm_is_that_of_all_gradients_together_and_the_factor_limits_it()
    {
        using var net = new Net();
        using var scope = torch.scope();
        net.Backward(step: 0);
        var expected = Math.Sqrt(net.Store.Names.Sum(n => net.Gradient(n).Sum(g => (double)g * g)));
        var norm = net.Optimizer.MeasureNorm(0.5 * expected);
        Assert.Equal(expected, norm.Norm, 1e-9 * expected);
        Assert.Equal(0.5, norm.Factor, 1e-5);
        Assert.Equal(1f, net.Optimizer.MeasureNorm(2 * expected).Factor);
        Assert.Equal(1f, net.Optimizer.MeasureNorm(0).Factor);
    }

    [Fact]
    public void Clamping_limits_every_gradient_those_by_rows_too()
    {
        using var net = new Net();
        using var scope = torch.scope();
        net.Backward(step: 0);
        var before = net.Store.Names.ToDictionary(n => n, net.Gradient);
        net.Optimizer.ClampGradients(0.01);
        foreach (var (name, gradient) in before)
            Assert.Equal(gradient.Select(g => Math.Clamp(g, -0.01f, 0.01f)), net.Gradient(name));
        Assert.Contains(before["table.weight"], g => Math.Abs(g) > 0.01f);
    }

    [Fact]
    public void Every_parameter_moves_by_the_plain_statement()
    {
        using var net = new Net();
        var plain = net.Store.Names.ToDictionary(
            n => n,
            n => net.Store[n].to_array().Select(p => (P: (double)p, M: 0.0, V: 0.0)).ToArray()
        );
        for (var step = 0; step < 6; step++)
        {
            using var scope = torch.scope();
            net.Backward(step);
            foreach (var name in net.Store.Names)
            {
                var gradient = net.Gradient(name);
                var s = new AdamWStep(false, 0.01, Net.Decays(name) ? 0.1 : 0, 0.9, 0.999, 1e-8, step + 1, 0.5f);
                for (var i = 0; i < gradient.Length; i++)
                    plain[name][i] = AdamWReference.Update(
                        plain[name][i].P,
                        gradient[i],
                        plain[name][i].M,
                        plain[name][i].V,
                        s
                    );
            }
            net.Optimizer.Step(0.01, 0.5f);
            net.Store.ClearGradients();
        }
        // Both take their gradients from the network that the optimiser moved, so they part only by
        // rounding.
        foreach (var (name, values) in plain)
        {
            var found = net.Store[name].to_array();
            for (var i = 0; i < values.Length; i++)
                Assert.Equal(values[i].P, found[i], 1e-5);
        }
    }

    [Fact]
    public void Parameters_without_gradient_stay()
    {
        using var net = new Net();
        net.Store.Add("unused.weight", torch.ones([3]).requires_grad_());
        using var optimizer = new AdamW(
            net.Store,
            net.Store.Names,
            Options,
            AdamW.DecaysByName,
            backend: FusedAdamW.For(net.Store)
        );
        using var scope = torch.scope();
        net.Backward(step: 0);
        optimizer.Step(0.01, 1f);
        Assert.Equal([1f, 1f, 1f], net.Store["unused.weight"].to_array());
    }

    [Fact]
    public void A_resumed_run_goes_on_bit_for_bit()
    {
        float[] Run(int resumeAt)
        {
            var net = new Net();
            for (var step = 0; step < 8; step++)
            {
                if (step == resumeAt)
                    net = net.Reload();
                using var scope = torch.scope();
                net.Backward(step);
                net.Optimizer.Step(0.01, net.Optimizer.MeasureNorm(1).Factor);
                net.Store.ClearGradients();
            }
            Assert.Equal(8, net.Optimizer.Updates);
            float[] all = [.. net.Store.Names.SelectMany(n => net.Store[n].to_array())];
            net.Dispose();
            return all;
        }

        var whole = Run(resumeAt: -1);
        for (var at = 1; at < 8; at += 3)
            Assert.Equal(whole, Run(at));
    }

    [Fact]
    public void Moments_of_a_stranger_are_refused_and_disposal_frees_all()
    {
        using var store = new ParameterStore();
        store.Add("a.weight", torch.ones([2, 2]));
        var before = LiveTensors.Settled();
        var optimizer = new AdamW(store, store.Names, Options, AdamW.DecaysByName, backend: FusedAdamW.For(store));
        Assert.Equal(before + 2, Tensor.LiveCount);
        Assert.Throws<KeyNotFoundException>(() => optimizer.Moments("b.weight"));
        optimizer.Dispose();
        Assert.Equal(before, Tensor.LiveCount);
    }

    /// <summary>A table looked up by rows, a matrix and a bias.</summary>
    private sealed class Net : IDisposable
    {
        private const int Rows = 12,
            Columns = 5;

        public Net()
        {
            var random = new Random(1);
            Store.Add("table.weight", torch.tensor<float>(Numbers.Normal(random, Rows * Columns), Rows, Columns));
            Store.Add(
                "dense.weight",
                torch.tensor<float>(Numbers.Normal(random, 3 * Columns), 3, Columns).requires_grad_()
            );
            Store.Add("dense.bias", torch.tensor<float>(Numbers.Normal(random, 3), 3).requires_grad_());
            // Without decay the rows that never moved are skipped, so resumption has to find out
            // which did.
            Optimizer = new AdamW(Store, Store.Names, Options, Decays, backend: FusedAdamW.For(Store));
        }

        public static bool Decays(string name) => name == "dense.weight";

        public ParameterStore Store { get; } = new();

        public AdamW Optimizer { get; }

        /// <summary>Gradients of a step that looks up three rows of its own.</summary>
        public void Backward(int step)
        {
            long[] rows = [step % Rows, (step + 3) % Rows, (step + 7) % Rows];
            Array.Sort(rows);
            var looked = Store["table.weight"].index_select(0, torch.tensor<long>(rows, 3)).detach().requires_grad_();
            Store.SetRowGradient("table.weight", new RowGradient(rows, looked));
            (torch.nn.functional.linear(looked, Store["dense.weight"], Store["dense.bias"]).tanh() * 3.0)
                .sum()
                .backward();
        }

        /// <summary>Dense gradient of a parameter.</summary>
        public float[] Gradient(string name)
        {
            if (Store.RowGradientOf(name) is not { } rows)
                return Store[name].grad!.to_array();
            var dense = new float[Rows * Columns];
            var values = rows.Values.grad!.to_array();
            for (var i = 0; i < rows.Rows.Length; i++)
                values.AsSpan(i * Columns, Columns).CopyTo(dense.AsSpan((int)rows.Rows[i] * Columns));
            return dense;
        }

        /// <summary>
        /// A new network and optimiser with the state of this one, as a checkpoint gives it back.
        /// </summary>
        public Net Reload()
        {
            var copy = new Net();
            foreach (var name in Store.Names)
            {
                Store[name].span<float>().CopyTo(copy.Store[name].span<float>());
                var (from, to) = (Optimizer.Moments(name), copy.Optimizer.Moments(name));
                from.First.span<float>().CopyTo(to.First.span<float>());
                from.Second.span<float>().CopyTo(to.Second.span<float>());
            }
            copy.Optimizer.Restore(Optimizer.Updates);
            Dispose();
            return copy;
        }

        public void Dispose()
        {
            Optimizer.Dispose();
            Store.Dispose();
        }
    }
}
