using RobustTickets.Searches;
using RobustTickets.Training;

namespace RobustTickets.Recipes;

/// <summary>Step counts of a recipe for a number of training examples.</summary>
internal static class RecipeSteps
{
    /// <summary>Steps per epoch, including a smaller last batch.</summary>
    public static long PerEpoch(Recipe recipe, int examples) => StepCounts.PerEpoch(recipe.BatchSize, examples);

    /// <summary>Maximum steps of the search; 0 without one.</summary>
    public static long SearchAtMost(Recipe recipe, int examples) =>
        SearchSteps.AtMost(recipe.Search, recipe.BatchSize, examples);

    /// <summary>Steps of the retraining stage.</summary>
    public static long Retrain(Recipe recipe, int examples) =>
        StepCounts.Of(recipe.BatchSize, recipe.Retrain.Epochs, examples);
}
