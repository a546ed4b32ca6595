// How many steps the stages of a recipe take, in one place for the run and for --dry-run (spec 2.3,
// 8.4, 15.10).
using RobustTickets.Recipes;
using RobustTickets.Tickets;

namespace RobustTickets.Training;

/// <summary>Steps of a recipe over a number of training examples.</summary>
public static class StepCounts
{
    /// <summary>Steps of one epoch, the last and smaller batch included.</summary>
    public static long PerEpoch(Recipe recipe, int examples) => (examples + recipe.BatchSize - 1L) / recipe.BatchSize;

    /// <summary>Whole steps of some epochs, at least one.</summary>
    public static long Of(Recipe recipe, double epochs, int examples) =>
        Math.Max(1, (long)Math.Floor(PerEpoch(recipe, examples) * epochs));

    /// <summary>Steps of the retraining stage.</summary>
    public static long Retrain(Recipe recipe, int examples) => Of(recipe, recipe.Retrain.Epochs, examples);

    /// <summary>
    /// T of a slimming search's schedule: floor(N * epochs / B), kept whatever the stop.
    /// </summary>
    public static double SearchHorizon(SlimmingSearch search, int batchSize, int examples) =>
        Math.Max(1, Math.Floor(examples * search.HorizonEpochs / batchSize));

    /// <summary>
    /// Steps of the search at most: a slimming search ends at its horizon or at the step of a fixed
    /// stop, a mask search at the epoch it draws from, magnitude pruning after its
    /// rounds. 0 without a search, and where a ticket is drawn at once. The fine-tuning before a
    /// mask search is not counted.
    /// </summary>
    public static long SearchAtMost(Recipe recipe, int examples) =>
        recipe.Search switch
        {
            null or RandomStructuredSearch => 0,
            SlimmingSearch { Stop: FixedStop f } => Math.Max(
                1,
                (long)Math.Floor(Math.Max(1, examples / recipe.BatchSize) * f.Fraction)
            ),
            SlimmingSearch search => (long)SearchHorizon(search, recipe.BatchSize, examples),
            MaskSearch search => Of(recipe, search.DrawEpoch ?? search.Epochs, examples),
            MagnitudeSearch search => search.Rounds * Of(recipe, search.EpochsPerRound, examples),
            OneShotSearch or RandomWeightSearch or SavedTicketSearch => 0,
            _ => throw new NotSupportedException($"no step count for {recipe.Search.GetType().Name}"),
        };
}
