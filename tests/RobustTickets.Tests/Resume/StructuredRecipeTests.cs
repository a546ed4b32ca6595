// Every preset without masks of single weights, from search to evaluation on a task of a second,
// killed in the middle of each stage and resumed; and what its log and result say it did. Mutants:
// a critic that a checkpoint forgets, pass counts that are not those of the objective.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Pipeline;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class StructuredRecipeTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    public static TheoryData<string> Names() =>
        [
            .. RecipePresets
                .List.Select(p => p.Name)
                .Where(name =>
                    RecipePresets.Get(name, "sst2").Search
                        is null
                            or SlimmingSearchOptions
                            or RandomStructuredSearchOptions
                ),
        ];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_preset_runs_from_search_to_evaluation_and_resumes_in_the_middle(string name)
    {
        var recipe = Tiny(RecipePresets.Get(name, "sst2"));
        var whole = _task.NewRun();
        var result = RecipeRunner.Run(Request(recipe, whole), null, CancellationToken.None);
        Assert.NotNull(result.CleanDev);
        CheckPasses(recipe, whole);
        CheckModel(recipe, result, whole);

        var run = _task.NewRun();
        var crashes = result.Stages.Select(s => (s.Stage, Step: (s.Steps + 1) / 2)).ToList();
        foreach (var crash in crashes)
        {
            Assert.Throws<CrashException>(() =>
                RecipeRunner.Run(
                    Request(recipe, run, resume: Directory.Exists(run), every: 2),
                    new SyncProgress<RunEvent>(p =>
                    {
                        if (p is StepDone && (p.Stage, p.Step) == crash)
                            throw new CrashException();
                    }),
                    CancellationToken.None
                )
            );
        }
        RecipeRunner.Run(Request(recipe, run, resume: true, every: 2), null, CancellationToken.None);
        RunFiles.AssertSame(whole, run);
    }

    [Fact]
    public void InfoBert_as_the_objective_of_a_search_resumes_with_its_critic()
    {
        var recipe = Tiny(RecipePresets.Get("early-robust", "sst2"));
        var slimming = (SlimmingSearchOptions)recipe.Search!;
        recipe = recipe with
        {
            Search = slimming with
            {
                Objective = ((InfoBertOptions)RecipePresets.Get("infobert", "sst2").Retrain.Objective) with
                {
                    Alpha = 0.5,
                },
            },
        };
        var (whole, run) = (_task.NewRun(), _task.NewRun());
        RecipeRunner.Run(_task.Request(recipe, whole), null, CancellationToken.None);
        Assert.Throws<CrashException>(() =>
            RecipeRunner.Run(
                _task.Request(recipe, run, every: 2),
                new SyncProgress<RunEvent>(p =>
                {
                    if (p is StepDone { Stage: "search", Step: 3 })
                        throw new CrashException();
                }),
                CancellationToken.None
            )
        );
        RecipeRunner.Run(_task.Request(recipe, run, resume: true), null, CancellationToken.None);
        RunFiles.AssertSame(whole, run);
    }

    [Fact]
    public void A_checkpoint_that_forgot_the_critic_is_refused()
    {
        var recipe = Tiny(RecipePresets.Get("infobert", "sst2"));
        var run = _task.NewRun();
        Assert.Throws<CrashException>(() =>
            RecipeRunner.Run(
                _task.Request(recipe, run, every: 2),
                new SyncProgress<RunEvent>(p =>
                {
                    if (p is StepDone { Stage: "retrain", Step: 4 })
                        throw new CrashException();
                }),
                CancellationToken.None
            )
        );
        var file = Path.Combine(RunFiles.Unsealed(run), "model.safetensors");
        var bytes = File.ReadAllBytes(file);
        var at = bytes.AsSpan().IndexOf("infobert.critic.0.weight"u8);
        Assert.True(at > 0);
        "infobert.critic.0.weighT"u8.CopyTo(bytes.AsSpan(at));
        File.WriteAllBytes(file, bytes);
        Assert.Contains(
            "infobert.critic.0.weight",
            Assert
                .ThrowsAny<Exception>(() =>
                    RecipeRunner.Run(_task.Request(recipe, run, resume: true), null, CancellationToken.None)
                )
                .Message
        );
    }

    [Fact]
    public void Random_tickets_differ_by_trial_and_by_seed_and_by_nothing_else()
    {
        var recipe = Tiny(RecipePresets.Get("random-structured", "sst2"));
        var ticket = Ticket(recipe);
        Assert.Equal(ticket, Ticket(recipe with { Retrain = recipe.Retrain with { Epochs = 0.3 } }));
        Assert.NotEqual(ticket, Ticket(recipe with { Search = new RandomStructuredSearchOptions(1) }));
        Assert.NotEqual(ticket, Ticket(recipe with { Seed = 8 }));

        string Ticket(Recipe r)
        {
            var run = _task.NewRun();
            RecipeRunner.Run(_task.Request(r, run), null, CancellationToken.None);
            var json = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "ticket", "ticket.json")))!;
            return json["heads_kept"]!.ToJsonString() + json["neurons_kept"]!.ToJsonString();
        }
    }

    [Theory]
    [InlineData("draw.head-ratio=0", TinyTask.Layers * TinyTask.Heads, null)]
    [InlineData("draw.neuron-ratio=0", null, TinyTask.Layers * TinyTask.Neurons)]
    public void One_kind_may_be_left_whole(string setting, int? heads, int? neurons)
    {
        // Neurons alone and heads alone; the distance of the masks that never change is 0, so the
        // rule waits for the other kind only.
        var result = RecipeRunner.Run(
            _task.Request(
                RecipeOverrides.Apply(Tiny(RecipePresets.Get("early-robust", "sst2")), [setting]),
                _task.NewRun()
            ),
            null,
            CancellationToken.None
        );
        var ticket = result.Ticket!;
        Assert.Equal(
            (heads is not null, neurons is not null),
            (ticket.HeadsKept == ticket.HeadsTotal, ticket.NeuronsKept == ticket.NeuronsTotal)
        );
        if (heads is { } all)
            Assert.Equal(all, ticket.HeadsKept);
        if (neurons is { } every)
            Assert.Equal(every, ticket.NeuronsKept);
    }

    [Theory]
    [InlineData("draw.head-ratio", "draw.head-ratio=0.9")] // 7 of 8 heads in 2 layers
    [InlineData("draw.neuron-ratio", "draw.neuron-ratio=0.9", "draw.min-neurons-per-layer=20")]
    [InlineData(
        "draw.neuron-ratio",
        "draw.neuron-ratio=0.9",
        "draw.neuron-scope=layerwise",
        "draw.min-neurons-per-layer=10"
    )]
    public void A_ratio_that_would_empty_a_layer_is_refused_before_anything_is_written(
        string path,
        params string[] settings
    )
    {
        var recipe = RecipeOverrides.Apply(Tiny(RecipePresets.Get("early-robust", "sst2")), settings);
        var run = _task.NewRun();
        var error = Assert.Throws<RecipeException>(() =>
            RecipeRunner.Run(_task.Request(recipe, run), null, CancellationToken.None)
        );
        Assert.StartsWith($"{path}: 0.9 would prune ", Assert.Single(error.Problems));
        Assert.Contains("possible: below 0.", error.Message);
        Assert.False(Directory.Exists(run));
        Assert.Equal(
            2,
            RecipeRunner
                .Run(
                    _task.Request(
                        RecipeOverrides.Apply(
                            Tiny(RecipePresets.Get("early-robust", "sst2")),
                            ["draw.head-ratio=0.85"]
                        ),
                        run
                    ),
                    null,
                    CancellationToken.None
                )
                .Ticket!.HeadsKept
        );
    }

    [Fact]
    public void A_classifier_of_another_task_is_replaced_and_the_run_says_so()
    {
        var other = _task.Below("three-classes");
        using (
            var model = BertFiles.LoadClassifier(
                _task.Model,
                3,
                RobustTickets.Kernels.Randomness.RandomKey.FromSeed(1),
                new Execution()
            )
        )
        {
            BertFiles.SaveClassifier(model, ["a", "b", "c"], _task.Model, other);
        }
        var recipe = Tiny(RecipePresets.Get("fine-tune", "sst2"));
        foreach (var (folder, said) in new[] { (other, 1), (_task.Model, 0) })
        {
            var notes = new List<string>();
            RecipeRunner.Run(
                _task.Request(recipe, _task.NewRun()) with
                {
                    Model = folder,
                },
                new SyncProgress<RunEvent>(p => notes.Add(p.Message ?? "")),
                CancellationToken.None
            );
            Assert.Equal(
                said,
                notes.Count(n =>
                    n == "the model's classifier has 3 classes, the task 2: training starts from a fresh classifier"
                )
            );
        }
    }

    /// <summary>
    /// A preset on the tiny task: its own objective, search, draw and realisation, with batches,
    /// length and a learning rate that fit. A fixed stop comes later than at its
    /// first step, whose rate is 0: no coefficient has moved yet.
    /// </summary>
    // Recipes that change texts take the task's own words; WordNet is where Debian puts it.
    private TrainRequest Request(Recipe recipe, string run, bool resume = false, int every = 4)
    {
        var request = _task.Request(recipe, run, resume, every);
        if (recipe.Retrain.Augment is null)
            return request;
        var table = _task.Below("neighbours.json");
        if (!File.Exists(table))
        {
            File.WriteAllText(
                table,
                new JsonObject(
                    TinyTask.Good.Zip(
                        TinyTask.Bad,
                        (a, b) => KeyValuePair.Create<string, JsonNode?>(a, new JsonArray(b))
                    )
                ).ToJsonString()
            );
        }
        return request with { Resources = new ResourceFiles(Neighbours: table) };
    }

    private static Recipe Tiny(Recipe preset) =>
        preset with
        {
            MaxLength = 24,
            BatchSize = TinyTask.BatchSize,
            Seed = 7,
            Search = preset.Search is SlimmingSearchOptions s
                ? s with
                {
                    Optimizer = s.Optimizer with { LearningRate = 3e-3 },
                    Stop = s.Stop is FixedStop ? new FixedStop(0.7) : s.Stop,
                    AllowShort = true,
                }
                : preset.Search,
            Draw = preset.Draw is DrawOptions d ? d with { HeadRatio = 0.25 } : null,
            Retrain = preset.Retrain with
            {
                Optimizer = preset.Retrain.Optimizer with { LearningRate = 3e-3 },
                Epochs = 1,
            },
        };

    /// <summary>
    /// Forward, backward and weight-gradient passes of every step, as the objective's definition
    /// counts them.
    /// </summary>
    private static void CheckPasses(Recipe recipe, string run)
    {
        foreach (
            var line in File.ReadLines(Path.Combine(run, "events.jsonl"))
                .Select(l => JsonNode.Parse(l)!)
                .Where(l => (string)l["event"]! == "step")
        )
        {
            var objective =
                (string)line["stage"]! == "search"
                    ? ((SlimmingSearchOptions)recipe.Search!).Objective
                    : recipe.Retrain.Objective;
            var expected = objective switch
            {
                CleanOptions => (1, 1, 1),
                PgdOptions { DeltaGradOnly: true, Steps: var k } => (k + 1, k + 1, 1),
                PgdOptions { Steps: var k } => (k + 1, k + 1, k + 1),
                FreeLbOptions { Steps: var k } => (k, k, k),
                InfoBertOptions { Steps: var k } => (k, 2 * k, 2 * k),
                _ => throw new NotSupportedException($"{objective}"),
            };
            Assert.Equal(expected, ((int)line["forward"]!, (int)line["backward"]!, (int)line["weight_gradient"]!));
        }
    }

    private static void CheckModel(Recipe recipe, RunResult result, string run)
    {
        var dense =
            TinyTask.Layers * ((4 * TinyTask.Hidden * TinyTask.Hidden) + (2 * TinyTask.Hidden * TinyTask.Neurons));
        Assert.Equal(recipe.Search is null, result.Ticket is null);
        using var store = RobustTickets.Checkpoints.Safetensors.SafetensorsFile.Open(
            Path.Combine(run, "model", "model.safetensors")
        );
        Assert.DoesNotContain(
            store.Tensors.Select(t => t.Name),
            n => InfoBertCritic.Owns(n) || BertParameters.IsCoefficient(n)
        );
        var left = store
            .Tensors.Select(t => t.Name)
            .Where(n =>
                n.Contains("encoder.layer", StringComparison.Ordinal)
                && n.EndsWith(".weight", StringComparison.Ordinal)
                && !n.Contains("LayerNorm", StringComparison.Ordinal)
            )
            .Sum(n => store.Info(n).Shape.Aggregate(1L, (a, b) => a * b));
        if (recipe.Search is null || recipe.Retrain.Realisation != Realisation.Ticket)
        {
            Assert.Equal(dense, left);
            return;
        }
        var draw = (DrawOptions)recipe.Draw!;
        Assert.Equal(8 - DrawRule.PrunedCount(8, 0.25), result.Ticket!.HeadsKept);
        Assert.Equal(
            result.Ticket.NeuronsKept,
            128
                - (
                    draw.NeuronScope == NeuronScope.Global
                        ? DrawRule.PrunedCount(128, draw.NeuronRatio)
                        : 2 * DrawRule.PrunedCount(64, draw.NeuronRatio)
                )
        );
        Assert.Equal(
            (result.Ticket.HeadsKept * 4L * TinyTask.Hidden * 8) + (result.Ticket.NeuronsKept * 2L * TinyTask.Hidden),
            left
        );
    }

    private sealed class CrashException : Exception;
}
