// The fused layers against the same functions written op by op in double precision, forward and
// backward, over random shapes with tails; and what they promise about where gradients go.
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Layers;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;
using RobustTickets.Torch.Native;
using Xunit;

namespace RobustTickets.Kernels.Tests.Layers;

public sealed class FusedLayersTests : IClassFixture<OneThread>
{
    private const double Epsilon = 1e-5;

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(0, 24)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Linear_layers_equal_plain_ones(int seed) => Case.Random(seed).Compare("linear", 2e-5);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Linear_layers_with_a_residual_equal_plain_ones(int seed) =>
        Case.Random(seed).Compare("with residual", 2e-5);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Attention_output_equals_the_plain_one(int seed) => Case.Random(seed).Compare("output", 5e-5);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Feed_forward_network_equals_the_plain_one(int seed) => Case.Random(seed).Compare("feed-forward", 5e-5);

    [SkippableTheory]
    [InlineData("linear")]
    [InlineData("with residual")]
    [InlineData("output")]
    [InlineData("feed-forward")]
    public void Bfloat16_factors_stay_within_their_rounding(string layer)
    {
        Skip.If(Gemm.WhyNoBFloat16() is not null, Gemm.WhyNoBFloat16());
        // 8 bits of mantissa: every factor is off by up to 2^-9, a sum of K terms by about as much
        // of its norm.
        for (var seed = 0; seed < 8; seed++)
            Case.Random(seed).Compare(layer, 0.03, MatrixPrecision.Bf16);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("with residual")]
    [InlineData("output")]
    [InlineData("feed-forward")]
    public void A_lost_gradient_term_is_noticed(string layer) =>
        Assert.ThrowsAny<Exception>(() => Case.Random(3).Compare(layer, 5e-5, mutant: true));

    [Fact]
    public void Passes_accumulate_into_the_slot_and_a_named_gradient_leaves_it_alone()
    {
        using var scope = torch.scope();
        var c = Case.Random(5);
        var parameters = c.Parameters(DType.Float32);
        var loss = c.Fused("feed-forward", parameters, MatrixPrecision.Fp32).sum();
        var named = torch.grad([loss], [parameters["up"]], retain_graph: true)[0]!;
        Assert.Null(parameters["up"].grad);
        Assert.Null(parameters["down"].grad);
        loss.backward(retain_graph: true);
        var once = parameters["up"].grad!.to_array();
        Assert.Equal(named.to_array(), once);
        using var before = parameters["up"].grad!;
        var version = Shim.rt_version(before.Handle);
        loss.backward();
        // Who keeps what it read of a gradient sees that it grew.
        Assert.True(Shim.rt_version(before.Handle) > version);
        var twice = parameters["up"].grad!.to_array();
        for (var i = 0; i < once.Length; i++)
            Assert.Equal(2 * once[i], twice[i], 1e-5 * Math.Max(1, Math.Abs(once[i])));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_gradient_that_others_are_given_too_is_not_written_over(bool projected)
    {
        using var scope = torch.scope();
        var c = Case.Random(11);
        var p = c.Parameters(DType.Float32);
        var other = torch.zeros(p["x"].sizes).requires_grad_();
        var later = other.exp(); // recorded first, so its backward runs last
        var (outputs, residual) = FusedLayers.LinearWithResidual(
            p["x"],
            MatrixPrecision.Fp32,
            DenseWeight.Of(p["w"], p["b"], MatrixPrecision.Fp32)
        );
        var loss = ((residual + later) * 3).sum(); // the sum hands one tensor to both its terms
        if (projected)
            loss += outputs[0].sum();
        loss.backward();
        Assert.All(other.grad!.to_array(), g => Assert.Equal(3f, g));
        var expected = projected
            ? torch.ones(outputs[0].sizes).matmul(p["w"].detach()) + 3
            : torch.full(p["x"].sizes, 3);
        Near(expected.to_array(), p["x"].grad!.to_array(), 1e-5);
    }

    [Fact]
    public void Frozen_parameters_get_no_gradient_and_the_input_still_does()
    {
        using var scope = torch.scope();
        var c = Case.Random(7);
        var parameters = c.Parameters(DType.Float32);
        var full = Gradient(parameters);
        foreach (var (name, tensor) in parameters)
            if (name != "residual")
                tensor.requires_grad_(false);
        foreach (var tensor in parameters.Values)
            tensor.grad = null;
        Assert.Equal(full, Gradient(parameters));
        Assert.All(parameters.Where(p => p.Key != "residual"), p => Assert.Null(p.Value.grad));

        float[] Gradient(Dictionary<string, Tensor> p)
        {
            c.Fused("feed-forward", p, MatrixPrecision.Fp32).sum().backward();
            return p["residual"].grad!.to_array(); // the network's input
        }
    }

    [Fact]
    public void A_weight_computed_from_others_hands_its_gradient_on()
    {
        using var scope = torch.scope();
        var c = Case.Random(9);
        var parameters = c.Parameters(DType.Float32);
        var score = torch.ones(parameters["up"].sizes).requires_grad_();
        var plain = c.Fused("feed-forward", parameters, MatrixPrecision.Fp32).sum();
        var expected = torch.grad([plain], [parameters["up"]])[0]! * parameters["up"];
        c.Fused(
                "feed-forward",
                new Dictionary<string, Tensor>(parameters) { ["up"] = parameters["up"].detach() * score },
                MatrixPrecision.Fp32
            )
            .sum()
            .backward();
        Near(expected.to_array(), score.grad!.to_array(), 1e-5);
    }

    private static void Near(float[] expected, float[] found, double tolerance)
    {
        var scale = Math.Max(1.0, expected.Select(v => Math.Abs((double)v)).DefaultIfEmpty(0).Max());
        for (var i = 0; i < expected.Length; i++)
            Assert.True(
                Math.Abs(expected[i] - found[i]) <= tolerance * scale,
                $"[{i}]: {found[i]:R}, expected {expected[i]:R}"
            );
    }

    /// <summary>Random sizes and numbers of one layer.</summary>
    private sealed record Case(
        int Seed,
        int Rows,
        int Inner,
        int Hidden,
        int Neurons,
        double Dropout,
        bool Coefficients
    )
    {
        internal static Case Random(int seed)
        {
            var random = new Random(seed);
            return new Case(
                seed,
                random.Next(1, 80),
                random.Next(1, 70),
                random.Next(2, 70),
                random.Next(1, 70),
                seed % 3 == 0 ? 0 : 0.3,
                seed % 2 == 0
            );
        }

        internal Dictionary<string, Tensor> Parameters(DType dtype)
        {
            var random = new Random(Seed + 100);
            var parameters = new Dictionary<string, Tensor>();
            void Add(string name, double mean, double deviation, params ReadOnlySpan<long> shape)
            {
                var count = 1L;
                foreach (var size in shape)
                    count *= size;
                var values = Numbers.Normal(random, (int)count, deviation);
                for (var i = 0; i < values.Length; i++)
                    values[i] += (float)mean;
                parameters[name] = torch.tensor<float>(values, shape).to(dtype).requires_grad_();
            }
            Add("x", 0, 1, Rows, Inner);
            Add("w", 0, 0.3, Hidden, Inner);
            Add("w2", 0, 0.3, Neurons, Inner);
            Add("b", 0, 0.3, Hidden);
            Add("b2", 0, 0.3, Neurons);
            Add("residual", 0, 1, Rows, Hidden);
            Add("up", 0, 0.3, Neurons, Hidden);
            Add("down", 0, 0.3, Hidden, Neurons);
            Add("c", 1, 0.3, Neurons);
            Add("gamma", 1, 0.2, Hidden);
            Add("beta", 0, 0.2, Hidden);
            return parameters;
        }

        private RandomKey[] Keys => [.. Enumerable.Range(0, Rows).Select(r => RandomKey.FromSeed(Seed).Derive(r))];

        internal Tensor Fused(string layer, Dictionary<string, Tensor> p, MatrixPrecision precision)
        {
            var norm = new NormSpec(p["gamma"], p["beta"], Epsilon, Dropout, Dropout > 0 ? Keys : []);
            if (layer == "feed-forward")
                return FusedLayers.FeedForward(
                    p["residual"],
                    Weight("up", "b2"),
                    Weight("down", "b"),
                    Coefficients ? p["c"] : null,
                    norm,
                    precision
                );
            if (layer == "output")
                return FusedLayers.Output(p["x"], Weight("w", "b"), p["residual"], norm, precision);
            if (layer == "with residual")
            {
                var (projected, residual) = FusedLayers.LinearWithResidual(
                    p["x"],
                    precision,
                    Weight("w", "b"),
                    Weight("w2", "b2")
                );
                return torch.cat([.. projected, residual], 1);
            }
            var outputs = FusedLayers.Linear(p["x"], precision, Weight("w", "b"), Weight("w2", "b2"));
            return torch.cat(outputs, 1);

            DenseWeight Weight(string weight, string bias) => DenseWeight.Of(p[weight], p[bias], precision);
        }

        private Tensor Plain(string layer, Dictionary<string, Tensor> p, bool mutant)
        {
            var type = p["x"].dtype;
            if (layer == "linear")
                return torch.cat([Linear(p["x"], "w", "b"), Linear(mutant ? p["x"].detach() : p["x"], "w2", "b2")], 1);
            if (layer == "with residual")
                return torch.cat(
                    [Linear(p["x"], "w", "b"), Linear(p["x"], "w2", "b2"), mutant ? p["x"].detach() : p["x"]],
                    1
                );
            if (layer == "output")
                return Norm(Linear(p["x"], "w", "b"), mutant ? p["residual"].detach() : p["residual"]);
            var activated = torch.nn.functional.gelu(Linear(p["residual"], "up", "b2"));
            if (Coefficients)
                activated = activated * p["c"];
            return Norm(Linear(activated, "down", "b"), mutant ? p["residual"].detach() : p["residual"]);

            Tensor Linear(Tensor x, string weight, string bias) => torch.nn.functional.linear(x, p[weight], p[bias]);

            Tensor Norm(Tensor x, Tensor residual)
            {
                if (Dropout > 0)
                {
                    var mask = torch.empty([Rows, Hidden]);
                    KeyedTensors.Dropout(mask, Keys, Dropout);
                    x = x * mask.to(type);
                }
                return torch.nn.functional.layer_norm(x + residual, [Hidden], p["gamma"], p["beta"], Epsilon);
            }
        }

        internal void Compare(
            string layer,
            double tolerance,
            MatrixPrecision precision = MatrixPrecision.Fp32,
            bool mutant = false
        )
        {
            using var scope = torch.scope();
            Dictionary<string, Tensor> single = Parameters(DType.Float32),
                exact = Parameters(DType.Float64);
            var expected = Plain(layer, exact, mutant);
            var found = Fused(layer, single, precision);
            var upstream = Numbers.Normal(new Random(Seed + 200), (int)expected.numel);
            // A row of one neuron or of nearly equal entries makes the norm's derivative as large
            // as one over its deviation: the tolerance is relative to the largest entry.
            Near(expected.to(DType.Float32).to_array(), found.to_array(), tolerance);
            expected.backward(torch.tensor<float>(upstream, expected.sizes).to(DType.Float64));
            found.backward(torch.tensor<float>(upstream, expected.sizes));
            foreach (var (name, tensor) in exact)
            {
                var gradient = tensor.grad;
                Assert.Equal(gradient is null, single[name].grad is null);
                if (gradient is not null)
                    Near(
                        gradient.to(DType.Float32).to_array(),
                        single[name].grad!.to_array(),
                        tolerance * (precision == MatrixPrecision.Bf16 ? 2 : 1)
                    );
            }
        }
    }
}
