// Ranges and combinations that no type can express, all found before any compute (DESIGN 6: check before run).
using System.Globalization;
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Recipes;

/// <summary>Finds every impossible value of a recipe at once.</summary>
public static class RecipeCheck
{
    /// <summary>All problems of a recipe, each beginning with the path of its field; empty when it can run.</summary>
    public static IReadOnlyList<string> Check(Recipe recipe)
    {
        var found = new Problems();
        found.Text("name", recipe.Name);
        found.Text("task", recipe.Task);
        found.Text("source", recipe.Source);
        found.Require(recipe.MaxLength >= 3, "max-length", recipe.MaxLength, "at least 3: two special tokens and one word piece");
        found.Require(recipe.BatchSize >= 1, "batch-size", recipe.BatchSize, "at least 1");
        found.Require(recipe.Seed >= 0, "seed", recipe.Seed, "0 or more");
        found.Require(recipe.DevFraction is > 0 and < 1, "dev-fraction", recipe.DevFraction, "in (0, 1)");

        if (recipe.Search is null && recipe.Draw is not null) found.Add("draw: present, but search is null; a ticket is drawn from a search, so either give search or set draw to null");
        if (recipe.Search is not null && recipe.Draw is null) found.Add("draw: null, but search is present; say how its ticket is drawn or set search to null");
        if (recipe.Search is { } search) Search(search, found);
        if (recipe.Draw is { } draw) Draw(draw, found);

        Objective("retrain.objective", recipe.Retrain.Objective, found);
        Optimizer("retrain.optimizer", recipe.Retrain.Optimizer, found);
        found.Require(recipe.Retrain.Epochs > 0 && double.IsFinite(recipe.Retrain.Epochs), "retrain.epochs", recipe.Retrain.Epochs, "greater than 0");
        if (recipe.Search is null)
        {
            if (recipe.Retrain.Coefficients != TicketCoefficients.Removed) found.Add("retrain.coefficients: \"released\" has no meaning without search; possible: removed");
            if (recipe.Evaluate.EqualEpochControl) found.Add("evaluate.equal-epoch-control: true has no meaning without search, where the run is that control itself; possible: false");
        }
        return found.List;
    }

    /// <summary>Throws when a recipe has problems.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="origin">Where it came from, named in the error.</param>
    /// <exception cref="RecipeException">All problems, by path.</exception>
    public static void Require(Recipe recipe, string origin)
    {
        var problems = Check(recipe);
        if (problems.Count > 0) throw new RecipeException(origin, problems);
    }

    private static void Search(SearchStage search, Problems found)
    {
        Objective("search.objective", search.Objective, found);
        found.Require(Finite(search.Slimming.HeadPenalty) && search.Slimming.HeadPenalty >= 0, "search.slimming.head-penalty", search.Slimming.HeadPenalty, "0 or more");
        found.Require(Finite(search.Slimming.NeuronPenalty) && search.Slimming.NeuronPenalty >= 0, "search.slimming.neuron-penalty", search.Slimming.NeuronPenalty, "0 or more");
        Optimizer("search.optimizer", search.Optimizer, found);
        var horizon = found.Require(search.HorizonEpochs > 0 && Finite(search.HorizonEpochs), "search.horizon-epochs", search.HorizonEpochs, "greater than 0");
        var snapshots = found.Require(search.SnapshotsPerEpoch >= 1, "search.snapshots-per-epoch", search.SnapshotsPerEpoch, "at least 1");
        var needed = Stop(search.Stop, found);
        if (!horizon || !snapshots) return;
        var taken = (int)Math.Floor(search.SnapshotsPerEpoch * search.HorizonEpochs + 1e-9);
        if (needed > taken) found.Add($"search.stop: this rule needs {needed} snapshots before it can hold, but the search takes only {taken} (snapshots-per-epoch x horizon-epochs)");
        if (search.Stop is FixedStop { Fraction: var fraction } && fraction <= 1 && fraction > search.HorizonEpochs)
        {
            found.Add($"search.stop.fraction: {Problems.Show(fraction)} lies beyond the horizon of {Problems.Show(search.HorizonEpochs)} epochs (search.horizon-epochs)");
        }
    }

    /// <summary>Checks the rule's own values; returns the number of snapshots after which it can first hold, 0 when that cannot be said.</summary>
    private static int Stop(StopOptions stop, Problems found)
    {
        switch (stop)
        {
            case ConsecutiveStop s:
                found.Require(s.Gamma is > 0 and <= 1, "search.stop.gamma", s.Gamma, "in (0, 1], a share of differing mask entries");
                return found.Require(s.Times >= 1, "search.stop.times", s.Times, "at least 1") ? s.Times + 1 : 0;
            case AnchorStop s:
                found.Require(s.Epsilon is > 0 and <= 1, "search.stop.epsilon", s.Epsilon, "in (0, 1], a share of differing mask entries");
                return found.Require(s.Next >= 1, "search.stop.next", s.Next, "at least 1") ? s.Next + 1 : 0;
            case FifoStop s:
                found.Require(s.Epsilon is >= 0 and <= 1, "search.stop.epsilon", s.Epsilon, "in [0, 1], a share of differing mask entries");
                return found.Require(s.Length >= 2, "search.stop.length", s.Length, "at least 2") ? s.Length : 0;
            case FixedStop s:
                found.Require(s.Fraction is > 0 and <= 1, "search.stop.fraction", s.Fraction, "in (0, 1]");
                return 0;
            default:
                throw new NotSupportedException($"no check for {stop.GetType().Name}");
        }
    }

    private static void Draw(DrawOptions draw, Problems found)
    {
        var heads = found.Require(draw.HeadRatio is >= 0 and < 1, "draw.head-ratio", draw.HeadRatio, "in [0, 1)");
        var neurons = found.Require(draw.NeuronRatio is >= 0 and < 1, "draw.neuron-ratio", draw.NeuronRatio, "in [0, 1)");
        found.Require(draw.MinNeuronsPerLayer >= 0, "draw.min-neurons-per-layer", draw.MinNeuronsPerLayer, "0 or more");
        if (heads && neurons && draw is { HeadRatio: 0, NeuronRatio: 0 }) found.Add("draw: head-ratio and neuron-ratio are both 0, so the ticket would be the whole network; give one above 0 or set search and draw to null");
    }

    private static void Objective(string path, ObjectiveOptions objective, Problems found)
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

    private static void Optimizer(string path, OptimizerOptions o, Problems found)
    {
        found.Require(Finite(o.LearningRate) && o.LearningRate > 0, $"{path}.learning-rate", o.LearningRate, "greater than 0");
        found.Require(Finite(o.WeightDecay) && o.WeightDecay >= 0, $"{path}.weight-decay", o.WeightDecay, "0 or more");
        found.Require(o.WarmupFraction is >= 0 and < 1, $"{path}.warmup-fraction", o.WarmupFraction, "in [0, 1)");
        found.Require(Finite(o.ClipValue) && (o.Clip == ClipMode.None || o.ClipValue > 0), $"{path}.clip-value", o.ClipValue, "greater than 0");
        found.Require(o.Beta1 is >= 0 and < 1, $"{path}.beta1", o.Beta1, "in [0, 1)");
        found.Require(o.Beta2 is >= 0 and < 1, $"{path}.beta2", o.Beta2, "in [0, 1)");
        found.Require(Finite(o.Epsilon) && o.Epsilon > 0, $"{path}.epsilon", o.Epsilon, "greater than 0");
    }

    private static bool Finite(double value) => double.IsFinite(value);

    private sealed class Problems
    {
        public List<string> List { get; } = [];

        public static string Show(double value) => value.ToString("R", CultureInfo.InvariantCulture);

        public void Add(string problem) => List.Add(problem);

        public void Text(string path, string value)
        {
            if (string.IsNullOrWhiteSpace(value)) List.Add($"{path}: is empty; a recipe says its name, task and source");
        }

        public bool Require(bool holds, string path, double value, string possible)
        {
            if (!holds) List.Add($"{path}: {Show(value)} is not possible; must be {possible}");
            return holds;
        }
    }
}
