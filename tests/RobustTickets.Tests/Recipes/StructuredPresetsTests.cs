// Structured presets: what each preset changes, and nothing else; where its numbers come from;
// how many steps it takes.
using RobustTickets.Objectives;
using RobustTickets.Recipes;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Recipes;

public class StructuredPresetsTests
{
    public static TheoryData<string> Tasks() => ["imdb", "sst2", "ag-news", "qnli", "qqp"];

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Baselines_are_the_dense_network_with_the_adversary_of_the_task(string task)
    {
        var adversary = (FreeLbOptions)Slimming(RecipePresets.Get("early-robust", task)).Objective;
        foreach (var name in new[] { "pgd", "pgd-usual", "freelb", "infobert", "infobert-released" })
        {
            var recipe = RecipePresets.Get(name, task);
            var plain = RecipePresets.Get("fine-tune", task);
            Assert.Equal(
                plain with
                {
                    Name = name,
                    Source = recipe.Source,
                    Retrain = plain.Retrain with
                    {
                        Objective = recipe.Retrain.Objective,
                        Optimizer = recipe.Retrain.Optimizer,
                    },
                },
                recipe
            );
            Assert.Equal(
                (2e-5, 0.1, 10.0),
                (recipe.Retrain.Optimizer.LearningRate, recipe.Retrain.Optimizer.WarmupFraction, recipe.Retrain.Epochs)
            );
        }
        Assert.Equal(
            new PgdOptions(adversary.Steps, adversary.StepSize, adversary.InitMagnitude),
            RecipePresets.Get("pgd", task).Retrain.Objective
        );
        Assert.Equal(
            new PgdOptions(adversary.Steps, adversary.StepSize, adversary.InitMagnitude, DeltaGradOnly: false),
            RecipePresets.Get("pgd-usual", task).Retrain.Objective
        );
        Assert.Equal(adversary, RecipePresets.Get("freelb", task).Retrain.Objective);
        // InfoBERT's ANLI command: alpha = beta = 5e-3, c .5 to .9, K 3, eta 4e-2, eps0 8e-2;
        // TextDefender: the critic stays random, plain dropout, decay 1e-6.
        var anli = new InfoBertOptions(
            3,
            4e-2,
            8e-2,
            5e-3,
            5e-3,
            0.5,
            0.9,
            SyncDropout: true,
            TrainCritic: true,
            CriticHidden: 300
        );
        Assert.Equal(anli, RecipePresets.Get("infobert", task).Retrain.Objective);
        Assert.Equal(
            anli with
            {
                SyncDropout = false,
                TrainCritic = false,
            },
            RecipePresets.Get("infobert-released", task).Retrain.Objective
        );
        Assert.Equal((1e-5, 1e-6, 0.01), (Decay("infobert"), Decay("infobert-released"), Decay("pgd")));

        double Decay(string name) => RecipePresets.Get(name, task).Retrain.Optimizer.WeightDecay;
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void An_ablation_changes_what_its_name_says_and_nothing_else(string task)
    {
        Same("without-adversary", r => r with { Search = Slimming(r) with { Objective = new CleanOptions() } });
        Same("without-regularizer", r => r with { Search = Slimming(r) with { Slimming = new SlimmingOptions(0, 0) } });
        Same(
            "without-initialization",
            r => r with { Retrain = r.Retrain with { Weights = StartWeights.RedrawnMatrices } }
        );
        Same("without-structure", r => r with { Retrain = r.Retrain with { Realisation = Realisation.DenseRedrawn } });
        Same(
            "layerwise",
            r =>
                r with
                {
                    Draw = ((DrawOptions)r.Draw!) with
                    {
                        HeadScope = HeadScope.Layerwise,
                        NeuronScope = NeuronScope.Layerwise,
                    },
                }
        );
        Same("layerwise-heads", r => r with { Draw = ((DrawOptions)r.Draw!) with { HeadScope = HeadScope.Layerwise } });
        Same(
            "layerwise-neurons",
            r => r with { Draw = ((DrawOptions)r.Draw!) with { NeuronScope = NeuronScope.Layerwise } }
        );
        Same(
            "released",
            r =>
                r with
                {
                    Search = Slimming(r) with
                    {
                        Objective = ((FreeLbOptions)Slimming(r).Objective) with { PassTokenTypeIds = false },
                        Stop = new FixedStop(0.2),
                        Shuffle = false,
                    },
                    Draw = ((DrawOptions)r.Draw!) with { Ties = TieRule.StrictQuantile },
                    Retrain = r.Retrain with { Coefficients = TicketCoefficients.AuthorsCode },
                    Split = new SplitOptions(DevelopmentRule.AuthorsCode),
                }
        );
        var (random, whole) = (RecipePresets.Get("random-structured", task), RecipePresets.Get("early-robust", task));
        Assert.Equal(
            whole with
            {
                Name = random.Name,
                Source = random.Source,
                Search = new RandomStructuredSearchOptions(),
            },
            random
        );

        void Same(string ablation, Func<Recipe, Recipe> change)
        {
            var found = RecipePresets.Get($"early-robust-{ablation}", task);
            var robust = RecipePresets.Get("early-robust", task);
            Assert.Equal(change(robust) with { Name = found.Name, Source = found.Source }, found);
            Assert.NotEqual(robust.Source, found.Source);
        }
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void EarlyBert_searches_without_adversary_under_its_own_schedule(string task)
    {
        var (bert, robust) = (RecipePresets.Get("early-bert", task), RecipePresets.Get("early-robust", task));
        Assert.Equal(robust with { Name = bert.Name, Source = bert.Source, Search = bert.Search }, bert);
        Assert.Equal(
            new SlimmingSearchOptions(
                new CleanOptions(),
                Slimming(robust).Slimming,
                new OptimizerOptions(2e-5),
                new FixedStop(0.2),
                HorizonEpochs: 3
            ),
            bert.Search
        );
        var released = RecipePresets.Get("early-bert-released", task);
        Assert.Equal(new SlimmingOptions(1e-4, 1e-4), Slimming(released).Slimming);
        Assert.Equal(
            new DrawOptions(1.0 / 3, 0.4, HeadScope.Layerwise, NeuronScope.Global, TieRule.StrictQuantile),
            released.Draw
        );
        Assert.Equal(
            (4e-5, 2.0, TicketCoefficients.Trainable),
            (released.Retrain.Optimizer.LearningRate, released.Retrain.Epochs, released.Retrain.Coefficients)
        );
    }

    [Fact]
    public void Every_source_names_a_paper_or_its_code_and_no_two_presets_are_the_same_method()
    {
        foreach (var preset in RecipePresets.List)
            Assert.Matches("Table|section|released|code|paper", RecipePresets.Get(preset.Name, "sst2").Source);
        var methods = RecipePresets
            .List.Select(p => RecipeJson.Write(RecipePresets.Get(p.Name, "sst2") with { Name = "", Source = "" }))
            .ToArray();
        Assert.Equal(methods.Length, methods.Distinct().Count());
    }

    [Theory]
    // 25,000 examples in batches of 8, of which the released scripts hold none out: S = 3125 steps
    // an epoch, 625 at a fifth; 2812 and 562 without a tenth (mutant: steps rounded up, or counted
    // from the last mini-batch).
    [InlineData("early-robust", 2812)]
    [InlineData("early-robust-released", 625)]
    [InlineData("early-bert", 562)]
    [InlineData("early-bert-released", 625)]
    [InlineData("random-structured", 0)]
    [InlineData("fine-tune", 0)]
    public void Imdb_takes_the_published_number_of_search_steps(string name, long steps)
    {
        var recipe = RecipePresets.Get(name, "imdb");
        var examples = recipe.Split.Dev == DevelopmentRule.AuthorsCode ? 25_000 : 22_500;
        Assert.Equal(steps, SearchSteps.AtMost(recipe.Search, recipe.BatchSize, examples));
        Assert.Equal(steps, SearchSteps.AtMost(recipe.Search, recipe.BatchSize, examples + (7 - examples % 8)));
        Assert.Equal(steps == 0, steps == SearchSteps.AtMost(recipe.Search, recipe.BatchSize, examples + 40));
    }

    [Fact]
    public void The_schedule_of_EarlyBert_reaches_over_three_epochs_although_a_fifth_is_run() =>
        Assert.Equal(9375, SearchSteps.Horizon(Slimming(RecipePresets.Get("early-bert", "imdb")), 8, 25_000));

    private static SlimmingSearchOptions Slimming(Recipe recipe) => (SlimmingSearchOptions)recipe.Search!;
}
