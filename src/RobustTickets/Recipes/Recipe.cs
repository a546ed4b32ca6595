// A recipe holds every setting that affects results; settings that only affect speed are in
// Execution. Recipe = Search -> Draw -> Retrain -> Evaluate; plain fine-tuning is a recipe
// without a search.
using System.Text.Json.Serialization;
using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets;

/// <summary>A complete training method for one task, serialisable to JSON.</summary>
/// <param name="Name">Name of the method, e.g. <c>early-robust</c>.</param>
/// <param name="Task">Task the hyperparameters were chosen for, e.g. <c>sst2</c>.</param>
/// <param name="Source">Source of the hyperparameters (paper section or table, or the released
/// script).</param>
/// <param name="MaxLength">Maximum sequence length in word pieces, special tokens included.</param>
/// <param name="BatchSize">Examples per step.</param>
/// <param name="Seed">Seed of classifier initialisation, data order, dropout and
/// perturbations.</param>
/// <param name="DevFraction">Fraction of the training set held out for development (see
/// <see cref="SplitOptions"/>).</param>
/// <param name="Search">The search stage; null trains the full network.</param>
/// <param name="Draw">How the ticket is drawn; non-null exactly when <paramref name="Search"/>
/// is.</param>
/// <param name="Retrain">The training stage that produces the final model.</param>
/// <param name="Evaluate">The measurements at the end of the run.</param>
/// <param name="Split">Which examples are used for training, development and test.</param>
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
    /// <summary>Which examples are used for training, development and test.</summary>
    public SplitOptions Split { get; init; } = Split ?? new SplitOptions();
}

/// <summary>Which epoch of the retraining stage gives the final model.</summary>
public enum EpochSelection
{
    /// <summary>The last one.</summary>
    Last,

    /// <summary>
    /// The whole epoch with the highest accuracy under <see cref="EvaluateStage.EpochAttack"/> on
    /// its sample of development examples; of equals the latest. The released RobusT scripts choose
    /// on the reported examples.
    /// </summary>
    DevAttack,
}

/// <summary>
/// The training stage that produces the final model. It starts from checkpoint-0: the pre-trained
/// encoder and the same freshly initialised classifier as the search.
/// </summary>
/// <param name="Objective">The training objective.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="Epochs">Number of epochs; may be fractional.</param>
/// <param name="Coefficients">How a ticket's slimming coefficients are used in retraining.</param>
/// <param name="Shuffle">Whether the data are shuffled every epoch.</param>
/// <param name="Weights">Initial weights of the ticket; re-initialised weights are the ablation
/// "w/o Initialization".</param>
/// <param name="Realisation">How the mask is applied to the network: sliced, or kept dense
/// (ablation "w/o Structure").</param>
/// <param name="Augment">Text augmentation per step, or null; null is omitted from the JSON
/// form.</param>
/// <param name="Distill">Distillation from a teacher, or null; null is omitted from the JSON
/// form.</param>
/// <param name="Select">Which epoch is kept; the default is omitted from the JSON form.</param>
public sealed record RetrainStage(
    ObjectiveOptions Objective,
    OptimizerOptions Optimizer,
    double Epochs,
    TicketCoefficients Coefficients = TicketCoefficients.Removed,
    bool Shuffle = true,
    StartWeights Weights = StartWeights.PreTrained,
    Realisation Realisation = Realisation.Ticket,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AugmentOptions? Augment = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DistillOptions? Distill = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        EpochSelection Select = EpochSelection.Last
);

/// <summary>The measurements during and after training.</summary>
/// <param name="EveryEpoch">Whether development accuracy is logged after each epoch; it does not
/// select the reported model (<see cref="RetrainStage.Select"/>).</param>
/// <param name="EqualEpochControl">Whether a dense model is also trained with the same retraining
/// stage, as an equal-epoch control.</param>
/// <param name="EpochAttack">Attack on development examples after each epoch of the final training
/// and of its control; null disables it and is omitted from the JSON form.</param>
public sealed record EvaluateStage(
    bool EveryEpoch = true,
    bool EqualEpochControl = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] EpochAttackOptions? EpochAttack = null
);

/// <summary>
/// The attack run after each epoch and its sample of development examples. Accuracy under attack
/// varies strongly between epochs, so one epoch's figure is not enough. Test examples are never
/// attacked here: model selection by these figures uses development data only.
/// </summary>
/// <param name="Recipe">Name of the attack recipe, e.g. <c>textfooler</c>.</param>
/// <param name="Examples">Number of development examples attacked: a seeded stratified sample, the
/// same after every epoch and for every seed of the recipe.</param>
/// <param name="Seed">Seed of the sample and of attack recipes that use randomness.</param>
/// <param name="SimilarityThreshold">Minimum sentence similarity; null uses the attack recipe's
/// own.</param>
/// <param name="Similarity">Whether the attack recipe's sentence similarity constraint is
/// applied.</param>
/// <param name="PartOfSpeech">Whether the attack recipe's part-of-speech constraint is
/// applied.</param>
/// <param name="QueryBudget">Maximum queries per example; null: no limit.</param>
public sealed record EpochAttackOptions(
    string Recipe,
    int Examples = 100,
    int Seed = 42,
    double? SimilarityThreshold = null,
    bool Similarity = true,
    bool PartOfSpeech = true,
    int? QueryBudget = null
);
