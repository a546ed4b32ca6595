using RobustTickets.Objectives;

namespace RobustTickets.Recipes.Validation;

/// <summary>Validates objective options.</summary>
internal static class ObjectiveCheck
{
    /// <summary>Adds the problems of the objective at a path.</summary>
    internal static void Check(string path, ObjectiveOptions objective, RecipeProblems found)
    {
        switch (objective)
        {
            case CleanOptions:
                break;
            case PgdOptions o:
                Steps(path, o.Steps, "one ascent; without ascents use kind clean", found);
                Adversary(path, o.StepSize, o.InitMagnitude, o.MaxNorm, ascends: true, found);
                break;
            case FreeLbOptions o:
                Steps(path, o.Steps, "one pass", found);
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
                Steps(path, o.Steps, "one pass", found);
                Adversary(path, o.StepSize, o.InitMagnitude, o.MaxNorm, o.Steps > 1, found);
                found.NotNegative($"{path}.alpha", o.Alpha);
                found.NotNegative($"{path}.beta", o.Beta);
                var low = found.Require(o.LowShare is >= 0 and < 1, $"{path}.low-share", o.LowShare, "in [0, 1)");
                if (found.Require(o.HighShare is > 0 and <= 1, $"{path}.high-share", o.HighShare, "in (0, 1]") && low)
                    found.Relate(o.HighShare > o.LowShare, $"{path}.high-share", o.HighShare, "above low-share");
                found.Between($"{path}.critic-hidden", o.CriticHidden, 1, RecipeProblems.MostAtOnce);
                break;
            case HullOptions o:
                found.Positive($"{path}.alpha", o.Alpha);
                found.Positive($"{path}.own-alpha", o.OwnAlpha);
                found.Between($"{path}.steps", o.Steps, 0, RecipeProblems.MostTimes);
                found.Positive($"{path}.step-size", o.StepSize);
                found.NotNegative($"{path}.sparsity", o.Sparsity);
                found.Between($"{path}.neighbours", o.Neighbours, 1, RecipeProblems.MostTimes);
                found.Require(o.HeldOutShare is >= 0 and < 1, $"{path}.held-out-share", o.HeldOutShare, "in [0, 1)");
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
        if (ascends)
            found.Positive($"{path}.step-size", stepSize);
        else
            found.NotNegative($"{path}.step-size", stepSize);
        found.NotNegative($"{path}.init-magnitude", initMagnitude);
        found.NotNegative($"{path}.max-norm", maxNorm, "0 (unbounded) or more");
    }

    private static void Steps(string path, int steps, string least, RecipeProblems found) =>
        found.Between($"{path}.steps", steps, 1, RecipeProblems.MostTimes, least);
}
