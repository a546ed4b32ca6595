using RobustTickets.Objectives;

namespace RobustTickets.Recipes.Validation;

/// <summary>Ranges of what an objective minimises.</summary>
internal static class ObjectiveCheck
{
    /// <summary>Adds what is wrong with the objective at a path.</summary>
    internal static void Check(string path, ObjectiveOptions objective, RecipeProblems found)
    {
        switch (objective)
        {
            case CleanOptions:
                break;
            case PgdOptions o:
                found.Require(
                    o.Steps is >= 1 and <= (int)RecipeProblems.MostSteps,
                    $"{path}.steps",
                    o.Steps,
                    "at least 1, at most 1000 (one ascent; without ascents use kind clean)"
                );
                Adversary(path, o.StepSize, o.InitMagnitude, o.MaxNorm, ascends: true, found);
                break;
            case FreeLbOptions o:
                found.Require(
                    o.Steps is >= 1 and <= (int)RecipeProblems.MostSteps,
                    $"{path}.steps",
                    o.Steps,
                    "at least 1, at most 1000 (one pass)"
                );
                Adversary(
                    path,
                    o.StepSize,
                    o.InitMagnitude,
                    o.MaxNorm,
                    o.Steps > 1 || o.Count == FreeLbCount.KPlus1,
                    found
                );
                break;
            case InfoBertOptions o:
                found.Require(
                    o.Steps is >= 1 and <= (int)RecipeProblems.MostSteps,
                    $"{path}.steps",
                    o.Steps,
                    "at least 1, at most 1000 (one pass)"
                );
                Adversary(path, o.StepSize, o.InitMagnitude, o.MaxNorm, o.Steps > 1, found);
                found.Require(double.IsFinite(o.Alpha) && o.Alpha >= 0, $"{path}.alpha", o.Alpha, "0 or more");
                found.Require(double.IsFinite(o.Beta) && o.Beta >= 0, $"{path}.beta", o.Beta, "0 or more");
                var low = found.Require(o.LowShare is >= 0 and < 1, $"{path}.low-share", o.LowShare, "in [0, 1)");
                found.Require(
                    o.HighShare is > 0 and <= 1 && (!low || o.HighShare > o.LowShare),
                    $"{path}.high-share",
                    o.HighShare,
                    "in (0, 1] and above low-share"
                );
                found.Require(o.CriticHidden >= 1, $"{path}.critic-hidden", o.CriticHidden, "at least 1");
                break;
            default:
                throw new NotSupportedException($"no check for {objective.GetType().Name}");
        }
    }

    private static void Adversary(
        string path,
        double stepSize,
        double initMagnitude,
        double maxNorm,
        bool ascends,
        RecipeProblems found
    )
    {
        found.Require(
            double.IsFinite(stepSize) && (ascends ? stepSize > 0 : stepSize >= 0),
            $"{path}.step-size",
            stepSize,
            "greater than 0"
        );
        found.Require(
            double.IsFinite(initMagnitude) && initMagnitude >= 0,
            $"{path}.init-magnitude",
            initMagnitude,
            "0 or more"
        );
        found.Require(double.IsFinite(maxNorm) && maxNorm >= 0, $"{path}.max-norm", maxNorm, "0 (unbounded) or more");
    }
}
