// Online substitution in whole runs: with a ticket, through kills, with tables that change, and
// from the command line.
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Augmentation;
using RobustTickets.Checkpoints;
using RobustTickets.Cli;
using RobustTickets.Objectives;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Runs;
using RobustTickets.Tests.Cli;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class AugmentedRunTests : IDisposable
{
    private static readonly AugmentOptions Options = new(NeighbourRate: 0.4, CharacterRate: 0.2);

    /// <summary>
    /// Both stages change their texts: one searches the hardest, the other keeps the originals as
    /// well.
    /// </summary>
    private static readonly Recipe Recipe = TinyTask.SearchRecipe with
    {
        Search = ((SlimmingSearchOptions)TinyTask.SearchRecipe.Search!) with
        {
            Augment = Options with { Search = new SubstituteSearchOptions(3, 2) },
        },
        Retrain = TinyTask.SearchRecipe.Retrain with
        {
            Augment = Options with { KeepOriginal = true, Consistency = 1, Choice = SubstituteChoice.Rarer },
        },
    };

    private readonly TinyTask _task = new();

    private readonly string? _resources = Environment.GetEnvironmentVariable(ResourceFolder.Variable);

    public AugmentedRunTests()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _task.Below("none"));
        WriteTable(TinyTask.Good, TinyTask.Bad);
    }

    private string Table => _task.Below("table.json");

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _resources);
        _task.Dispose();
    }

    [Fact]
    public void A_run_killed_or_stopped_anywhere_equals_one_that_never_was()
    {
        var whole = _task.NewRun("whole");
        var result = Run(Recipe, whole);
        foreach (var (stage, step) in new[] { ("search", 3L), ("search", 6L), ("retrain", 2L), ("retrain", 5L) })
        {
            var run = _task.NewRun();
            Assert.Throws<TimeoutException>(() => Run(Recipe, run, new Crash(stage, step)));
            Run(Recipe, run, resume: true);
            RunFiles.AssertSame(whole, run);
        }
        // The originals count: twice the examples, and their word pieces.
        var plain = Run(TinyTask.SearchRecipe, _task.NewRun("plain"));
        Assert.InRange(
            (double)result.Stages.Single(s => s.Stage == "retrain").Tokens
                / plain.Stages.Single(s => s.Stage == "retrain").Tokens,
            1.9,
            2.2
        );
        // Two FreeLB passes a step, and three forwards in every second of them.
        var search = result.Stages.Single(s => s.Stage == "search");
        Assert.Equal((2 * search.Steps) + (3 * ((search.Steps + 1) / 2)), search.ForwardPasses);
        Assert.Equal(2 * search.Steps, search.BackwardPasses);
    }

    [Fact]
    public void A_ticket_learns_from_a_teacher_that_must_stay_the_same()
    {
        var teacher = _task.NewRun("teacher");
        Run(TinyTask.FineTuneRecipe, teacher);
        var recipe = Recipe with
        {
            Retrain = Recipe.Retrain with { Distill = new DistillOptions(Path.GetFileName(teacher), 0.5) },
        };
        var whole = _task.NewRun();
        var result = Run(recipe, whole);
        var retrain = result.Stages.Single(s => s.Stage == "retrain");
        Assert.Equal((2 * retrain.Steps, retrain.Steps), (retrain.ForwardPasses, retrain.BackwardPasses));
        var run = _task.NewRun();
        Assert.Throws<TimeoutException>(() => Run(recipe, run, new Crash("retrain", 4)));
        Run(recipe, run, resume: true);
        RunFiles.AssertSame(whole, run);
        var alone = _task.NewRun();
        Run(Recipe, alone);
        Assert.NotEqual(Losses(alone), Losses(whole));

        var broken = _task.NewRun();
        Assert.Throws<TimeoutException>(() => Run(recipe, broken, new Crash("retrain", 4)));
        Directory.Delete(teacher, recursive: true);
        Run(TinyTask.FineTuneRecipe with { Seed = 8 }, teacher);
        var refused = Assert.Throws<DataException>(() => Run(recipe, broken, resume: true));
        Assert.Contains("teacher", refused.Message, StringComparison.Ordinal);
        // The checkpoint itself has no classifier.
        var headless = recipe with
        {
            Retrain = recipe.Retrain with { Distill = new DistillOptions(_task.Model) },
        };
        var named = Assert.Throws<CheckpointException>(() => Run(headless, _task.NewRun()));
        Assert.StartsWith("retrain.distill.teacher:", named.Message, StringComparison.Ordinal);
        var nowhere = recipe with { Retrain = recipe.Retrain with { Distill = new DistillOptions("nowhere") } };
        var missing = Assert.Throws<CheckpointException>(() => Run(nowhere, _task.NewRun()));
        Assert.Contains("no folder \"nowhere\"", missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("clean")]
    [InlineData("freelb")]
    [InlineData("pgd")]
    [InlineData("infobert")]
    public void Every_objective_sees_the_changed_texts(string kind)
    {
        ObjectiveOptions objective = kind switch
        {
            "freelb" => new FreeLbOptions(2, 0.05, 0.05),
            "pgd" => new PgdOptions(1, 0.05, 0.05),
            "infobert" => new InfoBertOptions(2, 0.05, 0.05, 0.005, 0.005, CriticHidden: 8),
            _ => new CleanOptions(),
        };
        var plain = TinyTask.FineTuneRecipe with
        {
            Retrain = TinyTask.FineTuneRecipe.Retrain with { Objective = objective, Epochs = 0.6 },
        };
        var changed = plain with { Retrain = plain.Retrain with { Augment = Options } };
        var (one, other) = (_task.NewRun(), _task.NewRun());
        Run(plain, one);
        Run(changed, other);
        Assert.NotEqual(Losses(one), Losses(other));
    }

    [Fact]
    public void Packed_and_padded_batches_train_on_the_same_texts()
    {
        var recipe = TinyTask.FineTuneRecipe with
        {
            Retrain = TinyTask.FineTuneRecipe.Retrain with { Augment = Options, Epochs = 0.6 },
        };
        var (packed, padded) = (_task.NewRun(), _task.NewRun());
        RecipeRunner.Run(Request(recipe, packed), null, CancellationToken.None);
        var request = Request(recipe, padded);
        RecipeRunner.Run(
            request with
            {
                Execution = request.Execution with { Layers = LayerPath.PaddedReference },
            },
            null,
            CancellationToken.None
        );
        Assert.Equal(Tokens(packed), Tokens(padded));
        Assert.All(Losses(packed).Zip(Losses(padded)), p => Assert.Equal(p.First, p.Second, 1e-3 * p.First));
    }

    [Theory]
    [InlineData("robust-ticket", "fine-tune search retrain")]
    [InlineData("lth", "round-1 round-2 retrain")]
    public void Every_stage_of_a_search_sees_changed_texts(string name, string stages)
    {
        var recipe = TinyTask.Fitted(name);
        var plain = recipe with
        {
            Search = recipe.Search switch
            {
                MaskSearchOptions s => s with
                {
                    FineTune = s.FineTune! with { Epochs = 0.5 },
                    Objective = TinyTask.Shorter(s.Objective),
                    Epochs = 0.5,
                    AllowShort = true,
                },
                MagnitudeSearchOptions s => s with { Rounds = 2, EpochsPerRound = 0.5, AllowShort = true },
                var s => s,
            },
            Retrain = recipe.Retrain with { Epochs = 0.5 },
        };
        var changed = plain with
        {
            Search = plain.Search switch
            {
                MaskSearchOptions s => s with { Augment = Options, FineTune = s.FineTune! with { Augment = Options } },
                MagnitudeSearchOptions s => s with { Augment = Options },
                var s => s,
            },
            Retrain = plain.Retrain with { Augment = Options },
        };
        var (one, other) = (_task.NewRun(), _task.NewRun());
        Run(plain, one);
        Run(changed, other);
        // Spaces inside words make further word pieces.
        foreach (var stage in stages.Split(' '))
        {
            Assert.NotEmpty(Tokens(one, stage));
            Assert.Equal(Tokens(one, stage).Length, Tokens(other, stage).Length);
            Assert.NotEqual(Tokens(one, stage), Tokens(other, stage));
        }
    }

    [Fact]
    public void The_hull_takes_its_neighbours_from_the_same_tables_and_goes_on_after_a_kill()
    {
        var recipe = TinyTask.SearchRecipe with
        {
            Retrain = TinyTask.SearchRecipe.Retrain with { Objective = new HullOptions(Steps: 1, StepSize: 2) },
        };
        var (whole, run) = (_task.NewRun("hull"), _task.NewRun());
        var retrain = Run(recipe, whole).Stages.Single(s => s.Stage == "retrain");
        Assert.Equal(
            (2 * retrain.Steps, 2 * retrain.Steps, retrain.Steps),
            (retrain.ForwardPasses, retrain.BackwardPasses, retrain.WeightGradientPasses)
        );
        Assert.Throws<TimeoutException>(() => Run(recipe, run, new Crash("retrain", 3)));
        Run(recipe, run, resume: true);
        RunFiles.AssertSame(whole, run);
        var plain = _task.NewRun();
        Run(TinyTask.SearchRecipe, plain);
        Assert.NotEqual(Losses(plain), Losses(whole));
    }

    [Fact]
    public void The_tables_are_recorded_and_a_changed_one_is_refused()
    {
        var run = _task.NewRun();
        Assert.Throws<TimeoutException>(() => Run(Recipe, run, new Crash("search", 6)));
        var extra = JsonNode.Parse(File.ReadAllText(RunFolder.Open(run).EnvironmentFile))!["extra"]!;
        Assert.Equal($"table.json {ResourceFolder.Hash(Table)}", (string?)extra["augment_neighbours"]);
        WriteTable(TinyTask.Bad, TinyTask.Good);
        var refused = Assert.Throws<DataException>(() => Run(Recipe, run, resume: true));
        Assert.Contains("augment", refused.Message, StringComparison.Ordinal);
        WriteTable(TinyTask.Good, TinyTask.Bad);
        Run(Recipe, run, resume: true);
    }

    [Fact]
    public void A_missing_table_is_named_with_its_field_before_any_compute()
    {
        var run = _task.NewRun();
        var refused = Assert.Throws<MissingResourceException>(() =>
            RecipeRunner.Run(Request(Recipe, run) with { Resources = null }, null, CancellationToken.None)
        );
        Assert.StartsWith("search.augment:", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public void Neighbours_among_the_checkpoints_own_embeddings_need_no_file()
    {
        var recipe = TinyTask.FineTuneRecipe with
        {
            Retrain = TinyTask.FineTuneRecipe.Retrain with
            {
                Augment = new AugmentOptions(NeighbourRate: 0, EmbeddingRate: 0.5),
                Epochs = 0.6,
            },
        };
        var (one, other) = (_task.NewRun(), _task.NewRun());
        RecipeRunner.Run(Request(recipe, one) with { Resources = null }, null, CancellationToken.None);
        Run(recipe with { Retrain = recipe.Retrain with { Augment = null } }, other);
        Assert.NotEqual(Losses(one), Losses(other));
    }

    [Fact]
    public void The_command_line_takes_tables_by_name_and_refuses_others()
    {
        var run = _task.NewRun();
        var trained = CliRun.Of([.. _task.Arguments(Recipe, run), "--resource", $"neighbours={Table}", "--json"]);
        Assert.True(trained.Code == ExitCodes.Ok, trained.ToString());
        var other = _task.NewRun("library");
        Run(Recipe, other);
        RunFiles.AssertSame(other, run);
        var refused = CliRun.Of([.. _task.Arguments(Recipe, _task.NewRun()), "--resource", "tagger=x"]);
        Assert.Equal(ExitCodes.Usage, refused.Code);
        Assert.Contains("vectors, neighbours, stop-words", refused.Error, StringComparison.Ordinal);
        var set = CliRun.Of([
            .. _task.Arguments(TinyTask.FineTuneRecipe, _task.NewRun()),
            "--set",
            "retrain.augment={\"neighbour-rate\":0.7,\"character-rate\":0.6}",
        ]);
        Assert.Equal(ExitCodes.Usage, set.Code);
        Assert.Contains("retrain.augment: neighbour-rate", set.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fresh_classifier_with_few_steps_under_an_adversary_on_changed_texts_is_told_of()
    {
        const string Slow = "from a fresh classifier, adversarial and on augmented texts only";
        var hard = TinyTask.FineTuneRecipe with
        {
            Retrain = TinyTask.FineTuneRecipe.Retrain with
            {
                Epochs = 2,
                Objective = new FreeLbOptions(2, 0.3, 0.2),
                Augment = Options,
            },
        };
        var trained = _task.NewRun("trained");
        Run(TinyTask.FineTuneRecipe, trained);
        var told = Assert.Single(Notes(hard), note => note.Contains(Slow, StringComparison.Ordinal));
        Assert.Contains($"retrain: {2 * TinyTask.StepsPerEpoch} steps", told, StringComparison.Ordinal);
        var enough = int.Parse(
            Regex.Match(told, @"retrain\.epochs=(\d+)").Groups[1].Value,
            CultureInfo.InvariantCulture
        );
        Assert.False(IsTold(WithEpochs(enough)));
        Assert.True(IsTold(WithEpochs(enough - 1)));
        Assert.False(IsTold(hard, Path.Combine(trained, "model")));
        Assert.False(IsTold(hard with { Retrain = hard.Retrain with { Objective = new CleanOptions() } }));
        Assert.False(IsTold(hard with { Retrain = hard.Retrain with { Augment = null } }));
        Assert.False(
            IsTold(hard with { Retrain = hard.Retrain with { Augment = Options with { KeepOriginal = true } } })
        );

        Recipe WithEpochs(int epochs) => hard with { Retrain = hard.Retrain with { Epochs = epochs } };
        bool IsTold(Recipe recipe, string? model = null) =>
            Notes(recipe, model).Any(note => note.Contains(Slow, StringComparison.Ordinal));
        string[] Notes(Recipe recipe, string? model = null)
        {
            var request = Request(recipe, _task.Below("unused"));
            using var inputs = RunInputs.Open(model is null ? request : request with { Model = model });
            return [.. inputs.Notes(recipe)];
        }
    }

    private RunResult Run(Recipe recipe, string run, IProgress<RunEvent>? progress = null, bool resume = false) =>
        RecipeRunner.Run(Request(recipe, run, resume), progress, CancellationToken.None);

    private TrainRequest Request(Recipe recipe, string run, bool resume = false) =>
        _task.Request(recipe, run, resume) with
        {
            Resources = new ResourceFiles(Neighbours: Table),
        };

    private void WriteTable(string[] some, string[] others) =>
        File.WriteAllText(
            Table,
            new JsonObject(
                some.Zip(others)
                    .Select(p => KeyValuePair.Create<string, JsonNode?>(p.First, new JsonArray(p.Second, "film")))
            ).ToJsonString()
        );

    private static double[] Losses(string run) => [.. Steps(run).Select(e => (double)e["loss"]!)];

    private static long[] Tokens(string run, string? stage = null) =>
        [.. Steps(run).Where(e => stage is null || (string?)e["stage"] == stage).Select(e => (long)e["tokens"]!)];

    private static IEnumerable<JsonNode> Steps(string run) =>
        RunFiles.Events(run).Select(line => JsonNode.Parse(line)!).Where(e => (string?)e["event"] == "step");
}
