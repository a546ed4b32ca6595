// Ranges of searches and draws of single weights, found before any compute.
using RobustTickets.Tickets;

namespace RobustTickets.Recipes.Validation;

/// <summary>Finds impossible searches of single weights.</summary>
internal static class WeightSearchCheck
{
    /// <summary>Adds what is wrong with a search and its draw.</summary>
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
                    RecipeCheck.Optimizer("search.fine-tune.optimizer", training.Optimizer, found);
                    found.Epochs("search.fine-tune.epochs", training.Epochs);
                }
                ObjectiveCheck.Check("search.objective", s.Objective, found);
                RecipeCheck.Optimizer("search.optimizer", s.Optimizer, found);
                Masks(s.Masks, found);
                var length = found.Epochs("search.epochs", s.Epochs);
                if (length && s.DrawEpoch is { } at)
                    found.Require(
                        at > 0 && at <= s.Epochs,
                        "search.draw-epoch",
                        at,
                        $"in (0, {RecipeProblems.Show(s.Epochs)}], the epochs of the search, or null for the last"
                    );
                if (s.DrawFrom == DrawEpochRule.BestDev)
                {
                    if (length)
                        found.Require(
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
                RecipeCheck.Optimizer("search.optimizer", s.Optimizer, found);
                found.Require(
                    s.Rounds is >= 1 and <= (int)RecipeProblems.MostSteps,
                    "search.rounds",
                    s.Rounds,
                    "at least 1, at most 1000; for pruning without training take kind one-shot"
                );
                var round = found.Epochs("search.epochs-per-round", s.EpochsPerRound);
                if (round && s.HorizonEpochs is { } horizon)
                    found.Require(
                        horizon >= s.EpochsPerRound && horizon <= RecipeProblems.MostEpochs,
                        "search.horizon-epochs",
                        horizon,
                        "at least epochs-per-round, at most 10000, or null for the round itself"
                    );
                break;
        }
    }

    private static void Masks(HardConcreteOptions masks, RecipeProblems found)
    {
        const string at = "search.masks";
        found.Require(
            masks.Penalty >= 0 && double.IsFinite(masks.Penalty),
            $"{at}.penalty",
            masks.Penalty,
            "0 or more"
        );
        found.Require(masks.InitialGate is > 0 and < 1, $"{at}.initial-gate", masks.InitialGate, "in (0, 1)");
        found.Require(
            masks.OutPerMask >= 0,
            $"{at}.out-per-mask",
            masks.OutPerMask,
            "1 or more, or 0 for a whole matrix"
        );
        found.Require(masks.InPerMask >= 0, $"{at}.in-per-mask", masks.InPerMask, "1 or more, or 0 for a whole matrix");
        found.Require(
            masks.RampStart >= 0 && double.IsFinite(masks.RampStart),
            $"{at}.ramp-start",
            masks.RampStart,
            "0 or more, a share of the search"
        );
        found.Require(
            masks.RampLength >= 0 && double.IsFinite(masks.RampLength),
            $"{at}.ramp-length",
            masks.RampLength,
            "0 or more, a share of the search"
        );
        found.Require(
            masks.RampFrom >= 0 && double.IsFinite(masks.RampFrom),
            $"{at}.ramp-from",
            masks.RampFrom,
            "0 or more"
        );
        found.Require(masks.RampTo >= 0 && double.IsFinite(masks.RampTo), $"{at}.ramp-to", masks.RampTo, "0 or more");
    }
}
