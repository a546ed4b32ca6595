// Ranges and combinations that types cannot express, all checked before any compute.
using RobustTickets.Attacks.Data;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Recipes.Validation;

/// <summary>Finds all invalid values of a recipe.</summary>
public static class RecipeCheck
{
    /// <summary>
    /// All problems of a recipe, each starting with the path of its field; empty when it can run.
    /// </summary>
    public static IReadOnlyList<string> Check(Recipe recipe) => Found(recipe).List;

    /// <summary>
    /// Problems that involve a single field: the only valid ones for a recipe with placeholders for
    /// unreadable fields.
    /// </summary>
    internal static IEnumerable<string> Ranges(Recipe recipe) => Found(recipe).Ranges;

    private static RecipeProblems Found(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var found = new RecipeProblems();
        if (recipe is { Retrain: null or { Objective: null } or { Optimizer: null } } or { Evaluate: null })
        {
            found.Add("retrain: is incomplete, or evaluate: null is not allowed here");
            return found;
        }
        found.Text("name", recipe.Name);
        found.Text("task", recipe.Task);
        found.Text("source", recipe.Source);
        if (!string.IsNullOrWhiteSpace(recipe.Task) && !TaskCatalog.TryFind(recipe.Task, out _))
            found.Add(
                $"task: unknown \"{recipe.Task}\"; "
                    + NearestNames.Hint(recipe.Task, [.. TaskCatalog.Tasks.Select(t => t.Name)])
            );
        const string why = "two special tokens and one word piece";
        found.Between("max-length", recipe.MaxLength, 3, RecipeProblems.MostAtOnce, why);
        found.Between("batch-size", recipe.BatchSize, 1, RecipeProblems.MostAtOnce);
        found.Require(recipe.Seed >= 0, "seed", recipe.Seed, "0 or more");
        found.Require(recipe.DevFraction is > 0 and < 1, "dev-fraction", recipe.DevFraction, "in (0, 1)");
        found.Require(
            recipe.Split.TrainExamples is null or >= 2,
            "split.train-examples",
            recipe.Split.TrainExamples ?? 0,
            "at least 2"
        );
        found.Require(
            recipe.Split.EvaluationExamples is null or >= 1,
            "split.evaluation-examples",
            recipe.Split.EvaluationExamples ?? 0,
            "at least 1"
        );
        found.Require(recipe.Split.Seed >= 0, "split.seed", recipe.Split.Seed, "0 or more");
        if (recipe.Evaluate.EpochAttack is { } attack)
            EpochAttack(attack, recipe.Split, found);
        if (recipe.Retrain.Select == EpochSelection.DevAttack)
            Selected(recipe, found);

        if (recipe.Search is null && recipe.Draw is not null)
            found.Add(
                "draw: present, but search is null; a ticket is drawn from a search, so either give search or "
                    + "set draw to null"
            );
        if (recipe.Search is not null && recipe.Draw is null)
            found.Add("draw: null, but search is present; specify how its ticket is drawn or set search to null");
        if (recipe is { Search: { } search, Draw: { } draw })
            SearchCheck.Check(search, draw, found);

        if (recipe is { Search: MaskSearchOptions { DrawFrom: DrawEpochRule.BestDev }, Evaluate.EveryEpoch: false })
        {
            found.Add(
                "evaluate.every-epoch: false, but search.draw-from best-dev compares the epochs; possible: "
                    + "true, or search.draw-from last"
            );
        }

        ObjectiveCheck.Check("retrain.objective", recipe.Retrain.Objective, found);
        AugmentCheck.Check("retrain.augment", recipe.Retrain.Augment, found);
        if (recipe.Retrain.Distill is { } distill)
        {
            found.Text("retrain.distill.teacher", distill.Teacher);
            found.Require(distill.Weight is > 0 and <= 1, "retrain.distill.weight", distill.Weight, "in (0, 1]");
            found.Positive("retrain.distill.temperature", distill.Temperature);
        }
        Optimizer("retrain.optimizer", recipe.Retrain.Optimizer, found);
        found.Positive("retrain.epochs", recipe.Retrain.Epochs, RecipeProblems.MostEpochs);
        if (
            recipe.Search is not null
            && recipe.Retrain is { Realisation: not Realisation.Ticket, Coefficients: not TicketCoefficients.Removed }
        )
        {
            found.Add(
                "retrain.coefficients: a ticket's are kept only with retrain.realisation \"ticket\"; possible: removed"
            );
        }
        if (recipe.Draw is WeightDrawOptions && recipe.Retrain.Realisation == Realisation.AuthorsCode)
        {
            found.Add(
                "retrain.realisation: \"released\" is only for heads and neurons; possible for weights: "
                    + "ticket, dense-redrawn, dense-zero"
            );
        }
        if (recipe.Draw is WeightDrawOptions && recipe.Retrain.Coefficients != TicketCoefficients.Removed)
        {
            found.Add(
                "retrain.coefficients: \"released\" is only for heads and neurons; possible for a ticket of "
                    + "weights: removed"
            );
        }
        if (recipe.Search is null)
        {
            if (recipe.Retrain.Coefficients != TicketCoefficients.Removed)
                found.Add("retrain.coefficients: there are none without a search; possible: removed");
            if (recipe.Retrain.Weights != StartWeights.PreTrained)
                found.Add("retrain.weights: re-drawn weights require a search; possible: pre-trained");
            if (recipe.Retrain.Realisation != Realisation.Ticket)
                found.Add("retrain.realisation: applies only to a ticket, and there is no search; possible: ticket");
            if (recipe.Evaluate.EqualEpochControl)
                found.Add(
                    "evaluate.equal-epoch-control: true requires a search; without one the run is its own "
                        + "control; possible: false"
                );
        }
        return found;
    }

    /// <summary>Throws when a recipe has problems.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="origin">Origin of the recipe, named in the error.</param>
    /// <exception cref="RecipeException">All problems, by path.</exception>
    public static void Require(Recipe recipe, string origin)
    {
        var problems = Check(recipe);
        if (problems.Count > 0)
            throw new RecipeException(origin, problems);
    }

    private static void EpochAttack(EpochAttackOptions attack, SplitOptions split, RecipeProblems found)
    {
        const string at = "evaluate.epoch-attack";
        found.Text($"{at}.recipe", attack.Recipe);
        found.Require(attack.Examples >= 1, $"{at}.examples", attack.Examples, "at least 1");
        found.Require(attack.Seed >= 0, $"{at}.seed", attack.Seed, "0 or more");
        if (attack.SimilarityThreshold is { } least)
            found.Require(
                least is >= -1 and <= 1,
                $"{at}.similarity-threshold",
                least,
                "in [-1, 1], or null for the attack recipe's own"
            );
        if (attack is { Similarity: false, SimilarityThreshold: not null })
            found.Add($"{at}.similarity-threshold: has no effect while {at}.similarity is false; set it to null");
        if (attack.QueryBudget is { } budget)
            found.Require(budget >= 1, $"{at}.query-budget", budget, "at least 1, or null for no limit");
        if (split.Dev == DevelopmentRule.AuthorsCode)
            found.Add(
                $"{at}: attacks development examples, which are the reported ones with split.dev \"released\"; "
                    + "possible: split.dev carved, or no epoch-attack"
            );
    }

    private static void Selected(Recipe recipe, RecipeProblems found)
    {
        if (recipe.Evaluate.EpochAttack is null)
            found.Add(
                "retrain.select: dev-attack compares epochs by evaluate.epoch-attack, and there is none; possible: "
                    + "give one, or retrain.select last"
            );
        if (recipe.Retrain.Epochs is > 0 and var epochs && epochs != Math.Floor(epochs))
            found.Add(
                $"retrain.epochs: {RecipeProblems.Show(epochs)}, but retrain.select dev-attack compares whole epochs; "
                    + "possible: a whole number, or retrain.select last"
            );
    }

    internal static void Optimizer(string path, OptimizerOptions o, RecipeProblems found)
    {
        found.Positive($"{path}.learning-rate", o.LearningRate);
        found.NotNegative($"{path}.weight-decay", o.WeightDecay);
        found.Require(o.WarmupFraction is >= 0 and < 1, $"{path}.warmup-fraction", o.WarmupFraction, "in [0, 1)");
        if (o.Clip == ClipMode.None)
            found.Require(double.IsFinite(o.ClipValue), $"{path}.clip-value", o.ClipValue, "a finite number");
        else
            found.Positive($"{path}.clip-value", o.ClipValue);
        found.Require(o.Beta1 is >= 0 and < 1, $"{path}.beta1", o.Beta1, "in [0, 1)");
        found.Require(o.Beta2 is >= 0 and < 1, $"{path}.beta2", o.Beta2, "in [0, 1)");
        found.Positive($"{path}.epsilon", o.Epsilon);
    }
}
