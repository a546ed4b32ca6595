// Oracles for structured tickets: facts that need no reference run, each a judge that the code
// passes and named mutants fail. Elsewhere: FreeLB(K=1, eps0=0) and PGD(K=0, eps0=0) are the clean
// step (FreeLbTests, PgdTests), coefficient 0 is the cut (SlicingTests).
using RobustTickets.Kernels.Optim;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Torch.optim;
using Xunit;

namespace RobustTickets.Tests.Objectives;

[Collection(TorchCollection.Name)]
public sealed class OracleTests
{
    private const double Eps0 = 0.05,
        Eta = 0.03;

    [Fact]
    public void Ratios_prune_the_published_counts()
    {
        Judge(DrawRule.PrunedCount).Holds();
        Judge((n, r) => (int)Math.Floor(r * n)).Fails("floor(r n)");
        Judge((n, r) => (int)Math.Floor(r * (n - 1))).Fails("what lies below the quantile without the unit at it");
        Judge((n, r) => (int)Math.Ceiling(r * n) + 1).Fails("one more");

        static Verdict Judge(Func<int, double, int> count) =>
            new(
                (count(144, 0.166667), count(36_864, 0.4), count(36_864, 0.3), count(36_864, 0.2))
                    == (24, 14_746, 11_059, 7_373),
                "24 / 14746 / 11059 / 7373"
            );
    }

    [Fact]
    public void The_start_has_expected_length_eps0_over_root_3()
    {
        Judge((delta, offsets) => PerturbationKernel.Start(delta, offsets, Eps0, linf: false)).Holds();
        Judge((delta, offsets) => PerturbationKernel.Start(delta, [0, offsets[^1]], Eps0, linf: false))
            .Fails("divided by the length of the batch");
        Judge((delta, _) => delta.mul_(Eps0 / Math.Sqrt(Hidden))).Fails("length of the text forgotten");
        Judge((delta, offsets) => PerturbationKernel.Start(delta, offsets, Eps0 / Math.Sqrt(3), linf: false))
            .Fails("divided by root 3 once more");

        static Verdict Judge(Action<Tensor, int[]> start)
        {
            using var scope = torch.scope();
            var delta = torch.empty([Offsets[^1], Hidden]);
            KeyedTensors.UniformSigned(
                delta,
                [.. Enumerable.Range(0, Offsets[^1]).Select(t => RandomKey.FromSeed(9).Derive(t))]
            );
            start(delta, Offsets);
            return new(
                Lengths(delta.to_array()).All(l => Math.Abs(l - (Eps0 / Math.Sqrt(3))) < 0.02 * Eps0),
                "eps0 / sqrt 3 for texts of every length"
            );
        }
    }

    [Fact]
    public void An_unbounded_ascent_moves_every_example_by_exactly_eta()
    {
        Judge((delta, g) => PerturbationKernel.Ascend(delta, g, Offsets, Eta, 0, linf: false)).Holds();
        Judge((delta, g) => PerturbationKernel.Ascend(delta, g, [0, Offsets[^1]], Eta, 0, linf: false))
            .Fails("one norm over the batch");
        Judge((delta, g) => PerturbationKernel.Ascend(delta, g, Offsets, Eta, 0, linf: true))
            .Fails("the largest entry for the norm");
        Judge((delta, g) => PerturbationKernel.Ascend(delta, g, Offsets, Eta, Eta / 2, linf: false)).Fails("projected");

        static Verdict Judge(Action<Tensor, Tensor> ascend)
        {
            using var scope = torch.scope();
            var delta = torch.zeros([Offsets[^1], Hidden]);
            ascend(
                delta,
                torch.tensor<float>(TinyBert.Normal(new Random(1), delta.numel, deviation: 1e-3), delta.shape)
            );
            return new(Lengths(delta.to_array()).All(l => Math.Abs(l - Eta) < 1e-6), "eta per example");
        }
    }

    [Fact]
    public void The_rate_is_0_at_the_start_peaks_after_the_warm_up_and_is_0_at_the_end()
    {
        const double total = 3125,
            warmup = 312.5;
        Judge(done => Schedule.Linear(done, warmup, total)).Holds();
        Judge(done => Schedule.Linear(done + 1, warmup, total)).Fails("one step late");
        Judge(done => Schedule.Linear(done, 0, total)).Fails("no warm-up");
        Judge(done => Schedule.Linear(done, warmup, 0.9 * total)).Fails("a shorter horizon");

        static Verdict Judge(Func<long, double> rate) =>
            new(
                rate(0) == 0
                    && rate((long)warmup) > 1 - (1 / warmup)
                    && rate((long)warmup + 1) > 1 - (1 / warmup)
                    && rate(3125) == 0
                    && rate(3124) > 0,
                "0, peak, 0"
            );
    }

    [Fact]
    public void Expected_lengths_bound_the_perturbation_of_a_step()
    {
        // |delta_K| <= eps0 / sqrt 3 (in expectation) + (K - 1) eta, whatever the network; a mutant
        //   with an ascent too many passes it.
        foreach (var (steps, noticed) in new[] { (4, false), (7, true) })
        {
            var config = TinyBert.Dense(hidden: 64);
            using var model = TinyBert.New(config, new Execution(), seed: 3);
            model.Train(_ => true);
            using var scope = torch.scope();
            var batch = PackedBatch.From(TinyBert.Examples(new Random(3), config, 6, 25));
            Tensor? kept = null;
            var noise = new FreeLb(
                new FreeLbOptions(steps, Eta, Eps0),
                b =>
                {
                    kept = torch.empty([b.Tokens, config.Hidden]).keep();
                    KeyedTensors.UniformSigned(
                        kept,
                        [.. Enumerable.Range(0, b.Tokens).Select(t => RandomKey.FromSeed(9).Derive(t))]
                    );
                    return kept;
                }
            );
            noise.Accumulate(model, model.Prepare(batch, training: true), RandomKey.FromSeed(4), null);
            using (kept)
            {
                var hidden = config.Hidden;
                var values = kept!.to_array();
                var longest = Enumerable
                    .Range(0, batch.Count)
                    .Max(b =>
                        Gradients.L2(
                            values.AsSpan(batch.Offsets[b] * hidden, (batch.Offsets[b + 1] - batch.Offsets[b]) * hidden)
                        )
                    );
                Assert.Equal(noticed, longest > (1.1 * Eps0 / Math.Sqrt(3)) + (3 * Eta));
            }
        }
    }

    private const int Hidden = 256;

    private static readonly int[] Offsets = [0, 3, 33, 45, 115];

    private static IEnumerable<double> Lengths(float[] values) =>
        Enumerable
            .Range(0, Offsets.Length - 1)
            .Select(s => Gradients.L2(values.AsSpan(Offsets[s] * Hidden, (Offsets[s + 1] - Offsets[s]) * Hidden)));

    private sealed record Verdict(bool Right, string Fact)
    {
        public void Holds() => Assert.True(Right, Fact);

        public void Fails(string mutant) => Assert.False(Right, $"the mutant '{mutant}' passes too: {Fact}");
    }
}
