// Ranges of searches and draws of single weights.
using RobustTickets.Tickets;

namespace RobustTickets.Recipes.Validation;

/// <summary>Validates searches of single weights.</summary>
internal static class WeightSearchCheck
{
    /// <summary>Adds the problems of a search and its draw.</summary>
    internal static void Check(SearchOptions search, WeightDrawOptions draw, RecipeProblems found)
    {
        found.Require(
            draw.Sparsity is > 0 and < 1,
            "draw.sparsity",
            draw.Sparsity,
            "in (0, 1), the share of weights pruned"
        );
        switch (search)
        {
            case MaskSearchOptions s:
                if (s.FineTune is { } training)
                {
                    ObjectiveCheck.Check("search.fine-tune.objective", training.Objective, found);
                    AugmentCheck.Check("search.fine-tune.augment", training.Augment, found);
                    RecipeCheck.Optimizer("search.fine-tune.optimizer", training.Optimizer, found);
                    Positive("search.fine-tune.epochs", training.Epochs, found);
                }
                ObjectiveCheck.Check("search.objective", s.Objective, found);
                AugmentCheck.Check("search.augment", s.Augment, found);
                RecipeCheck.Optimizer("search.optimizer", s.Optimizer, found);
                Masks(s.Masks, found);
                var length = Positive("search.epochs", s.Epochs, found);
                if (length && s.DrawEpoch is { } at)
                    found.Relate(
                        at > 0 && at <= s.Epochs,
                        "search.draw-epoch",
                        at,
                        $"in (0, {RecipeProblems.Show(s.Epochs)}], the epochs of the search, or null for the last"
                    );
                if (s.DrawFrom == DrawEpochRule.BestDev)
                {
                    if (length)
                        found.Relate(
                            s.Epochs >= 1,
                            "search.epochs",
                            s.Epochs,
                            "at least 1 while search.draw-from is best-dev: only whole epochs are compared"
                        );
                    if (s.DrawEpoch is not null)
                        found.Add(
                            "search.draw-epoch: names an epoch while search.draw-from is best-dev; set one of "
                                + "them to its default (null, last)"
                        );
                }
                break;
            case MagnitudeSearchOptions s:
                ObjectiveCheck.Check("search.objective", s.Objective, found);
                AugmentCheck.Check("search.augment", s.Augment, found);
                RecipeCheck.Optimizer("search.optimizer", s.Optimizer, found);
                const string one = "for pruning without training use kind one-shot";
                found.Between("search.rounds", s.Rounds, 1, RecipeProblems.MostTimes, one);
                var round = Positive("search.epochs-per-round", s.EpochsPerRound, found);
                if (s.HorizonEpochs is { } horizon && Positive("search.horizon-epochs", horizon, found) && round)
                    found.Relate(
                        horizon >= s.EpochsPerRound,
                        "search.horizon-epochs",
                        horizon,
                        "at least epochs-per-round, or null for the round itself"
                    );
                break;
        }
    }

    private static void Masks(HardConcreteOptions masks, RecipeProblems found)
    {
        const string at = "search.masks";
        found.NotNegative($"{at}.penalty", masks.Penalty);
        found.Require(masks.InitialGate is > 0 and < 1, $"{at}.initial-gate", masks.InitialGate, "in (0, 1)");
        found.Require(
            masks.OutPerMask >= 0,
            $"{at}.out-per-mask",
            masks.OutPerMask,
            "1 or more, or 0 for a whole matrix"
        );
        found.Require(masks.InPerMask >= 0, $"{at}.in-per-mask", masks.InPerMask, "1 or more, or 0 for a whole matrix");
        found.NotNegative($"{at}.ramp-start", masks.RampStart, "0 or more, a share of the search");
        found.NotNegative($"{at}.ramp-length", masks.RampLength, "0 or more, a share of the search");
        found.NotNegative($"{at}.ramp-from", masks.RampFrom);
        found.NotNegative($"{at}.ramp-to", masks.RampTo);
    }

    private static bool Positive(string path, double value, RecipeProblems found) =>
        found.Positive(path, value, RecipeProblems.MostEpochs);
}
