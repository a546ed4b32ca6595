// The loop: schedule, clipping, refusal of numbers that are none, and the same result on one thread
// and on two.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Torch.optim;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Training;

[Collection(TorchCollection.Name)]
public sealed class TrainerTests
{
    [Theory]
    [InlineData(100.0)]
    [InlineData(3125.0)]
    public void The_rate_is_nothing_at_the_start_its_peak_after_warm_up_and_nothing_at_the_end(double total)
    {
        var warmup = 0.1 * total;
        Assert.Equal(0, Schedule.Linear(0, warmup, total));
        Assert.Equal(1, Schedule.Linear((long)Math.Ceiling(warmup), warmup, total), 1e-3);
        Assert.Equal(0, Schedule.Linear((long)total, warmup, total));
        Assert.Equal(0, Schedule.Linear((long)total + 5, warmup, total));
        Assert.Equal(1, Schedule.Linear(0, 0, total));
        // A share of a run is no whole number of updates.
        Assert.Equal(0.25 / warmup, Schedule.Linear(0.25, warmup, total), 1e-12);
    }

    [Fact]
    public void Reports_say_what_each_step_did()
    {
        using var run = new Run(new OptimizerOptions(0.01, WarmupFraction: 0.2), horizon: 10);
        var reports = Enumerable.Range(0, 10).Select(_ => run.Trainer.Step(null)).ToArray();
        Assert.Equal(
            [0, 0.005, 0.01, 0.00875, 0.0075, 0.00625, 0.005, 0.00375, 0.0025, 0.00125],
            reports.Select(r => Math.Round(r.LearningRate, 12))
        );
        Assert.Equal(Enumerable.Range(1, 10).Select(s => (long)s), reports.Select(r => r.Step));
        Assert.Equal(2.5, reports[^1].Epoch);
        Assert.All(
            reports,
            r =>
                Assert.True(
                    r.Tokens > 0
                        && r.Examples == 3
                        && r.GradientNorm > 0
                        && r.Flops > 0
                        && r.Passes == new PassCounts(1, 1, 1)
                )
        );
    }

    [Fact]
    public void A_stage_ends_with_its_plan_or_when_told()
    {
        using var run = new Run(new OptimizerOptions(0.01), horizon: 10);
        var steps = 0;
        run.Trainer.Run(null, _ => ++steps < 4);
        Assert.Equal(4, run.Optimizer.Updates);
        run.Trainer.Run(null, _ => true);
        Assert.Equal(10, run.Optimizer.Updates);
    }

    [Fact]
    public void Only_the_trained_parameters_move()
    {
        using var run = new Run(
            new OptimizerOptions(0.01, WeightDecay: 0.1),
            horizon: 100,
            trained: name => name.StartsWith("classifier", StringComparison.Ordinal)
        );
        var before = run.Parameters();
        run.Trainer.Step(null);
        foreach (var (name, values) in run.Parameters())
            Assert.Equal(
                name.StartsWith("classifier", StringComparison.Ordinal),
                !values.AsSpan().SequenceEqual(before[name])
            );
    }

    [Theory]
    [InlineData(ClipMode.None)]
    [InlineData(ClipMode.Norm)]
    [InlineData(ClipMode.Value)]
    public void Gradients_are_limited_as_asked(ClipMode clip)
    {
        // The moments after one step are (1 - beta) times what the optimiser was given.
        const double limit = 1e-3;
        using var run = new Run(new OptimizerOptions(0.01, Clip: clip, ClipValue: limit), horizon: 100);
        var norm = run.Trainer.Step(null).GradientNorm;
        var given = run.Optimizer.Names.ToDictionary(
            n => n,
            n => Array.ConvertAll(run.Optimizer.Moments(n).First.to_array(), m => m / 0.1f)
        );
        var length = Math.Sqrt(given.Values.Sum(g => Math.Pow(Gradients.L2(g), 2)));
        var largest = given.Values.SelectMany(g => g).Max(Math.Abs);
        Assert.True(norm > 0.1, $"the network's gradient of norm {norm} is too small to be clipped");
        if (clip == ClipMode.None)
            Assert.Equal(norm, length, 1e-4 * norm);
        if (clip == ClipMode.Norm)
            Assert.Equal(limit, length, 1e-5 * limit + 1e-8);
        if (clip == ClipMode.Value)
            Assert.Equal(limit, largest, 1e-8);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_loss_that_is_no_number_stops_the_stage_and_leaves_the_weights(float poison)
    {
        using var run = new Run(new OptimizerOptions(0.01), horizon: 100);
        run.Model.Store["classifier.bias"].span<float>()[0] = poison;
        var before = run.Parameters();
        var e = Assert.Throws<NumericFailureException>(() => run.Trainer.Step(null));
        Assert.Contains("test, step 1", e.Message, StringComparison.Ordinal);
        foreach (var (name, values) in run.Parameters())
            Assert.Equal(before[name], values);
    }

    [Fact]
    public void Two_threads_compute_what_one_does()
    {
        // BLAS and libtorch's own reductions add in another order on two threads, so only nearly;
        // our kernels do so bit for bit (tests of the Torch project).
        Dictionary<string, float[]> Step(int threads)
        {
            torch.set_num_threads(threads);
            try
            {
                var config = TinyBert.Dense(dropout: 0.1, hidden: 64, heads: 4, intermediate: 160);
                using var model = TinyBert.New(config, new Execution(), seed: 7);
                model.Train(_ => true);
                using var scope = torch.scope();
                var inputs = model.Prepare(
                    PackedBatch.From(TinyBert.Examples(new Random(7), config, 24, 70)),
                    training: true
                );
                var result = new FreeLb(new FreeLbOptions(2, 0.03, 0.05)).Accumulate(
                    model,
                    inputs,
                    RandomKey.FromSeed(3),
                    null
                );
                var found = Gradients.All(model.Store);
                found["losses"] = [.. result.PassLosses.Select(l => (float)l)];
                return found;
            }
            finally
            {
                torch.set_num_threads(1);
            }
        }

        var (one, two) = (Step(1), Step(2));
        foreach (var (name, values) in one.Where(p => !Gradients.IsNoise(p.Key)))
        {
            var tolerance = 1e-5 * Math.Max(0.1, values.Max(Math.Abs));
            for (var i = 0; i < values.Length; i++)
                Assert.True(
                    Math.Abs(values[i] - two[name][i]) <= tolerance,
                    $"{name}[{i}] is {values[i]} on one thread and {two[name][i]} on two"
                );
        }
    }

    public static TheoryData<object> SeveralPasses() =>
        new()
        {
            new FreeLb(new FreeLbOptions(2, 0.03, 0.05)),
            new Pgd(new PgdOptions(2, 0.03, 0.05)),
            new CleanObjective(),
        };

    [Theory]
    [MemberData(nameof(SeveralPasses))]
    public void Gradients_of_matrices_lie_in_one_memory_from_step_to_step(object boxedObjective)
    {
        var objective = (IObjective)boxedObjective;
        string[] matrices =
        [
            $"{BertParameters.LayerPrefix(0)}.attention.self.key.weight",
            $"{BertParameters.NeuronRows(1)}.weight",
        ];
        var places = new List<nint[]>();
        using var run = new Run(new OptimizerOptions(0.01), horizon: 100, objective: new Watched(objective, Note));
        for (var step = 0; step < 4; step++)
            run.Trainer.Step(null);
        Assert.Equal(4, places.Count);
        Assert.All(places, place => Assert.Equal(places[0], place));
        Assert.All(matrices, name => Assert.Null(run.Model.Store[name].grad));

        void Note(BertForSequenceClassification model) =>
            places.Add([.. matrices.Select(name => model.Store[name].grad!.data_ptr)]);
    }

    [Fact]
    public void A_replaced_matrix_gets_a_gradient_of_its_own_shape()
    {
        using var run = new Run(new OptimizerOptions(0.01), horizon: 100);
        run.Trainer.Step(null);
        var name = $"{BertParameters.NeuronRows(0)}.weight";
        Assert.NotNull(run.Model.Store.SlotOf(name));
        run.Model.Store.Replace(name, torch.zeros([3, 5]));
        Assert.Null(run.Model.Store.SlotOf(name));
    }

    /// <summary>An objective that shows the model when its gradients are there.</summary>
    private sealed class Watched(IObjective inner, Action<BertForSequenceClassification> done) : IObjective
    {
        public ObjectiveResult Accumulate(
            BertForSequenceClassification model,
            BertInputs inputs,
            RandomKey step,
            Func<Tensor>? penalty
        )
        {
            var result = inner.Accumulate(model, inputs, step, penalty);
            done(model);
            return result;
        }
    }

    /// <summary>A trainer over a tiny network.</summary>
    private sealed class Run : IDisposable
    {
        private readonly SlimmingCoefficients? _slimming;
        private readonly SlimmingOptions? _penalty;

        public Run(
            OptimizerOptions options,
            double horizon,
            BertConfig? config = null,
            IObjective? objective = null,
            Func<string, bool>? trained = null,
            SlimmingOptions? slimming = null,
            int batchSize = 3,
            int longest = 15
        )
        {
            config ??= TinyBert.Dense();
            Model = TinyBert.New(config, new Execution(), seed: 7);
            _penalty = slimming;
            if (slimming is not null)
                _slimming = SlimmingCoefficients.Attach(Model);
            Optimizer = Trainer.CreateOptimizer(Model, options, trained);
            var examples = TinyBert.Examples(new Random(7), config, batchSize * 4, longest);
            var sampler = new BatchSampler(examples.Length, batchSize, shuffle: true, RandomKey.FromSeed(1));
            Trainer = new Trainer(
                Model,
                objective ?? new CleanObjective(),
                examples,
                sampler,
                Optimizer,
                new StagePlan("test", (long)horizon, horizon, options, RandomKey.FromSeed(2))
            );
        }

        public BertForSequenceClassification Model { get; }

        public AdamW Optimizer { get; }

        public Trainer Trainer { get; }

        public Tensor Penalty() => _slimming!.Penalty(_penalty!);

        public Dictionary<string, float[]> Parameters() =>
            Model.Store.Names.ToDictionary(n => n, n => Model.Store[n].to_array());

        public void Dispose()
        {
            Optimizer.Dispose();
            Model.Dispose();
        }
    }
}
