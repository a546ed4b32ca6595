// Steps of everything that is trained keep no tensor, whatever computes the layers: coefficients,
// masks over a frozen and a leaking network, a network under a fixed mask, a masked language
// model. The mutant keeps one tensor per step.
using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Masks;
using RobustTickets.Kernels.Optim;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Searches;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using RobustTickets.Tests.Objectives;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Torch.optim;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Training;

[Collection(TorchCollection.Name)]
public sealed class FlatTensorTests
{
    private const int WarmUp = 3,
        Measured = 6,
        BatchSize = 4;

    private static readonly BertConfig Config = TinyBert.Dense(dropout: 0.1);
    private static readonly OptimizerOptions Options = new(1e-3);

    public enum Trained
    {
        Slimming,
        MasksFrozen,
        MasksLeaking,
        FixedMask,
        MaskedLm,
    }

    public static TheoryData<Trained, LayerPath> Ways()
    {
        var ways = new TheoryData<Trained, LayerPath>();
        foreach (var trained in Enum.GetValues<Trained>())
        foreach (var path in Enum.GetValues<LayerPath>())
            ways.Add(trained, path);
        return ways;
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Steps_keep_no_tensor(Trained trained, LayerPath path) =>
        Assert.Equal(Enumerable.Repeat(0L, Measured), Kept(trained, new Execution(Layers: path), keep: false));

    [Theory]
    [InlineData(Trained.MasksLeaking)]
    [InlineData(Trained.MaskedLm)]
    public void A_tensor_kept_at_each_step_is_noticed(Trained trained) =>
        Assert.Equal(Enumerable.Range(1, Measured).Select(i => (long)i), Kept(trained, new Execution(), keep: true));

    /// <summary>Tensors more than after the warm-up, after each step that is measured.</summary>
    private static List<long> Kept(Trained trained, Execution execution, bool keep)
    {
        // As the search does: what leaks accumulates in dense gradients.
        using var training = new Subject(
            trained,
            execution with
            {
                DenseWordGradient = trained == Trained.MasksLeaking,
            }
        );
        var kept = new List<Tensor>();
        var counts = new List<long>();
        var live = 0L;
        for (var step = 1; step <= WarmUp + Measured; step++)
        {
            training.Step();
            if (step == WarmUp)
                live = LiveTensors.Settled();
            if (step <= WarmUp)
                continue;
            if (keep)
                kept.Add(torch.zeros([1]));
            counts.Add(Tensor.LiveCount - live);
        }
        kept.ForEach(tensor => tensor.Dispose());
        return counts;
    }

    /// <summary>One of the ways to train, on its own network.</summary>
    private sealed class Subject : IDisposable
    {
        private readonly Stack<IDisposable> _owned = [];
        private readonly Trainer _trainer;
        private readonly Func<Tensor>? _penalty;

        public Subject(Trained trained, Execution execution)
        {
            if (trained == Trained.MaskedLm)
            {
                _trainer = Own(MaskedLm(execution));
                return;
            }
            var model = Own(TinyBert.New(Config, execution, seed: 7));
            MaskGradients? rule = null;
            if (trained == Trained.Slimming)
            {
                var coefficients = SlimmingCoefficients.Attach(model);
                _penalty = () => coefficients.Penalty(new SlimmingOptions(1e-4, 1e-4));
            }
            else if (trained == Trained.FixedMask)
                FixedMasks.Attach(model, Half(model));
            else
            {
                var options = new HardConcreteOptions(0.1);
                var masks = HardConcreteMasks.Attach(model, options);
                rule = new MaskGradients(model, masks, options, total: 10, trained == Trained.MasksFrozen);
            }
            var optimizer = Own(
                Trainer.CreateOptimizer(model, Options, rule is null ? null : BertParameters.IsMaskScores)
            );
            var examples = TinyBert.Examples(new Random(7), Config, 2 * BatchSize, 20);
            _trainer = Own(
                new Trainer(
                    model,
                    ObjectiveFactory.Create(TinyRuns.Options(rule is null ? "clean" : "freelb"), TinyRuns.Hulls),
                    examples,
                    new BatchSampler(examples.Length, BatchSize, shuffle: true, RandomKey.FromSeed(1)),
                    optimizer,
                    new StagePlan("test", 1000, 1000, Options, RandomKey.FromSeed(2)),
                    rule
                )
            );
        }

        public void Step() => _trainer.Step(_penalty);

        public void Dispose()
        {
            while (_owned.TryPop(out var owned))
                owned.Dispose();
        }

        private T Own<T>(T owned)
            where T : IDisposable
        {
            _owned.Push(owned);
            return owned;
        }

        private Trainer MaskedLm(Execution execution)
        {
            var store = BertFiles.Fresh(BertShapes.OfMaskedLM(Config), Config, RandomKey.FromSeed(3));
            var model = Own(new BertForMaskedLM(store, Config, execution));
            var optimizer = Own(
                new AdamW(store, [.. store.Names], Options.AdamW(), AdamW.DecaysByName, backend: FusedAdamW.For(store))
            );
            var examples = TinyBert.Examples(new Random(7), Config, BatchSize, 20);
            var batch = PackedBatch.From(examples);
            var masked = new MaskedBatch(batch, [0, batch.Tokens - 1], [5, 6]);
            var plan = new StagePlan("test", 1000, 1000, Options, RandomKey.FromSeed(2));
            return new Trainer(new MaskedLanguageModel(model, 2, _ => masked), optimizer, plan);
        }

        // The half of the weights that are largest.
        private static WeightMask Half(BertForSequenceClassification model) =>
            WeightDraw.ByScore(
                [
                    .. FixedMasks
                        .Shapes(model)
                        .Select(s => (s.Site, model.Store[BertParameters.Weight(s.Site)], s.Shape)),
                ],
                MaskLayout.Strided,
                0.5
            );
    }
}
