// Hard-concrete gates against numbers worked out from the distribution, and the
// fused kernel against plain operators, forward and backward, for single weights, strided groups
// and blocks. Each oracle rejects a named mutant.
using RobustTickets.Kernels.Masks;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Tickets;

[Collection(TorchCollection.Name)]
public sealed class HardConcreteTests
{
    private const double R0 = 0.961136,
        Ln5 = 1.609438;

    [Fact]
    public void The_start_is_ln_5_with_gates_of_0_9_and_a_penalty_of_0_9611()
    {
        Assert.Equal(Ln5, HardConcrete.ScoreOf(0.9), 6);
        using var scope = torch.scope();
        using var model = TinyBert.New(TinyBert.Dense(), new Execution(), 1);
        foreach (var average in Enum.GetValues<PenaltyAverage>())
        {
            var masks = HardConcreteMasks.Attach(model, new HardConcreteOptions(1, Average: average));
            Assert.Equal(R0, masks.PenaltyValue(), 6);
            Assert.Equal(R0, masks.Penalty().item<float>(), 5);
            Assert.All(masks.Gates(masks.Sites[0]).to_array(), gate => Assert.Equal(0.9, gate, 5));
            masks.Detach();
        }
        // Mutants: the temperature in evaluation, the penalty without its shift.
        Assert.NotEqual(0.9, Gate(Ln5 / HardConcreteKernel.Temperature), 2);
        Assert.NotEqual(R0, 1 / (1 + Math.Exp(-Ln5)), 2);

        static double Gate(double a) => Math.Clamp((1.2 / (1 + Math.Exp(-a))) - 0.1, 0, 1);
    }

    [Fact]
    public void The_averages_differ_where_matrices_differ_in_size()
    {
        using var scope = torch.scope();
        using var model = TinyBert.New(TinyBert.Dense(), new Execution(), 1);
        var found = new List<double>();
        foreach (var average in Enum.GetValues<PenaltyAverage>())
        {
            var masks = HardConcreteMasks.Attach(model, new HardConcreteOptions(1, Average: average));
            masks.Scores(masks.Sites[^1]).fill_(-5); // the pooler alone is closed
            double open = 1 / (1 + Math.Exp(-(Ln5 + Shift))),
                closed = 1 / (1 + Math.Exp(5 - Shift)),
                n = masks.Count,
                pooler = masks.Scores(masks.Sites[^1]).numel;
            var expected =
                average == PenaltyAverage.PerMatrix
                    ? ((open * (masks.Sites.Count - 1)) + closed) / masks.Sites.Count
                    : ((open * (n - pooler)) + (closed * pooler)) / n;
            Assert.Equal(expected, masks.PenaltyValue(), 6);
            Assert.Equal(expected, masks.Penalty().item<float>(), 5);
            masks.AddPenaltyGradient(lambda: 1, clip: 1);
            foreach (var site in masks.Sites)
            {
                var scores = masks.Scores(site);
                var p = site == masks.Sites[^1] ? closed : open;
                var each = average == PenaltyAverage.PerMatrix ? masks.Sites.Count * scores.numel : n;
                Assert.All(scores.grad!.to_array(), g => Assert.Equal(p * (1 - p) / each, g, 1e-8));
            }
            found.Add(masks.PenaltyValue());
            masks.Detach();
        }
        Assert.NotEqual(found[0], found[1], 3);
    }

    [Theory]
    [InlineData(20f, 1f)]
    [InlineData(-20f, 0f)]
    public void Scores_of_20_give_exact_gates_whatever_the_noise(float score, float gate)
    {
        using var scope = torch.scope();
        float[] noise = [0f, 1e-9f, 1e-4f, 0.01f, 0.3f, 0.5f, 0.7f, 0.99f, 0.9999f, 1f];
        var scores = torch.full([1, noise.Length], score);
        Assert.All(Sampled(scores, noise), m => Assert.Equal(gate, m));
        Assert.All(
            HardConcrete.Gates(scores, torch.tensor<float>(noise, 1, noise.Length)).to_array(),
            m => Assert.Equal(gate, m)
        );
        // Mutant: scores that do not saturate.
        Assert.Contains(Sampled(torch.full([1, noise.Length], score / 10), noise), m => m != gate);
    }

    [Fact]
    public void A_fresh_gate_is_exactly_1_half_the_time_and_exactly_0_one_time_in_25()
    {
        using var scope = torch.scope();
        const int n = 200_000;
        var gates = new float[n];
        var m = torch.empty([200, n / 200]);
        HardConcreteKernel.Gates(torch.full(m.shape, Ln5), GateNoise.Keyed(RandomKey.FromSeed(5)), m);
        m.span<float>().CopyTo(gates);
        // 0.5027 and 0.0393 by the distribution; six deviations of 200,000 draws. Mutant: without
        //   temperature 0.31 are exactly 1.
        Assert.InRange(gates.Count(g => g == 1) / (double)n, 0.496, 0.510);
        Assert.InRange(gates.Count(g => g == 0) / (double)n, 0.036, 0.042);
        // Another pass draws others; the same pass draws the same.
        var again = torch.empty(m.shape);
        HardConcreteKernel.Gates(torch.full(m.shape, Ln5), GateNoise.Keyed(RandomKey.FromSeed(5)), again);
        Assert.Equal(gates, again.to_array());
        HardConcreteKernel.Gates(torch.full(m.shape, Ln5), GateNoise.Keyed(RandomKey.FromSeed(6)), again);
        Assert.NotEqual(gates, again.to_array());
    }

    [Theory]
    [InlineData(1, 1, MaskLayout.Strided)]
    [InlineData(4, 2, MaskLayout.Strided)]
    [InlineData(4, 2, MaskLayout.Blocks)]
    [InlineData(1, 0, MaskLayout.Strided)]
    [InlineData(0, 0, MaskLayout.Strided)]
    public void The_kernel_computes_what_the_plain_operators_compute(int outPer, int inPer, MaskLayout layout)
    {
        using var scope = torch.scope();
        var random = new Random(3);
        var config = TinyBert.Dense(dropout: 0.1, hidden: 20, heads: 4, intermediate: 28);
        var options = new HardConcreteOptions(1, OutPerMask: outPer, InPerMask: inPer, Layout: layout);
        var examples = TinyBert.Examples(random, config, 5, 9);
        var results = new[] { new Execution(), Execution.Reference }
            .Select(execution =>
            {
                using var model = TinyBert.New(config, execution, 4);
                var masks = HardConcreteMasks.Attach(model, options);
                var scatter = new Random(8);
                foreach (var site in masks.Sites)
                    TinyBert.Normal(scatter, masks.Scores(site).numel, 0.5, 2).CopyTo(masks.Scores(site).span<float>());
                model.Train(_ => true);
                var inputs = model.Prepare(PackedBatch.From(examples), training: true);
                var logits = model.Forward(inputs, new PassOptions(true, RandomKey.FromSeed(11)));
                BertForSequenceClassification.Loss(logits, inputs).backward();
                return (Logits: logits.to_array(), Gradients: Gradients.All(model.Store));
            })
            .ToArray();
        Near(results[0].Logits, results[1].Logits, 2e-5);
        foreach (var (name, gradient) in results[0].Gradients)
            Near(gradient, results[1].Gradients[name], 2e-5);
        Assert.Contains(results[0].Gradients, g => BertParameters.IsMaskScores(g.Key) && g.Value.Any(x => x != 0));
    }

    [Fact]
    public void The_gradient_of_a_gate_is_that_of_finite_differences_and_zero_where_it_is_clamped()
    {
        using var scope = torch.scope();
        float[] scores = [-9, -3, -1, 0, 0.5f, 1, 2, 9],
            noise = [0.1f, 0.4f, 0.5f, 0.6f, 0.3f, 0.55f, 0.2f, 0.9f];
        const double h = 1e-3;
        var gradient = torch.empty([1, 8]);
        HardConcreteKernel.Backward(
            torch.ones([1, 8]),
            torch.ones([1, 8]),
            torch.tensor<float>(scores, 1, 8),
            new GateNoise(true, default, torch.tensor<float>(noise, 1, 8)),
            MaskLayout.Strided,
            gradient,
            null
        );
        for (var i = 0; i < 8; i++)
        {
            var expected = (Gate(scores[i] + h, noise[i]) - Gate(scores[i] - h, noise[i])) / (2 * h);
            Assert.Equal(expected, gradient.to_array()[i], 4);
        }
        Assert.Equal(0f, gradient.to_array()[0]);
        Assert.Equal(0f, gradient.to_array()[7]);
        // Mutant: the temperature left out.
        Assert.NotEqual(
            Gate(0.5, 0.3),
            Math.Clamp((1.2 / (1 + Math.Exp(-(Math.Log(0.3 / 0.7) + 0.5)))) - 0.1, 0, 1),
            2
        );

        static double Gate(double a, double u) =>
            Math.Clamp((1.2 / (1 + Math.Exp(-(Math.Log(u / (1 - u)) + a) * 1.5))) - 0.1, 0, 1);
    }

    [Theory]
    [InlineData(RampClock.Intended, 0.1, 0.4)]
    [InlineData(RampClock.AuthorsCode, 0.1 / 3, 0.4 / 3)]
    public void The_ramp_of_lambda_lies_where_it_is_said_to_lie(RampClock clock, double begins, double ends)
    {
        const double total = 3000;
        var options = new HardConcreteOptions(0.5, Ramp: clock);
        Assert.Equal(0, options.PenaltyAt((long)(begins * total), total), 12);
        Assert.Equal(0.25, options.PenaltyAt((long)Math.Round((begins + ends) / 2 * total), total), 3);
        Assert.Equal(0.5, options.PenaltyAt((long)(ends * total) + 1, total), 12);
        Assert.True(options.PenaltyAt((long)(begins * total) + 2, total) > 0);
        // Mutant: the other clock.
        var other = options with
        {
            Ramp = clock == RampClock.Intended ? RampClock.AuthorsCode : RampClock.Intended,
        };
        Assert.NotEqual(0.25, other.PenaltyAt((long)Math.Round((begins + ends) / 2 * total), total), 2);
    }

    [Fact]
    public void The_ramp_leads_from_its_first_to_its_last_factor()
    {
        // A ramp over steps 3 to 6 of 20, of weight 10.
        var options = new HardConcreteOptions(10, RampStart: 0.1, RampLength: 0.2, RampFrom: 0.2, RampTo: 0.9);
        double[] expected = [2, 2, 3.75, 5.5, 7.25, 9, 9];
        Assert.All(expected.Index(), e => Assert.Equal(e.Item, options.PenaltyAt(e.Index + 1, 20), 12));
    }

    [Fact]
    public void The_penalty_joins_after_clipping()
    {
        using var scope = torch.scope();
        using var model = TinyBert.New(TinyBert.Dense(), new Execution(), 1);
        var masks = HardConcreteMasks.Attach(model, new HardConcreteOptions(1));
        model.Train(BertParameters.IsMaskScores);
        masks.Penalty().backward();
        var alone = Gradients.All(model.Store);
        foreach (var site in masks.Sites)
            masks.Scores(site).grad = torch.full(masks.Scores(site).shape, 3);
        masks.AddPenaltyGradient(lambda: 2, clip: 0.5f);
        foreach (var site in masks.Sites)
        {
            var name = BertParameters.MaskScores(site);
            Near(Gradients.Of(model.Store, name), Array.ConvertAll(alone[name], g => 1.5f + (2 * g)), 1e-6);
            // Mutant: clipped with the rest.
            Assert.True(Math.Abs(Gradients.Of(model.Store, name)[0] - (0.5 * (3 + (2 * alone[name][0])))) > 0);
        }
    }

    private static double Shift =>
        -HardConcreteKernel.Temperature * Math.Log(-HardConcreteKernel.Low / HardConcreteKernel.High);

    private static float[] Sampled(Tensor scores, float[] noise)
    {
        var gates = torch.empty(scores.shape);
        HardConcreteKernel.Gates(
            scores,
            new GateNoise(true, default, torch.tensor<float>(noise, 1, noise.Length)),
            gates
        );
        return gates.to_array();
    }

    private static void Near(float[] found, float[] expected, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < found.Length; i++)
            Assert.True(
                Math.Abs(found[i] - expected[i]) <= tolerance,
                $"[{i}] is {found[i]:R}, expected {expected[i]:R}"
            );
    }
}
