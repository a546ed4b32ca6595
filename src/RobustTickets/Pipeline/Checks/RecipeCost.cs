// Estimates the cost of a recipe for texts of a given length: passes per token by each objective's
// pass counts (docs/methods/training.md, FLOPs by formula), searches up to the last step they can
// make, attacks by queries per word.
using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Pipeline.Checks;

/// <summary>An estimate of cost.</summary>
/// <param name="Training">Maximum units of search, retraining and control.</param>
/// <param name="Attacks">Units of attacks.</param>
internal readonly record struct RecipeCost(double Training, double Attacks)
{
    /// <summary>
    /// Units per token of a clean training step: forward, backward to the inputs and weight
    /// gradient, one each.
    /// </summary>
    public const double CleanStep = 3;

    // A pass without gradients: of a teacher, assumed to be as large, or of a candidate text.
    private const double Forward = 1;

    // Queries per word from EarlyRobust's Table 1, with the mean words of its data sets. Sentence
    // encoder and masked language model are assumed to cost the same again.
    private static readonly Dictionary<string, double> QueriesPerWord = new()
    {
        ["textfooler"] = 7,
        ["textbugger"] = 4,
        ["bert-attack"] = 9,
    };

    /// <summary>The total.</summary>
    public double Units => Training + Attacks;

    /// <summary>Hours at a given throughput of clean training in tokens per second.</summary>
    public double Hours(double tokensPerSecond) => Units / CleanStep / tokensPerSecond / 3600;

    /// <summary>Floating-point operations of the matrix products, without attention.</summary>
    /// <param name="weights">Number of weights in the encoder's matrices.</param>
    public double Flops(long weights) => 2.0 * weights * Units;

    /// <summary>Sums two costs.</summary>
    public static RecipeCost operator +(RecipeCost a, RecipeCost b) =>
        new(a.Training + b.Training, a.Attacks + b.Attacks);

    /// <summary>The difference of two costs.</summary>
    public static RecipeCost operator -(RecipeCost a, RecipeCost b) =>
        new(a.Training - b.Training, a.Attacks - b.Attacks);

    /// <summary>Cost of training a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokens">Number of tokens in the training examples.</param>
    /// <param name="searched">Whether another cell runs the search.</param>
    public static RecipeCost OfTraining(Recipe recipe, double tokens, bool searched = false)
    {
        var (stage, teacher) = (recipe.Retrain, recipe.Retrain.Distill is null ? 0 : Forward);
        var retrain = stage.Epochs * (Step(stage.Objective, stage.Augment) + (teacher * Rows(stage.Augment)));
        var control = recipe.Evaluate.EqualEpochControl ? retrain : 0;
        return new RecipeCost(tokens * (retrain + control + (searched ? 0 : Search(recipe))), 0);
    }

    /// <summary>Cost of a recipe's search.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokens">Number of tokens in the training examples.</param>
    public static RecipeCost OfSearch(Recipe recipe, double tokens) => new(tokens * Search(recipe), 0);

    /// <summary>Cost of a recipe's attacks after epochs, including the control's.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="length">Mean tokens per text.</param>
    public static RecipeCost OfEpochAttacks(Recipe recipe, double length) =>
        recipe.Evaluate.EpochAttack is not { } attack
            ? default
            : OfAttack(
                attack.Recipe,
                attack.Examples * (int)recipe.Retrain.Epochs * (recipe.Evaluate.EqualEpochControl ? 2 : 1),
                length
            );

    /// <summary>Cost of an attack.</summary>
    /// <param name="attack">Name of the attack recipe.</param>
    /// <param name="examples">Number of examples.</param>
    /// <param name="length">Mean tokens per text.</param>
    public static RecipeCost OfAttack(string attack, int examples, double length) =>
        new(0, 2 * examples * length * length * QueriesPerWord.GetValueOrDefault(attack, 7));

    /// <summary>
    /// The earliest epoch at which a slimming search's rule can stop it; null if none can.
    /// </summary>
    public static double? EarliestStop(Recipe recipe) =>
        recipe.Search is SlimmingSearchOptions { Stop: not FixedStop } search
            ? (double)StopRule.Needs(search.Stop) / search.SnapshotsPerEpoch
            : null;

    /// <summary>Describes the variant of PGD a recipe trains with; null for none.</summary>
    public static string? FormOfPgd(Recipe recipe) =>
        recipe.Retrain.Objective is PgdOptions pgd
            ? Text($"{(pgd.DeltaGradOnly ? "lean" : "usual")} PGD, K = {pgd.Steps}")
            : null;

    private static double Search(Recipe recipe) =>
        recipe.Search switch
        {
            SlimmingSearchOptions s => Length(s) * Step(s.Objective, s.Augment),
            MaskSearchOptions m => (m.FineTune is { } f ? f.Epochs * Step(f.Objective, f.Augment) : 0)
                + ((m.DrawEpoch ?? m.Epochs) * Step(m.Objective, m.Augment)),
            MagnitudeSearchOptions m => m.Rounds * m.EpochsPerRound * Step(m.Objective, m.Augment),
            _ => 0,
        };

    private static double Length(SlimmingSearchOptions search) =>
        search.Stop is FixedStop { Fraction: var part } ? part : search.HorizonEpochs;

    // Changed texts are counted as long as the originals.
    private static double Rows(AugmentOptions? augment) => augment is { KeepOriginal: true } ? 2 : 1;

    private static double Step(ObjectiveOptions objective, AugmentOptions? augment) =>
        (Rows(augment) * Passes(objective))
        + (augment?.Search is { } search ? Forward * search.Candidates / search.Every : 0);

    private static double Passes(ObjectiveOptions objective) =>
        objective switch
        {
            PgdOptions { DeltaGradOnly: true } p => (2 * p.Steps) + CleanStep,
            PgdOptions p => CleanStep * (p.Steps + 1),
            FreeLbOptions f => CleanStep * (f.Count == FreeLbCount.K ? f.Steps : f.Steps + 1),
            // The second backward of each pass also covers the whole network.
            InfoBertOptions i => (CleanStep + (i.Alpha == 0 ? 0 : 2)) * i.Steps,
            HullOptions h => (2 * h.Steps) + CleanStep,
            _ => CleanStep,
        };
}
