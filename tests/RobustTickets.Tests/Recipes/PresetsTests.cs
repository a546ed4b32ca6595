using RobustTickets.Objectives;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Testing;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Recipes;

public class PresetsTests
{
    private static string Folder => Path.Combine(Golden.RepositoryRoot, "recipes");

    [Fact]
    public void Files_of_the_recipes_folder_equal_the_presets()
    {
        // Regenerate with: ROBUST_TICKETS_WRITE_RECIPES=1 dotnet test --filter
        // Files_of_the_recipes_folder_equal_the_presets
        var expected = RecipePresets.Files().ToDictionary(f => f.FileName, f => RecipeJson.Write(f.Recipe));
        if (Environment.GetEnvironmentVariable("ROBUST_TICKETS_WRITE_RECIPES") == "1")
        {
            Directory.CreateDirectory(Folder);
            foreach (var (name, text) in expected)
                File.WriteAllText(Path.Combine(Folder, name), text);
        }
        Assert.Equal(
            expected.Keys.Order(),
            Directory.GetFiles(Folder, "*.json").Select(f => Path.GetFileName(f)!).Order()
        );
        foreach (var (name, text) in expected)
            Assert.Equal(text, File.ReadAllText(Path.Combine(Folder, name)));
    }

    // eps0, K, step, lr, lambda_H, lambda_F of EarlyRobust Table 6; neuron ratio of section 4.4;
    // length of A.2.2; batch of the released code.
    [Theory]
    [InlineData("imdb", .05, 5, .01, 2e-5, 1e-5, 2e-4, .4, 256, 8)]
    [InlineData("sst2", .05, 5, .02, 2e-5, 1e-4, 3e-4, .3, 128, 32)]
    [InlineData("ag-news", .05, 5, .01, 2e-5, 3e-4, 5e-5, .2, 256, 8)]
    [InlineData("qnli", .05, 5, .01, 2e-5, 2e-4, 3e-4, .3, 128, 32)]
    [InlineData("qqp", .05, 5, .01, 2e-5, 1e-5, 1e-5, .3, 128, 32)]
    public void The_papers_numbers_are_the_presets_numbers(
        string task,
        double eps0,
        int k,
        double step,
        double lr,
        double heads,
        double neurons,
        double ratio,
        int length,
        int batch
    )
    {
        var recipe = RecipePresets.Get("early-robust", task);
        Assert.Equal(new FreeLbOptions(k, step, eps0), ((SlimmingSearchOptions)recipe.Search!).Objective);
        Assert.Equal(new SlimmingOptions(heads, neurons), ((SlimmingSearchOptions)recipe.Search!).Slimming);
        Assert.Equal(new ConsecutiveStop(0.1, 5, DrawAt.Newest), ((SlimmingSearchOptions)recipe.Search!).Stop);
        Assert.Equal(
            (1.0, 20, true),
            (
                ((SlimmingSearchOptions)recipe.Search!).HorizonEpochs,
                ((SlimmingSearchOptions)recipe.Search!).SnapshotsPerEpoch,
                ((SlimmingSearchOptions)recipe.Search!).Shuffle
            )
        );
        Assert.Equal(
            (lr, 0.01, 0.1),
            (
                ((SlimmingSearchOptions)recipe.Search!).Optimizer.LearningRate,
                ((SlimmingSearchOptions)recipe.Search!).Optimizer.WeightDecay,
                ((SlimmingSearchOptions)recipe.Search!).Optimizer.WarmupFraction
            )
        );
        Assert.Equal((1.0 / 6, ratio), (((DrawOptions)recipe.Draw!).HeadRatio, ((DrawOptions)recipe.Draw).NeuronRatio));
        Assert.Equal((length, batch), (recipe.MaxLength, recipe.BatchSize));
        Assert.Equal(
            (10.0, lr, 0.0, 0.0),
            (
                recipe.Retrain.Epochs,
                recipe.Retrain.Optimizer.LearningRate,
                recipe.Retrain.Optimizer.WeightDecay,
                recipe.Retrain.Optimizer.WarmupFraction
            )
        );
        Assert.Equal(new CleanOptions(), recipe.Retrain.Objective);

        // The baseline is the very same retraining without search, so that they can be compared.
        var baseline = RecipePresets.Get("fine-tune", task);
        Assert.Equal(
            recipe with
            {
                Name = "fine-tune",
                Source = baseline.Source,
                Search = null,
                Draw = null,
            },
            baseline
        );
    }

    [Fact]
    public void A_task_without_published_numbers_says_whose_it_takes()
    {
        var mnli = RecipePresets.Get("early-robust", "mnli");
        var sst2 = RecipePresets.Get("early-robust", "sst2");
        Assert.Contains("no published numbers for task mnli", mnli.Source);
        Assert.Equal(sst2 with { Task = "mnli", Source = mnli.Source }, mnli);
        Assert.Equal("ag-news", RecipePresets.Get("fine-tune", "AG_NEWS").Task);
    }

    [Fact]
    public void An_unknown_preset_names_the_possible_ones()
    {
        var error = Assert.Throws<RecipeException>(() => RecipePresets.Get("early-robsut", "sst2"));
        Assert.Contains("did you mean early-robust", error.Message);
        Assert.Contains("fine-tune", error.Message);
    }
}
