using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Step counts of searches.</summary>
internal static class SearchSteps
{
    /// <summary>
    /// T of a slimming search's schedule: floor(N * epochs / B), independent of the stop rule.
    /// </summary>
    public static double Horizon(SlimmingSearchOptions search, int batchSize, int examples) =>
        StepCounts.FloorOfExamples(batchSize, search.HorizonEpochs, examples);

    /// <summary>T of the schedule of every round of magnitude pruning.</summary>
    public static double RoundHorizon(MagnitudeSearchOptions search, int batchSize, int examples) =>
        StepCounts.Horizon(search.Optimizer, batchSize, search.HorizonEpochs ?? search.EpochsPerRound, examples);

    /// <summary>
    /// Maximum steps of a search: a slimming search ends at its horizon or at the step of a fixed
    /// stop, a mask search at the epoch it draws from, magnitude pruning after its rounds. 0
    /// without a search, and for tickets drawn without one. The fine-tuning before a mask search is
    /// not counted.
    /// </summary>
    public static long AtMost(SearchOptions? search, int batchSize, int examples) =>
        search switch
        {
            null or RandomStructuredSearchOptions => 0,
            SlimmingSearchOptions { Stop: FixedStop f } => Math.Max(
                1,
                (long)Math.Floor(StepCounts.FullBatches(batchSize, examples) * f.Fraction)
            ),
            SlimmingSearchOptions slimming => (long)Horizon(slimming, batchSize, examples),
            MaskSearchOptions masks => StepCounts.Of(batchSize, masks.DrawEpoch ?? masks.Epochs, examples),
            MagnitudeSearchOptions magnitude => magnitude.Rounds
                * StepCounts.Of(batchSize, magnitude.EpochsPerRound, examples),
            OneShotSearchOptions or RandomWeightSearchOptions or SavedTicketSearchOptions => 0,
            _ => throw new NotSupportedException($"no step count for {search.GetType().Name}"),
        };
}
