// Training on a device: every objective's step, whole trajectories, runs of recipes with their
// stops and resumptions, all against the CPU. On the fake device each of them is a test of
// placement too, because an operator that is given tensors of both devices fails there.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Objectives;
using RobustTickets.Pipeline;
using RobustTickets.Runs;
using RobustTickets.Tests.Models;
using RobustTickets.Tests.Objectives;
using RobustTickets.Tests.Resume;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Devices;

[Collection(TorchCollection.Name)]
public sealed class DeviceTrainingTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    public static TheoryData<string> Objectives() => TinyRuns.Objectives();

    [Theory]
    [MemberData(nameof(Objectives))]
    public void A_trajectory_is_that_of_the_cpu(string objective)
    {
        var (expected, losses) = Train(new Execution(), objective, seed: 2, out _);
        var (found, foundLosses) = Train(
            new Execution(TestDevice.Current, Layers: LayerPath.Operators),
            objective,
            seed: 2,
            out var reads
        );
        Assert.Equal(losses, foundLosses, (a, b) => Math.Abs(a - b) <= 20 * TestDevice.Tolerance);
        foreach (var (name, values) in expected)
        {
            Assert.True(
                values.Zip(found[name]).All(p => Math.Abs(p.First - p.Second) <= 2e-4),
                $"{name} differs by {values.Zip(found[name]).Max(p => Math.Abs(p.First - p.Second))}"
            );
        }
        var (other, _) = Train(
            new Execution(TestDevice.Current, Layers: LayerPath.Operators),
            objective,
            seed: 3,
            out _
        );
        Assert.Contains(expected, p => p.Value.Zip(other[p.Key]).Any(v => Math.Abs(v.First - v.Second) > 1e-3));
        // One read for the losses and one for the gradient norm; InfoBERT ranks word pieces on the
        // host once a pass, the hull reads embeddings once a step and a gradient once an ascent.
        if (TestDevice.IsFake)
            Assert.Equal(Steps * (objective is "infobert" or "hull" ? 4 : 2), reads);
    }

    private const int Steps = 4;

    private static (Dictionary<string, float[]> Weights, double[] Losses) Train(
        Execution execution,
        string objective,
        int seed,
        out long reads
    )
    {
        var config = TinyBert.Dense(dropout: 0.1);
        using var model = TinyBert.New(config, execution, seed: 1);
        var coefficients = SlimmingCoefficients.Attach(model);
        var what = TinyRuns.Options(objective);
        ObjectiveParameters.Attach(what, model, RandomKey.FromSeed(9));
        // A large epsilon keeps AdamW from turning the rounding of a gradient near zero into a
        // whole step.
        var options = new OptimizerOptions(1e-3, WeightDecay: 0.01, Epsilon: 1e-3);
        using var optimizer = Trainer.CreateOptimizer(model, options);
        var examples = TinyBert.Examples(new Random(1), config, 16, 20);
        using var teacher = TinyRuns.Teacher(objective, config, execution);
        var trainer = new Trainer(
            model,
            ObjectiveFactory.Create(what, TinyRuns.Hulls),
            examples,
            new BatchSampler(16, 4, true, RandomKey.FromSeed(seed)),
            optimizer,
            new StagePlan("test", Steps, 10, options, RandomKey.FromSeed(seed)),
            extras: new TaskExtras(Teacher: teacher)
        );
        var penalty = new SlimmingOptions(1e-3, 1e-3);
        var losses = new List<double>();
        var before = TestDevice.IsFake ? TestDevice.Reads : 0;
        for (var step = 0; step < Steps; step++)
            losses.Add(trainer.Step(() => coefficients.Penalty(penalty)).Loss);
        reads = (TestDevice.IsFake ? TestDevice.Reads : 0) - before;
        Assert.All(model.Store.Names, name => Assert.Equal(execution.Device, model.Store[name].device));
        return (model.Store.Names.ToDictionary(n => n, n => model.Store[n].to_array()), [.. losses]);
    }

    [Theory]
    [InlineData("tiny-ticket")]
    [InlineData("robust-ticket")]
    [InlineData("robust-ticket-released")]
    [InlineData("robust-ticket-without-structure")]
    [InlineData("early-robust-without-structure")]
    [InlineData("lth")]
    public void A_run_on_a_device_is_that_of_the_cpu(string name)
    {
        var recipe =
            name == "tiny-ticket"
                ? TinyTask.SearchRecipe with
                {
                    Search = ((SlimmingSearchOptions)TinyTask.SearchRecipe.Search!) with
                    {
                        Stop = new FixedStop(1),
                        HorizonEpochs = 1,
                    },
                }
                : Tiny(name);
        var expected = Losses(recipe, _task.NewRun(), "cpu");
        var run = _task.NewRun();
        var found = Losses(recipe, run, TestDevice.Current.ToString());
        Assert.Equal(expected.Select(e => (e.Stage, e.Step)), found.Select(e => (e.Stage, e.Step)));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-3));
        Assert.Contains(
            TestDevice.Current.ToString(),
            EnvironmentStamp.Load(Path.Combine(run, "environment.json")).Extra["device"],
            StringComparison.Ordinal
        );
        var other = Losses(recipe with { Seed = recipe.Seed + 1 }, _task.NewRun(), TestDevice.Current.ToString());
        Assert.Contains(expected.Zip(other), pair => Math.Abs(pair.First.Loss - pair.Second.Loss) > 1e-2);
    }

    [Theory]
    [InlineData("search")]
    [InlineData("retrain")]
    public void A_run_broken_off_on_a_device_goes_on_there_and_on_the_cpu(string stage)
    {
        var recipe = TinyTask.SearchRecipe;
        var (whole, broken, moved) = (_task.NewRun(), _task.NewRun(), _task.NewRun());
        var there = new Execution(TestDevice.Current, Threads: 1);
        RecipeRunner.Run(_task.Request(recipe, whole) with { Execution = there }, null, CancellationToken.None);
        var watch = new Crash(stage, 3);
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(
                _task.Request(recipe, broken, every: 2) with
                {
                    Execution = there,
                },
                watch,
                CancellationToken.None
            )
        );
        RunFiles.Copy(broken, moved);
        RecipeRunner.Run(
            _task.Request(recipe, broken, resume: true) with
            {
                Execution = there,
            },
            null,
            CancellationToken.None
        );
        if (TestDevice.IsFake)
            Assert.Equal(RunFiles.Events(whole), RunFiles.Events(broken)); // a GPU's sums may end in another last bit
        RecipeRunner.Run(_task.Request(recipe, moved, resume: true), null, CancellationToken.None);
        Assert.All(
            StepEntries(whole).Zip(StepEntries(moved)),
            pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-3)
        );
    }

    private static StepEntry[] StepEntries(string run) =>
        [.. EventLog.ReadEntries(Path.Combine(run, "events.jsonl")).OfType<StepEntry>()];

    private StepEntry[] Losses(Recipe recipe, string run, string device)
    {
        RecipeRunner.Run(
            _task.Request(recipe, run) with
            {
                Execution = new Execution(Device.Parse(device), Threads: 1),
            },
            null,
            CancellationToken.None
        );
        return StepEntries(run);
    }

    /// <summary>
    /// A published recipe, short and at rates that move a tiny network little enough for two
    /// devices to stay together.
    /// </summary>
    private static Recipe Tiny(string name)
    {
        var recipe = TinyTask.Fitted(name);
        return recipe with
        {
            Search = recipe.Search switch
            {
                MaskSearchOptions s => s with
                {
                    FineTune = s.FineTune! with { Epochs = 0.5 },
                    Objective = TinyTask.Shorter(s.Objective),
                    Epochs = 1,
                    AllowShort = true,
                },
                MagnitudeSearchOptions s => s with
                {
                    Objective = TinyTask.Shorter(s.Objective),
                    Rounds = 2,
                    EpochsPerRound = 0.5,
                    AllowShort = true,
                },
                SlimmingSearchOptions s => s with
                {
                    Objective = TinyTask.Shorter(s.Objective),
                    Stop = new FixedStop(1),
                    HorizonEpochs = 1,
                    AllowShort = true,
                },
                var other => other,
            },
            Retrain = recipe.Retrain with { Objective = TinyTask.Shorter(recipe.Retrain.Objective), Epochs = 0.5 },
        };
    }
}
