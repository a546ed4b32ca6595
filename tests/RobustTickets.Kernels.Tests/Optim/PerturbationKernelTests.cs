using RobustTickets.Kernels.Optim;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Optim;

/// <summary>The adversary's arithmetic.</summary>
public sealed class PerturbationKernelTests
{
    private const int Hidden = 64;

    private static readonly int[] Offsets = [0, 1, 31, 43, 113];

    [Fact]
    public void A_start_has_the_expected_length_whatever_the_length_of_the_text()
    {
        const double magnitude = 0.05;
        using var scope = torch.scope();
        var delta = Noise();
        PerturbationKernel.Start(delta, Offsets, magnitude, linf: false);
        foreach (var (norm, entries) in Norms(delta.to_array()))
        {
            // A uniform square has mean 1/3 and variance 4/45; the norm's relative spread is half
            // the sum's.
            Assert.Equal(magnitude / Math.Sqrt(3), norm, 4 * magnitude / Math.Sqrt(3) * 0.5 * Math.Sqrt(0.8 / entries));
        }
    }

    [Fact]
    public void A_start_in_the_largest_entry_is_scaled_alone()
    {
        using var scope = torch.scope();
        var delta = Noise();
        var noise = delta.to_array();
        PerturbationKernel.Start(delta, Offsets, 0.02, linf: true);
        Assert.Equal(noise.Select(u => u * 0.02f), delta.to_array());
    }

    [Fact]
    public void A_step_has_length_eta_along_the_gradient_of_each_example()
    {
        const double eta = 0.03;
        using var scope = torch.scope();
        var delta = Noise();
        var before = delta.to_array();
        // One example's gradient is a thousand times another's: each is normalised by itself.
        var gradient = Numbers.Normal(new Random(2), before.Length, 1e-3);
        for (var j = Offsets[1] * Hidden; j < Offsets[2] * Hidden; j++)
            gradient[j] *= 1000;
        PerturbationKernel.Ascend(
            delta,
            torch.tensor<float>(gradient, delta.shape),
            Offsets,
            eta,
            maxNorm: 0,
            linf: false
        );
        var step = delta.to_array().Zip(before, (a, b) => a - b).ToArray();
        foreach (var (norm, _) in Norms(step))
            Assert.Equal(eta, norm, 1e-5 * eta + 1e-7);
        for (var s = 0; s + 1 < Offsets.Length; s++)
        {
            var (g, d) = (Example(gradient, s), Example(step, s));
            Assert.Equal(1, g.Zip(d).Sum(p => (double)p.First * p.Second) / (Length(g) * Length(d)), 1e-5);
        }
    }

    [Fact]
    public void A_step_in_the_largest_entry_moves_by_eta_there()
    {
        using var scope = torch.scope();
        var delta = Noise();
        var before = delta.to_array();
        var gradient = Numbers.Normal(new Random(3), before.Length);
        PerturbationKernel.Ascend(
            delta,
            torch.tensor<float>(gradient, delta.shape),
            Offsets,
            0.01,
            maxNorm: 0,
            linf: true
        );
        var step = delta.to_array().Zip(before, (a, b) => a - b).ToArray();
        for (var s = 0; s + 1 < Offsets.Length; s++)
            Assert.Equal(0.01, Example(step, s).Max(Math.Abs), 1e-6);
    }

    [Fact]
    public void A_step_along_signs_moves_every_entry_by_eta_and_leaves_those_without_gradient()
    {
        using var scope = torch.scope();
        var delta = torch.zeros([Offsets[^1], Hidden]);
        var gradient = Numbers.Normal(new Random(6), (int)delta.numel);
        gradient[3] = 0;
        PerturbationKernel.Ascend(
            delta,
            torch.tensor<float>(gradient, delta.shape),
            Offsets,
            0.01,
            maxNorm: 0,
            linf: true,
            sign: true
        );
        Assert.Equal(gradient.Select(g => 0.01f * MathF.Sign(g)), delta.to_array());
    }

    [Fact]
    public void A_cube_clamps_every_entry_by_itself()
    {
        const double radius = 0.015;
        using var scope = torch.scope();
        var (delta, free) = (torch.zeros([Offsets[^1], Hidden]), torch.zeros([Offsets[^1], Hidden]));
        var gradient = torch.tensor<float>(Numbers.Normal(new Random(7), (int)delta.numel), delta.shape);
        for (var t = 0; t < 3; t++)
        {
            PerturbationKernel.Ascend(delta, gradient, Offsets, 0.01, radius, linf: true);
            PerturbationKernel.Ascend(free, gradient, Offsets, 0.01, maxNorm: 0, linf: true);
        }
        Assert.Equal(free.to_array().Select(x => Math.Clamp(x, (float)-radius, (float)radius)), delta.to_array());
        Assert.Contains(free.to_array(), x => Math.Abs(x) > radius);
        Assert.Contains(free.to_array(), x => Math.Abs(x) is > 1e-4f and < (float)radius);
    }

    [Fact]
    public void Projection_brings_back_what_left_the_ball_and_nothing_else()
    {
        const double radius = 0.07;
        using var scope = torch.scope();
        var delta = Noise();
        PerturbationKernel.Start(delta, Offsets, 0.05, linf: false);
        var start = delta.to_array();
        var gradient = torch.tensor<float>(Numbers.Normal(new Random(4), start.Length), delta.shape);
        var free = torch.tensor<float>(start, delta.shape);
        PerturbationKernel.Ascend(free, gradient, Offsets, 0.03, maxNorm: 0, linf: false);
        PerturbationKernel.Ascend(delta, gradient, Offsets, 0.03, radius, linf: false);
        Assert.Equal(free.to_array(), delta.to_array()); // about sqrt(0.029^2 + 0.03^2): still inside

        for (var t = 0; t < 4; t++)
            PerturbationKernel.Ascend(delta, gradient, Offsets, 0.03, radius, linf: false);
        foreach (var (norm, _) in Norms(delta.to_array()))
            Assert.Equal(radius, norm, 1e-6);
    }

    [Fact]
    public void Gradients_that_are_no_numbers_or_nothing_leave_an_example_where_it_is()
    {
        foreach (var linf in new[] { false, true })
        {
            using var scope = torch.scope();
            var delta = Noise();
            var before = delta.to_array();
            var gradient = Numbers.Normal(new Random(5), before.Length);
            gradient[5] = float.NaN;
            gradient[Offsets[1] * Hidden] = float.PositiveInfinity;
            for (var j = Offsets[2] * Hidden; j < Offsets[3] * Hidden; j++)
                gradient[j] = 0;
            PerturbationKernel.Ascend(delta, torch.tensor<float>(gradient, delta.shape), Offsets, 0.03, 0, linf);
            var after = delta.to_array();
            for (var s = 0; s < 3; s++)
                Assert.Equal(Example(before, s), Example(after, s));
            Assert.NotEqual(Example(before, 3), Example(after, 3));
        }
    }

    [Fact]
    public void Tiny_gradients_count_as_if_their_norm_were_the_smallest_allowed()
    {
        using var scope = torch.scope();
        var delta = torch.zeros([1, Hidden]);
        var gradient = torch.full([1, Hidden], 1e-10);
        PerturbationKernel.Ascend(delta, gradient, [0, 1], 0.03, 0, linf: false);
        Assert.All(delta.to_array(), d => Assert.Equal(0.03 * 1e-10 / PerturbationKernel.SmallestNorm, d, 1e-9));
    }

    private static Tensor Noise()
    {
        var delta = torch.empty([Offsets[^1], Hidden]);
        KeyedTensors.UniformSigned(
            delta,
            [.. Enumerable.Range(0, Offsets[^1]).Select(t => RandomKey.FromSeed(9).Derive(t))]
        );
        return delta;
    }

    private static IEnumerable<(double Norm, int Entries)> Norms(float[] values) =>
        Enumerable.Range(0, Offsets.Length - 1).Select(s => Example(values, s)).Select(e => (Length(e), e.Length));

    private static float[] Example(float[] values, int s) => values[(Offsets[s] * Hidden)..(Offsets[s + 1] * Hidden)];

    private static double Length(float[] values) => Math.Sqrt(values.Sum(x => (double)x * x));
}
