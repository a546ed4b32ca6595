// What a recipe will cost on texts of a length: passes over word pieces by the pass counts of each
// objective (docs/methods/training.md, FLOPs by formula), searches to the end of their horizon,
// attacks by queries a word.
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Pipeline.Checks;

/// <summary>An estimate of cost.</summary>
/// <param name="Training">Units of search, retraining and control, at most.</param>
/// <param name="Attacks">Units of attacks.</param>
internal readonly record struct RecipeCost(double Training, double Attacks)
{
    /// <summary>
    /// Units of a clean training step, a word piece: forward, backward to the inputs and weight
    /// gradient are one each.
    /// </summary>
    public const double CleanStep = 3;

    // Queries a word that EarlyRobust's Table 1 prints, over the mean words of its data sets. What
    // the sentence encoder and the masked language model read counts as much again.
    private static readonly Dictionary<string, double> QueriesPerWord = new()
    {
        ["textfooler"] = 7,
        ["textbugger"] = 4,
        ["bert-attack"] = 9,
    };

    /// <summary>Everything.</summary>
    public double Units => Training + Attacks;

    /// <summary>Hours where clean training handles so many word pieces a second.</summary>
    public double Hours(double tokensPerSecond) => Units / CleanStep / tokensPerSecond / 3600;

    /// <summary>Floating-point operations of the matrix products, attention left out.</summary>
    /// <param name="weights">Weights of the encoder's matrices.</param>
    public double Flops(long weights) => 2.0 * weights * Units;

    /// <summary>Sums two costs.</summary>
    public static RecipeCost operator +(RecipeCost a, RecipeCost b) =>
        new(a.Training + b.Training, a.Attacks + b.Attacks);

    /// <summary>The difference of two costs.</summary>
    public static RecipeCost operator -(RecipeCost a, RecipeCost b) =>
        new(a.Training - b.Training, a.Attacks - b.Attacks);

    /// <summary>The training of a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokens">Word pieces of the training examples.</param>
    /// <param name="searched">Whether the search is another cell's.</param>
    public static RecipeCost OfTraining(Recipe recipe, double tokens, bool searched = false)
    {
        var retrain = recipe.Retrain.Epochs * Step(recipe.Retrain.Objective);
        var control = recipe.Evaluate.EqualEpochControl ? retrain : 0;
        return new RecipeCost(tokens * (retrain + control + (searched ? 0 : Search(recipe))), 0);
    }

    /// <summary>The search of a recipe alone.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokens">Word pieces of the training examples.</param>
    public static RecipeCost OfSearch(Recipe recipe, double tokens) => new(tokens * Search(recipe), 0);

    /// <summary>The attacks after epochs that a recipe asks for, on the control, too.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="length">Mean word pieces of a text.</param>
    public static RecipeCost OfEpochAttacks(Recipe recipe, double length) =>
        recipe.Evaluate.EpochAttack is not { } attack
            ? default
            : OfAttack(
                attack.Recipe,
                attack.Examples * (int)recipe.Retrain.Epochs * (recipe.Evaluate.EqualEpochControl ? 2 : 1),
                length
            );

    /// <summary>An attack.</summary>
    /// <param name="attack">Name of its recipe.</param>
    /// <param name="examples">Examples attacked.</param>
    /// <param name="length">Mean word pieces of a text.</param>
    public static RecipeCost OfAttack(string attack, int examples, double length) =>
        new(0, 2 * examples * length * length * QueriesPerWord.GetValueOrDefault(attack, 7));

    /// <summary>Epochs after which the rule of a slimming search can stop it at the earliest; null
    /// where no rule does.</summary>
    public static double? EarliestStop(Recipe recipe) =>
        recipe.Search is SlimmingSearchOptions { Stop: not FixedStop } search
            ? (double)StopRule.Needs(search.Stop) / search.SnapshotsPerEpoch
            : null;

    /// <summary>Which PGD a recipe trains with, in words; null for none.</summary>
    public static string? FormOfPgd(Recipe recipe) =>
        recipe.Retrain.Objective is PgdOptions pgd
            ? Text($"{(pgd.DeltaGradOnly ? "lean" : "usual")} PGD, K = {pgd.Steps}")
            : null;

    private static double Search(Recipe recipe) =>
        recipe.Search switch
        {
            SlimmingSearchOptions s => Length(s) * Step(s.Objective),
            MaskSearchOptions m => (m.FineTune is { } f ? f.Epochs * Step(f.Objective) : 0)
                + (m.Epochs * Step(m.Objective)),
            MagnitudeSearchOptions m => m.Rounds * m.EpochsPerRound * Step(m.Objective),
            _ => 0,
        };

    private static double Length(SlimmingSearchOptions search) =>
        search.Stop is FixedStop { Fraction: var part } ? part : search.HorizonEpochs;

    private static double Step(ObjectiveOptions objective) =>
        objective switch
        {
            PgdOptions { DeltaGradOnly: true } p => (2 * p.Steps) + CleanStep,
            PgdOptions p => CleanStep * (p.Steps + 1),
            FreeLbOptions f => CleanStep * (f.Count == FreeLbCount.K ? f.Steps : f.Steps + 1),
            // The second backward of each pass goes through the whole network again.
            InfoBertOptions i => (CleanStep + (i.Alpha == 0 ? 0 : 2)) * i.Steps,
            HullOptions h => (2 * h.Steps) + CleanStep,
            _ => CleanStep,
        };
}
