// retrain.select=dev-attack: the epoch with the highest accuracy under attack on development
// examples is the model, however the run was interrupted, and nothing else changes.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Pipeline;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;
using RobustTickets.Runs;
using RobustTickets.Tests.Ranks;
using RobustTickets.Tests.Resume;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Training;

[Collection(TorchCollection.Name)]
public sealed class EpochSelectionTests : IDisposable
{
    private const int StepsPerEpoch = 12,
        Epochs = 7,
        Best = 5;

    // Sums in another order, over five epochs at a high learning rate.
    private const double Rounding = 1e-3;

    private static readonly Recipe Last = EpochAttackTests.Recipe with
    {
        Retrain = EpochAttackTests.Recipe.Retrain with { Epochs = Epochs },
    };

    private static readonly Recipe Selecting = Select(Last);

    private readonly TinyTask _task = new();
    private readonly EpochAttackSource _source;

    public EpochSelectionTests()
    {
        var table = new JsonObject();
        for (var i = 0; i < TinyTask.Good.Length; i++)
        {
            table[TinyTask.Good[i]] = new JsonArray(TinyTask.Bad[i]);
            table[TinyTask.Bad[i]] = new JsonArray(TinyTask.Good[i]);
        }
        File.WriteAllText(_task.Below("table.json"), table.ToJsonString());
        _source = EpochAttackSource.Named(
            EpochAttackTests.Options,
            new Dictionary<string, string> { ["neighbours"] = _task.Below("table.json") },
            _task.Model
        );
    }

    public void Dispose()
    {
        _source.Dispose();
        _task.Dispose();
    }

    [Fact]
    public void The_most_robust_epoch_is_the_model_and_training_does_not_notice()
    {
        var (selected, last) = (_task.NewRun("selected"), _task.NewRun("last"));
        Run(Selecting, selected, every: Best * StepsPerEpoch);
        Run(Last, last, every: Best * StepsPerEpoch);

        var attacks = Entries<EpochAttackEntry>(selected);
        Assert.Equal(Epochs, attacks.Length);
        Assert.All(attacks, a => Assert.True(a.Epoch == Best || a.Aua < attacks[Best - 1].Aua, $"{a}"));
        Assert.Equal(
            new SelectionEntry("retrain", Best * StepsPerEpoch, Best, "dev-attack", attacks[Best - 1].Aua),
            Assert.Single(Entries<SelectionEntry>(selected))
        );
        Assert.Empty(Entries<SelectionEntry>(last));
        Assert.Equal(
            RunFiles.Events(last),
            RunFiles.Events(selected).Where(l => !l.Contains("\"selection\"", StringComparison.Ordinal))
        );

        // Mutant: the weights of the last epoch.
        var (kept, trained) = (Checkpoint(selected, Best), Checkpoint(selected, Epochs));
        var (model, plain) = (Model(selected), Model(last));
        Assert.NotEmpty(model);
        Assert.All(model, t => Assert.Equal(kept[t.Key], t.Value));
        Assert.All(plain, t => Assert.Equal(trained[t.Key], t.Value));
        Assert.NotEqual(plain["classifier.weight"], model["classifier.weight"]);
    }

    [Fact]
    public void An_interrupted_run_selects_the_same_epoch()
    {
        var whole = _task.NewRun("whole");
        Run(Selecting, whole);
        foreach (
            var (name, crash) in new (string, Func<RunEvent, bool>)[]
            {
                ("while the best epoch is attacked", e => e is AttackedSoFar { Epoch: Best, Done: 5 }),
                ("after the best epoch", e => e is StepDone { Step: (Best * StepsPerEpoch) + 9 }),
                ("after the selection", e => e.Message?.StartsWith("kept: epoch", StringComparison.Ordinal) == true),
            }
        )
        {
            var run = _task.NewRun("crashed");
            var clock = new Clock(e =>
            {
                if (crash(e))
                    throw new TimeoutException(name);
            });
            Assert.Throws<TimeoutException>(() => Run(Selecting, run, clock));
            Run(Selecting, run, clock.Then(_ => { }), resume: true);
            RunFiles.AssertSame(whole, run);
        }
        // A stop before the attack of the best epoch: the resumed run begins with this attack.
        var stopped = _task.NewRun("stopped");
        using var stop = new CancellationTokenSource();
        var stopping = new Clock(e =>
        {
            if (e is EpochEvaluated { Epoch: Best })
                stop.Cancel();
        });
        Assert.ThrowsAny<OperationCanceledException>(() => Run(Selecting, stopped, stopping, stop: stop.Token));
        Assert.Contains(
            "\"epoch_attack_due\": true",
            File.ReadAllText(Path.Combine(RunFiles.Checkpoints(stopped)[0], "state.json")),
            StringComparison.Ordinal
        );
        Run(Selecting, stopped, stopping.Then(_ => { }), resume: true);
        RunFiles.AssertSame(whole, stopped);
    }

    [Fact]
    public void A_ticket_and_its_control_are_selected_alike()
    {
        var recipe = Select(
            TinyTask.SearchRecipe with
            {
                Retrain = TinyTask.SearchRecipe.Retrain with { Epochs = 2 },
                Evaluate = new EvaluateStage(EqualEpochControl: true, EpochAttack: EpochAttackTests.Options),
                Split = new SplitOptions(),
            }
        );
        var run = _task.NewRun();
        Run(recipe, run);
        var attacks = Entries<EpochAttackEntry>(run);
        var kept = Entries<SelectionEntry>(run);
        Assert.Equal(["retrain", "control"], kept.Select(k => k.Stage));
        Assert.All(
            kept,
            k =>
            {
                var stage = attacks.Where(a => a.Stage == k.Stage).ToArray();
                Assert.Equal(2, stage.Length);
                // Of equals the latest.
                var best = stage.Last(a => a.Aua == stage.Max(b => b.Aua));
                Assert.Equal((best.Step, best.Epoch, best.Aua), (k.KeptStep, k.KeptEpoch, k.Aua));
            }
        );
    }

    [SkippableFact]
    public void Every_rank_keeps_the_same_epoch()
    {
        RankedRuns.RequireGloo();
        var (alone, together, last) = (_task.NewRun("alone"), _task.NewRun("together"), _task.NewRun("last"));
        Run(Selecting, alone);
        Run(Last, last);
        var clock = new Clock(_ => { });
        RankedRuns.Run(Request(Selecting, together, clock, every: 5), 2, rank => rank == 0 ? clock : null);
        Assert.Equal(Best, Assert.Single(Entries<SelectionEntry>(together)).KeptEpoch);
        Assert.InRange(Difference(alone, together), 0, Rounding);
        // Mutant: the weights of the last epoch.
        Assert.InRange(Difference(alone, last), 4 * Rounding, 1);

        static double Difference(string a, string b) =>
            RankedRuns.Difference(
                Array.ConvertAll(RankedRuns.Weights(a), w => (double)w),
                Array.ConvertAll(RankedRuns.Weights(b), w => (double)w)
            );
    }

    [Fact]
    public void What_cannot_be_selected_is_refused_and_the_default_is_not_written()
    {
        Assert.Contains(
            RecipeCheck.Check(Selecting with { Evaluate = new EvaluateStage() }),
            p =>
                p.StartsWith(
                    "retrain.select: dev-attack compares epochs by evaluate.epoch-attack",
                    StringComparison.Ordinal
                )
        );
        foreach (var epochs in new[] { 0.5, 2.5 })
            Assert.Contains(
                RecipeCheck.Check(Selecting with { Retrain = Selecting.Retrain with { Epochs = epochs } }),
                p => p.StartsWith("retrain.epochs: ", StringComparison.Ordinal) && p.Contains("whole epochs")
            );
        // The reported examples never select.
        Assert.Contains(
            RecipeCheck.Check(Selecting with { Split = new SplitOptions(DevelopmentRule.AuthorsCode) }),
            p => p.StartsWith("evaluate.epoch-attack: attacks development examples", StringComparison.Ordinal)
        );
        Assert.Empty(RecipeCheck.Check(Selecting));
        Assert.DoesNotContain("\"select\"", RecipeJson.Write(Last), StringComparison.Ordinal);
        var text = RecipeJson.Write(Selecting);
        Assert.Contains("\"select\": \"dev-attack\"", text, StringComparison.Ordinal);
        Assert.Equal(Selecting, RecipeJson.Read(text, "a test"));
        var set = RecipeOverrides.Apply(RecipePresets.Get("robust-ticket", "sst2"), ["retrain.select=dev-attack"]);
        Assert.Equal(EpochSelection.DevAttack, set.Retrain.Select);
    }

    private static Recipe Select(Recipe recipe) =>
        recipe with
        {
            Retrain = recipe.Retrain with { Select = EpochSelection.DevAttack },
        };

    private void Run(
        Recipe recipe,
        string run,
        Clock? clock = null,
        bool resume = false,
        int every = 5,
        CancellationToken stop = default
    )
    {
        var watched = clock ?? new Clock(_ => { });
        RecipeRunner.Run(Request(recipe, run, watched, every, resume), watched, stop);
    }

    // Only in the best epoch nothing is substituted, so that every correct example withstands.
    private TrainRequest Request(Recipe recipe, string run, Clock clock, int every, bool resume = false)
    {
        var built = _source.Build();
        var weak = new Idle(built.Attack.Transformation, () => clock.Epoch == Best);
        return _task.Request(recipe, run, resume, every) with
        {
            EpochAttack = built with { Attack = built.Attack with { Transformation = weak } },
        };
    }

    private static T[] Entries<T>(string run)
        where T : LogEntry => [.. EventLog.ReadEntries(Path.Combine(run, "events.jsonl")).OfType<T>()];

    private static Dictionary<string, float[]> Checkpoint(string run, int epoch) =>
        Tensors(Path.Combine(run, "checkpoints", $"checkpoint-{epoch * StepsPerEpoch}", "model.safetensors"));

    private static Dictionary<string, float[]> Model(string run) =>
        Tensors(Path.Combine(run, "model", "model.safetensors"));

    private static Dictionary<string, float[]> Tensors(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Tensors.ToDictionary(t => t.Name, t => file.ReadFloats(t.Name));
    }

    /// <summary>The epochs completed, as a run reports them; then whatever a test does.</summary>
    private sealed class Clock(Action<RunEvent> then) : IProgress<RunEvent>
    {
        public double Epoch { get; private set; }

        public void Report(RunEvent value)
        {
            if (value is StepDone step)
                Epoch = step.Epoch;
            then(value);
        }

        public Clock Then(Action<RunEvent> next) => new(next) { Epoch = Epoch };
    }

    /// <summary>A transformation that yields nothing while told so.</summary>
    private sealed record Idle(Transformation Whole, Func<bool> Now) : Transformation
    {
        public override string Name => Whole.Name;

        public override bool KeepsWordCount => Whole.KeepsWordCount;

        public override IEnumerable<SearchRequest> Apply(
            AttackedText current,
            IReadOnlyList<int> positions,
            List<Candidate> candidates
        ) => Now() ? [] : Whole.Apply(current, positions, candidates);

        public override void Prepare(IReadOnlyCollection<string> words, CancellationToken stop) =>
            Whole.Prepare(words, stop);
    }
}
