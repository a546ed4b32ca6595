// A recipe is a value: everything that gives a run its meaning, nothing that only makes it faster
// (that is Execution). Recipe = Search -> Draw -> Retrain -> Evaluate. Fine-tuning
// is a recipe without search.
using System.Text.Json.Serialization;
using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets;

/// <summary>A whole method on a task, as a value with a JSON form.</summary>
/// <param name="Name">Name of the method, e.g. <c>early-robust</c>.</param>
/// <param name="Task">Task whose numbers these are, e.g. <c>sst2</c>.</param>
/// <param name="Source">Where the numbers come from (paper section or table, or the released
/// script).</param>
/// <param name="MaxLength">Word pieces per example, special tokens included.</param>
/// <param name="BatchSize">Examples per step.</param>
/// <param name="Seed">Seed of classifier, data order, dropout and perturbations.</param>
/// <param name="DevFraction">Share of the training set that is held out for development (see
/// <see cref="SplitOptions"/>).</param>
/// <param name="Search">The search stage, or null when the whole network is trained.</param>
/// <param name="Draw">How the ticket is drawn; present exactly when <paramref name="Search"/>
/// is.</param>
/// <param name="Retrain">The training that yields the final model.</param>
/// <param name="Evaluate">What is measured at the end.</param>
/// <param name="Split">Which examples are trained on, developed on and reported.</param>
public sealed record Recipe(
    string Name,
    string Task,
    string Source,
    int MaxLength,
    int BatchSize,
    int Seed,
    double DevFraction,
    SearchOptions? Search,
    TicketDraw? Draw,
    RetrainStage Retrain,
    EvaluateStage Evaluate,
    SplitOptions? Split = null
)
{
    /// <summary>Which examples are trained on, developed on and reported.</summary>
    public SplitOptions Split { get; init; } = Split ?? new SplitOptions();
}

/// <summary>
/// The training that yields the final model, started from the pre-trained weights and the search's
/// fresh classifier (checkpoint-0).
/// </summary>
/// <param name="Objective">What is minimised.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="Epochs">Epochs; may be fractional.</param>
/// <param name="Coefficients">What becomes of the slimming coefficients in a ticket.</param>
/// <param name="Shuffle">Whether the data are shuffled each epoch.</param>
/// <param name="Weights">What the ticket starts from; re-drawn weights are the ablation "w/o
/// Initialization".</param>
/// <param name="Realisation">How the ticket becomes a network; the dense forms are the ablation
/// "w/o Structure".</param>
/// <param name="Augment">What happens to the texts at each step, or null; left out of the JSON form
/// then.</param>
/// <param name="Distill">A teacher that is learned from, or null; left out of the JSON form
/// then.</param>
public sealed record RetrainStage(
    ObjectiveOptions Objective,
    OptimizerOptions Optimizer,
    double Epochs,
    TicketCoefficients Coefficients = TicketCoefficients.Removed,
    bool Shuffle = true,
    StartWeights Weights = StartWeights.PreTrained,
    Realisation Realisation = Realisation.Ticket,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AugmentOptions? Augment = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DistillOptions? Distill = null
);

/// <summary>What is measured at the end of a run.</summary>
/// <param name="EveryEpoch">Whether accuracy on the development part is logged after each epoch;
/// the last epoch is what is reported.</param>
/// <param name="EqualEpochControl">Whether a dense model is also trained with the same retraining
/// stage, as the fair control.</param>
/// <param name="EpochAttack">Attack on development examples after each epoch of the final training
/// and of its control, or null for none; left out of the JSON form then.</param>
public sealed record EvaluateStage(
    bool EveryEpoch = true,
    bool EqualEpochControl = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] EpochAttackOptions? EpochAttack = null
);

/// <summary>
/// Which attack is run after each epoch, and on how many development examples (accuracy
/// under attack swings between epochs, so one epoch's figure says little). The
/// reported examples are never attacked here: whatever is chosen by these figures is chosen on
/// development data.
/// </summary>
/// <param name="Recipe">Name of the attack recipe, e.g. <c>textfooler</c>.</param>
/// <param name="Examples">Development examples attacked, a seeded sample with their class shares,
/// the same after every epoch and for every seed of the recipe.</param>
/// <param name="Seed">Seed of the sample, and of attack recipes that draw random numbers.</param>
/// <param name="SimilarityThreshold">Smallest sentence similarity; null: the attack recipe's
/// own.</param>
/// <param name="Similarity">Whether sentence similarity is measured, where the attack recipe
/// does.</param>
/// <param name="PartOfSpeech">Whether parts of speech are compared, where the attack recipe
/// does.</param>
/// <param name="QueryBudget">Most queries an example; null: no limit.</param>
public sealed record EpochAttackOptions(
    string Recipe,
    int Examples = 100,
    int Seed = 42,
    double? SimilarityThreshold = null,
    bool Similarity = true,
    bool PartOfSpeech = true,
    int? QueryBudget = null
);
