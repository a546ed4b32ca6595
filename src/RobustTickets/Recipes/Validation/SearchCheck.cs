// Validates a search and its draw: ranges, and combinations that never stop or have no effect.
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Recipes.Validation;

/// <summary>Validates searches and draws.</summary>
internal static class SearchCheck
{
    /// <summary>Adds the problems of a search, of its draw, and of their combination.</summary>
    internal static void Check(SearchOptions search, TicketDraw draw, RecipeProblems found)
    {
        switch (search, draw)
        {
            case (SlimmingSearchOptions slimming, DrawOptions structured):
                Slimming(slimming, found);
                Structured(structured, found);
                break;
            case (RandomStructuredSearchOptions random, DrawOptions structured):
                found.Require(random.Trial >= 0, "search.trial", random.Trial, "0 or more");
                Structured(structured, found);
                break;
            case (SavedTicketSearchOptions, SavedDraw):
                break;
            case (
                MaskSearchOptions
                    or MagnitudeSearchOptions
                    or OneShotSearchOptions
                    or RandomWeightSearchOptions
                    or SavedTicketSearchOptions,
                WeightDrawOptions weights
            ):
                WeightSearchCheck.Check(search, weights, found);
                break;
            case (SlimmingSearchOptions or RandomStructuredSearchOptions, _):
                found.Add("draw.kind: this search yields heads and neurons; possible: structured");
                break;
            case (SavedTicketSearchOptions, _):
                found.Add(
                    "draw.kind: a saved ticket is used as it is, or re-drawn from its scores; possible: "
                        + "as-saved, weights"
                );
                break;
            case (MaskSearchOptions or MagnitudeSearchOptions or OneShotSearchOptions or RandomWeightSearchOptions, _):
                found.Add("draw.kind: this search yields single weights; possible: weights");
                break;
            default:
                throw new NotSupportedException($"no check for {search.GetType().Name} with {draw.GetType().Name}");
        }
    }

    private static void Slimming(SlimmingSearchOptions search, RecipeProblems found)
    {
        ObjectiveCheck.Check("search.objective", search.Objective, found);
        AugmentCheck.Check("search.augment", search.Augment, found);
        found.NotNegative("search.slimming.head-penalty", search.Slimming.HeadPenalty);
        found.NotNegative("search.slimming.neuron-penalty", search.Slimming.NeuronPenalty);
        RecipeCheck.Optimizer("search.optimizer", search.Optimizer, found);
        if (search.Optimizer.Horizon != ScheduleHorizon.Steps)
            found.Add(
                "search.optimizer.horizon: a slimming search always has the horizon floor(examples * "
                    + "horizon-epochs / batch-size); possible: none, and search.horizon-epochs for its length"
            );
        var horizon = found.Positive("search.horizon-epochs", search.HorizonEpochs, RecipeProblems.MostEpochs);
        const string path = "search.snapshots-per-epoch";
        var snapshots = found.Between(path, search.SnapshotsPerEpoch, 1, RecipeProblems.MostTimes);
        var needed = Stop(search.Stop, found);
        if (!horizon || !snapshots)
            return;
        var taken = (int)Math.Floor(search.SnapshotsPerEpoch * search.HorizonEpochs + 1e-9);
        if (needed > taken)
            found.Add(
                $"search.stop: this rule needs {needed} snapshots before it can hold, but the search takes only "
                    + $"{taken} (snapshots-per-epoch x horizon-epochs)"
            );
        if (search.Stop is FixedStop { Fraction: var fraction } && fraction <= 1 && fraction > search.HorizonEpochs)
        {
            found.Add(
                $"search.stop.fraction: {RecipeProblems.Show(fraction)} lies beyond the horizon of "
                    + $"{RecipeProblems.Show(search.HorizonEpochs)} epochs (search.horizon-epochs)"
            );
        }
    }

    /// <summary>
    /// Validates the stop rule; returns the number of snapshots it needs before it can stop, 0 if
    /// unknown.
    /// </summary>
    private static long Stop(StopOptions stop, RecipeProblems found)
    {
        switch (stop)
        {
            case ConsecutiveStop s:
                found.Require(
                    s.Gamma is > 0 and <= 1,
                    "search.stop.gamma",
                    s.Gamma,
                    "in (0, 1], a share of differing mask entries"
                );
                return found.Require(s.Times >= 1, "search.stop.times", s.Times, "at least 1") ? StopRule.Needs(s) : 0;
            case AnchorStop s:
                found.Require(
                    s.Epsilon is > 0 and <= 1,
                    "search.stop.epsilon",
                    s.Epsilon,
                    "in (0, 1], a share of differing mask entries"
                );
                return found.Require(s.Next >= 1, "search.stop.next", s.Next, "at least 1") ? StopRule.Needs(s) : 0;
            case FifoStop s:
                found.Require(
                    s.Epsilon is >= 0 and <= 1,
                    "search.stop.epsilon",
                    s.Epsilon,
                    "in [0, 1], a share of differing mask entries"
                );
                return found.Require(s.Length >= 2, "search.stop.length", s.Length, "at least 2")
                    ? StopRule.Needs(s)
                    : 0;
            case FixedStop s:
                found.Require(s.Fraction is > 0 and <= 1, "search.stop.fraction", s.Fraction, "in (0, 1]");
                return 0;
            default:
                throw new NotSupportedException($"no check for {stop.GetType().Name}");
        }
    }

    private static void Structured(DrawOptions draw, RecipeProblems found)
    {
        var heads = found.Require(draw.HeadRatio is >= 0 and < 1, "draw.head-ratio", draw.HeadRatio, "in [0, 1)");
        var neurons = found.Require(
            draw.NeuronRatio is >= 0 and < 1,
            "draw.neuron-ratio",
            draw.NeuronRatio,
            "in [0, 1)"
        );
        found.Require(draw.MinNeuronsPerLayer >= 0, "draw.min-neurons-per-layer", draw.MinNeuronsPerLayer, "0 or more");
        if (heads && neurons && draw is { HeadRatio: 0, NeuronRatio: 0 })
            found.Add(
                "draw: head-ratio and neuron-ratio are both 0, so the ticket would be the whole network; give "
                    + "one above 0 or set search and draw to null"
            );
    }
}
