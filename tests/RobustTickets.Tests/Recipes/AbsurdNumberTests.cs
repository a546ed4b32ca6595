using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;
using Xunit;

namespace RobustTickets.Tests.Recipes;

public sealed class AbsurdNumberTests
{
    [Theory]
    [InlineData(1e308)]
    [InlineData(10_001)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NaN)]
    public void Epochs_that_no_run_would_ever_end_are_refused(double epochs)
    {
        var recipe = RecipePresets.Get("early-robust", "sst2");
        var problems = RecipeCheck.Check(
            recipe with
            {
                Retrain = recipe.Retrain with { Epochs = epochs },
                Search = ((SlimmingSearchOptions)recipe.Search!) with { HorizonEpochs = epochs },
            }
        );
        Assert.Contains(problems, p => p.StartsWith("retrain.epochs: ", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.StartsWith("search.horizon-epochs: ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_magnitude_beyond_any_use_is_refused_with_the_bound()
    {
        var recipe = RecipePresets.Get("fine-tune", "sst2");
        var problem = Assert.Single(
            RecipeCheck.Check(
                recipe with
                {
                    Retrain = recipe.Retrain with { Optimizer = recipe.Retrain.Optimizer with { WeightDecay = 1e300 } },
                }
            )
        );
        Assert.EndsWith("must be 0 or more, at most 3.4028234663852886E+38", problem, StringComparison.Ordinal);
    }
}
