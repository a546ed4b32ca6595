// FLOPs by formula (docs/methods/training.md) against an independent count, per token on BERT-base
// and per epoch of a data set, from the pass counts that objectives report; and those against the
// products that ran. Mutants: weight gradients in lean ascents, no attention.
using RobustTickets.Kernels;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Models;

[Collection(TorchCollection.Name)]
public sealed class FlopCountTests
{
    private const double Share = 0.02;

    private static readonly BertConfig Base = BertConfig.Dense(
        vocabulary: 30522,
        hidden: 768,
        layers: 12,
        heads: 12,
        intermediate: 3072,
        positions: 512,
        types: 2,
        labels: 2
    );

    [Fact]
    public void Weights_and_attention_of_bert_base_are_the_published_ones()
    {
        Assert.Equal(84_934_656, FlopCount.MatrixWeights(Base));
        var batch = Batch(10, 25);
        Near(169.9e6 + (0.0369e6 * 25), FlopCount.Forward(Base, batch) / batch.Tokens);
        // Heads and neurons of EarlyRobust's tickets: 63.2, 57.6 and 68.9 million weights are left.
        foreach (var (neurons, left) in new[] { (0.3, 63.2e6), (0.4, 57.6e6), (0.2, 68.9e6) })
        {
            var ticket = Base with
            {
                HeadsPerLayer = [.. Enumerable.Repeat(10, 12)],
                NeuronsPerLayer = [.. Enumerable.Repeat((int)Math.Round(3072 * (1 - neurons)), 12)],
            };
            Near(left, FlopCount.MatrixWeights(ticket));
            var passes = new PassCounts(1, 1, 1);
            Assert.True(
                FlopCount.Step(ticket, batch, passes) < (left + 1e6) / 84.9e6 * FlopCount.Step(Base, batch, passes)
            );
        }
    }

    public static TheoryData<string, double, double> Tokens() =>
        new()
        {
            // objective, multiples of P, multiples of A
            { "clean", 6, 3 },
            { "freelb", 30, 15 },
            { "pgd", (5 * 4) + 6, 18 },
            { "pgd-usual", 36, 18 },
            { "freelb-k+1", 36, 18 },
            { "infobert", (3 * 2) + (6 * 4), 3 + (6 * 2) },
        };

    [Theory]
    [MemberData(nameof(Tokens))]
    public void A_step_costs_its_formula(string objective, double weights, double attention)
    {
        const int length = 60;
        var batch = Batch(8, length);
        double p = FlopCount.MatrixWeights(Base),
            a = 4.0 * 12 * 768 * length;
        var step = FlopCount.Step(Base, batch, Passes(objective)) / batch.Tokens;
        Assert.Equal((weights * p) + (attention * a), step, step * 1e-12);
    }

    [Theory]
    // PFLOP an epoch on packed tokens: data set, examples, mean length, sum of squares over sum of
    // lengths, then clean, FreeLB-5, PGD-5 and lean PGD-5.
    [InlineData(67_349, 13.3, 20.1, 0.46, 2.29, 2.75, 1.99)]
    [InlineData(25_000, 208.2, 224.0, 2.78, 13.9, 16.7, 12.3)]
    [InlineData(120_000, 52.7, 59.0, 3.26, 16.3, 19.6, 14.2)]
    public void An_epoch_costs_what_the_independent_count_says(
        int examples,
        double mean,
        double squares,
        double clean,
        double freelb,
        double pgd,
        double lean
    )
    {
        // Two lengths in the shares that give this mean and this ratio of squares to lengths.
        var spread = Math.Sqrt(mean * (squares - mean));
        var batch = PackedBatch.From([
            .. new[] { mean - spread, mean + spread }.Select((n, i) => Example(i, (int)Math.Round(10 * n))),
        ]);
        foreach (
            var (objective, expected) in new[]
            {
                ("clean", clean),
                ("freelb", freelb),
                ("pgd-usual", pgd),
                ("pgd", lean),
            }
        )
        {
            // The batch is ten times too long, to keep fractions of a word piece: weights scale
            // with it, attention with its square.
            var passes = Passes(objective);
            var dense = FlopCount.Step(Base, batch, passes) - Attention(batch, passes);
            Near(expected, examples / 2.0 * ((dense / 10) + (Attention(batch, passes) / 100)) / 1e15);
        }

        static double Attention(PackedBatch batch, PassCounts passes)
        {
            var nothing = passes with { WeightGradient = 0 };
            var all = FlopCount.Step(Base, batch, nothing);
            return all - (2.0 * FlopCount.MatrixWeights(Base) * batch.Tokens * (passes.Forward + passes.Backward));
        }
    }

    [Fact]
    public void Lean_ascents_save_what_the_formulas_say()
    {
        var batch = Batch(4, 20);
        Near(1.38, FlopCount.Step(Base, batch, Passes("pgd-usual", 5)) / FlopCount.Step(Base, batch, Passes("pgd", 5)));
        Near(
            1.43,
            FlopCount.Step(Base, batch, Passes("pgd-usual", 10)) / FlopCount.Step(Base, batch, Passes("pgd", 10))
        );
    }

    [Fact]
    public void Mutants_miss_the_tolerance()
    {
        var batch = Batch(4, 224);
        var lean = FlopCount.Step(Base, batch, Passes("pgd"));
        Assert.ThrowsAny<Exception>(() =>
            Near(lean, FlopCount.Step(Base, batch, Passes("pgd") with { WeightGradient = 6 }))
        );
        Assert.ThrowsAny<Exception>(() =>
            Near(FlopCount.Forward(Base, batch), 2.0 * FlopCount.MatrixWeights(Base) * batch.Tokens)
        );
    }

    [Theory]
    [MemberData(nameof(Tokens))]
    public void The_products_that_ran_are_those_that_the_passes_say(string objective, double weights, double attention)
    {
        // Every row in the last layer, so that a pass is the whole pass of the formula; attention's
        // own small products are not dense layers.
        var config = TinyBert.Dense(layers: 3, hidden: 32, heads: 4, intermediate: 80);
        KernelClock.Begin();
        var (passes, tokens) = Run(objective, config, new Execution { EveryRow = true });
        KernelClock.End();
        double formula(PassCounts p) =>
            2.0 * FlopCount.MatrixWeights(config) * tokens * (p.Forward + p.Backward + p.WeightGradient);
        Near(formula(passes), KernelClock.ProductFlops);
        Assert.Equal(
            (weights, attention),
            (
                (2.0 * (passes.Forward + passes.Backward + passes.WeightGradient)),
                (double)(passes.Forward + (2 * passes.Backward))
            )
        );
        // A count that is off by a single weight gradient, or by a pass, is noticed.
        Assert.ThrowsAny<Exception>(() =>
            Near(formula(passes with { WeightGradient = passes.WeightGradient + 1 }), KernelClock.ProductFlops)
        );
        Assert.ThrowsAny<Exception>(() =>
            Near(formula(passes with { Backward = passes.Backward - 1 }), KernelClock.ProductFlops)
        );
    }

    private static void Near(double expected, double found) =>
        Assert.True(Math.Abs(found - expected) <= Share * expected, $"{found} is not within {Share:P0} of {expected}");

    private static PackedBatch Batch(int examples, int length) =>
        PackedBatch.From([.. Enumerable.Range(0, examples).Select(i => Example(i, length))]);

    private static EncodedExample Example(int id, int length) => new(id, new int[length], new int[length], 0);

    /// <summary>What an objective reports on a tiny network.</summary>
    private static PassCounts Passes(string objective, int k = 5) =>
        Run(objective, TinyBert.Dense(), new Execution(), k).Passes;

    private static (PassCounts Passes, int Tokens) Run(
        string objective,
        BertConfig config,
        Execution execution,
        int k = 5
    )
    {
        var infobert = new InfoBertOptions(3, 0.04, 0.08, 5e-3, 5e-3, CriticHidden: 4);
        IObjective made = objective switch
        {
            "clean" => new CleanObjective(),
            "freelb" => new FreeLb(new FreeLbOptions(k, 0.02, 0.05)),
            "freelb-k+1" => new FreeLb(new FreeLbOptions(k, 0.02, 0.05, Count: FreeLbCount.KPlus1)),
            "pgd" => new Pgd(new PgdOptions(k, 0.02, 0.05)),
            "pgd-usual" => new Pgd(new PgdOptions(k, 0.02, 0.05, DeltaGradOnly: false)),
            "infobert" => new InfoBert(infobert),
            _ => throw new ArgumentException(objective),
        };
        using var model = TinyBert.New(config, execution, seed: 3);
        if (objective == "infobert")
            ObjectiveParameters.Attach(infobert, model, RandomKey.FromSeed(1));
        model.Train(_ => true);
        using var scope = torch.scope();
        var batch = PackedBatch.From(TinyBert.Examples(new Random(3), config, 4, 12));
        return (
            made.Accumulate(model, model.Prepare(batch, training: true), RandomKey.FromSeed(4), null).Passes,
            batch.Tokens
        );
    }
}
