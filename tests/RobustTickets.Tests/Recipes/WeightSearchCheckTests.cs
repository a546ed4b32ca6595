// What a recipe of single weights may not ask for is refused by path, before any compute.
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Recipes;

public sealed class WeightSearchCheckTests
{
    [Theory]
    [InlineData("robust-ticket", "draw.sparsity=0", "draw.sparsity: 0 is not possible; must be in (0, 1)")]
    [InlineData("robust-ticket", "draw.sparsity=1", "draw.sparsity: 1 is not possible; must be in (0, 1)")]
    [InlineData("lth", "draw.sparsity=-0.1", "draw.sparsity: -0.1 is not possible")]
    [InlineData(
        "robust-ticket",
        "search.masks.penalty=-0.5",
        "search.masks.penalty: -0.5 is not possible; must be 0 or more"
    )]
    [InlineData("robust-ticket", "search.masks.initial-gate=1", "search.masks.initial-gate: 1 is not possible")]
    [InlineData("robust-ticket", "search.masks.out-per-mask=-1", "search.masks.out-per-mask: -1 is not possible")]
    [InlineData("robust-ticket", "search.epochs=0", "search.epochs: 0 is not possible; must be greater than 0")]
    [InlineData("robust-ticket", "search.draw-epoch=21", "search.draw-epoch: 21 is not possible; must be in (0, 20]")]
    [InlineData(
        "robust-ticket-released",
        "search.draw-epoch=5",
        "search.draw-epoch: names an epoch while search.draw-from is best-dev"
    )]
    [InlineData(
        "robust-ticket-released",
        "search.epochs=0.5",
        "search.epochs: 0.5 is not possible; must be at least 1 while search.draw-from is best-dev"
    )]
    [InlineData(
        "robust-ticket-released",
        "evaluate.every-epoch=false",
        "evaluate.every-epoch: false, but search.draw-from best-dev compares the epochs"
    )]
    [InlineData("robust-ticket", "search.fine-tune.epochs=0", "search.fine-tune.epochs: 0 is not possible")]
    [InlineData("robust-ticket", "search.objective.steps=0", "search.objective.steps: 0 is not possible")]
    [InlineData("robust-ticket", "retrain.realisation=released", "retrain.realisation")]
    [InlineData("robust-ticket", "retrain.coefficients=released", "retrain.coefficients")]
    [InlineData(
        "robust-ticket",
        "draw={\"kind\":\"structured\",\"head-ratio\":0.1,\"neuron-ratio\":0.1}",
        "draw.kind: this search yields single weights"
    )]
    [InlineData(
        "early-robust",
        "draw={\"kind\":\"weights\",\"sparsity\":0.3}",
        "draw.kind: this search yields heads and neurons"
    )]
    [InlineData("random-weights", "draw={\"kind\":\"as-saved\"}", "draw.kind: this search yields single weights")]
    [InlineData("lth", "search.rounds=0", "search.rounds: 0 is not possible; must be at least 1")]
    [InlineData(
        "lth",
        "search.horizon-epochs=2",
        "search.horizon-epochs: 2 is not possible; must be at least epochs-per-round"
    )]
    public void Impossible_values_are_refused_by_path(string preset, string setting, string expected)
    {
        Assert.Empty(RecipeCheck.Check(RecipePresets.Get(preset, "sst2")));
        Assert.Contains(
            RecipeCheck.Check(RecipeOverrides.Apply(RecipePresets.Get(preset, "sst2"), [setting])),
            problem => problem.StartsWith(expected, StringComparison.Ordinal)
        );
    }

    // Table 6 (eta, gamma, lambda, eps0, K), sparsity of Tables 1 and 2, rounds of a tenth each.
    [Theory]
    [InlineData("sst2", .03, .1, .5, 5, .3, 128, 3)]
    [InlineData("ag-news", .03, .05, .5, 5, .4, 256, 4)]
    [InlineData("imdb", .03, .1, .5, 5, .2, 256, 2)]
    [InlineData("qqp", .04, .05, .1, 3, .3, 128, 3)]
    [InlineData("qnli", .04, .05, .1, 3, .3, 128, 3)]
    [InlineData("mnli", .2, .1, .1, 2, .3, 128, 3)]
    public void The_papers_numbers_are_the_presets_numbers(
        string task,
        double eta,
        double gamma,
        double lambda,
        int k,
        double sparsity,
        int length,
        int rounds
    )
    {
        var recipe = RecipePresets.Get("robust-ticket", task);
        var search = (MaskSearchOptions)recipe.Search!;
        Assert.Equal(new RobustTickets.Objectives.FreeLbOptions(k, eta, 0.05), search.Objective);
        Assert.Equal(new HardConcreteOptions(lambda), search.Masks);
        Assert.Equal(
            (gamma, 1e-6, 0.1),
            (search.Optimizer.LearningRate, search.Optimizer.WeightDecay, search.Optimizer.WarmupFraction)
        );
        Assert.Equal((20.0, true, 3.0), (search.Epochs, search.FreezeBase, search.FineTune!.Epochs));
        Assert.Equal(new WeightDrawOptions(sparsity), recipe.Draw);
        Assert.Equal(
            (length, 32, 3.0, 2e-5, 0.01),
            (
                recipe.MaxLength,
                recipe.BatchSize,
                recipe.Retrain.Epochs,
                recipe.Retrain.Optimizer.LearningRate,
                recipe.Retrain.Optimizer.WeightDecay
            )
        );
        Assert.Equal(rounds, ((MagnitudeSearchOptions)RecipePresets.Get("lth", task).Search!).Rounds);
        Assert.DoesNotContain("no published numbers", recipe.Source, StringComparison.Ordinal);
    }
}
