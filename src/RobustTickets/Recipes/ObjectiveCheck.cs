using RobustTickets.Objectives;

namespace RobustTickets.Recipes;

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
            case FreeLbOptions o:
                found.Require(o.Steps >= 1, $"{path}.steps", o.Steps, "at least 1 (one pass)");
                var ascents = o.Steps > 1 || o.Count == FreeLbCount.KPlus1;
                found.Require(Finite(o.StepSize) && (ascents ? o.StepSize > 0 : o.StepSize >= 0), $"{path}.step-size", o.StepSize, "greater than 0");
                found.Require(Finite(o.InitMagnitude) && o.InitMagnitude >= 0, $"{path}.init-magnitude", o.InitMagnitude, "0 or more");
                found.Require(Finite(o.MaxNorm) && o.MaxNorm >= 0, $"{path}.max-norm", o.MaxNorm, "0 (unbounded) or more");
                break;
            default:
                throw new NotSupportedException($"no check for {objective.GetType().Name}");
        }
    }

    private static bool Finite(double value) => double.IsFinite(value);
}
