// Searches for tickets of single weights: hard-concrete masks (RobusT), magnitudes (lottery
// tickets, one-shot), random positions, a saved ticket.
using System.Text.Json.Serialization;
using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets;

/// <summary>The epoch whose scores a ticket is drawn from.</summary>
public enum DrawEpochRule
{
    /// <summary>
    /// The last epoch of the search, or that of <see cref="MaskSearchOptions.DrawEpoch"/>.
    /// </summary>
    Last,

    /// <summary>
    /// The epoch with the highest development accuracy of deterministic gates (the first of
    /// equals), whose directory the released script draws from.
    /// </summary>
    BestDev,
}

/// <summary>RobusT (ACL 2022, 3.2): masks are learned on a frozen fine-tuned network.</summary>
/// <param name="FineTune">Training before the search (theta_ft); null starts from the given
/// checkpoint itself.</param>
/// <param name="Objective">The training objective while the masks are learned, in addition to the
/// penalty on open gates.</param>
/// <param name="Masks">Masks and penalty.</param>
/// <param name="Optimizer">Optimiser of the scores.</param>
/// <param name="Epochs">Length of the search, its schedule and its ramp.</param>
/// <param name="DrawEpoch">Epoch whose scores the ticket is drawn from; the search ends there. Null
/// = the last.</param>
/// <param name="FreezeBase">Whether the network is frozen; in the released code its gradients
/// accumulate and enter the clipping norm.</param>
/// <param name="Shuffle">Whether the data are shuffled every epoch.</param>
/// <param name="DrawFrom">The epoch whose scores the ticket is drawn from, among whole epochs; the
/// last is omitted from the JSON form.</param>
/// <param name="AllowShort">Whether a ticket is drawn even if the search is too short to learn
/// anything; false is omitted from the JSON form.</param>
/// <param name="Augment">Text augmentation per step, or null; null is omitted from the JSON
/// form.</param>
public sealed record MaskSearchOptions(
    DenseTraining? FineTune,
    ObjectiveOptions Objective,
    HardConcreteOptions Masks,
    OptimizerOptions Optimizer,
    double Epochs,
    double? DrawEpoch = null,
    bool FreezeBase = true,
    bool Shuffle = true,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        DrawEpochRule DrawFrom = DrawEpochRule.Last,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool AllowShort = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AugmentOptions? Augment = null
) : SearchOptions;

/// <summary>
/// Iterative magnitude pruning (Chen et al. 2020): each round trains from the pre-trained encoder
/// with the mask so far, then prunes the smallest weights, the same fraction of all weights in
/// every round, so that the draw's sparsity is reached after the last.
/// </summary>
/// <param name="Objective">The training objective of a round.</param>
/// <param name="Optimizer">Optimiser and schedule, restarted in every round.</param>
/// <param name="Rounds">Number of rounds.</param>
/// <param name="EpochsPerRound">Epochs per round.</param>
/// <param name="HorizonEpochs">Length of the schedule in every round; null = the round. The
/// released code uses 30 epochs in each, so the learning rate hardly decays.</param>
/// <param name="RewindClassifier">Whether the classifier is rewound too; the released code keeps
/// training it.</param>
/// <param name="Shuffle">Whether the data are shuffled every epoch.</param>
/// <param name="AllowShort">Whether tickets are drawn even if the rounds are too short to learn
/// anything; false is omitted from the JSON form.</param>
/// <param name="Augment">Text augmentation per step, or null; null is omitted from the JSON
/// form.</param>
public sealed record MagnitudeSearchOptions(
    ObjectiveOptions Objective,
    OptimizerOptions Optimizer,
    int Rounds,
    double EpochsPerRound = 3,
    double? HorizonEpochs = null,
    bool RewindClassifier = false,
    bool Shuffle = true,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool AllowShort = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AugmentOptions? Augment = null
) : SearchOptions;

/// <summary>One-shot magnitude pruning of the pre-trained weights, without training.</summary>
public sealed record OneShotSearchOptions() : SearchOptions;

/// <summary>
/// Random positions (RobusT 4.2): every matrix keeps as many weights as in another ticket, or the
/// same fraction.
/// </summary>
/// <param name="Ticket">Run or ticket folder (relative to the run's parent or to the current
/// directory) whose counts are matched; null = the draw's sparsity everywhere.</param>
/// <param name="Pool">Whether counts are matched per matrix or over the matrices of a
/// layer.</param>
public sealed record RandomWeightSearchOptions(string? Ticket = null, RandomPool Pool = RandomPool.Matrix)
    : SearchOptions;

/// <summary>
/// A saved ticket, for any checkpoint of the same shape. A ticket of weights saved with its scores
/// can be drawn at another sparsity.
/// </summary>
/// <param name="Ticket">Run or ticket folder, relative to the run's parent or to the current
/// directory.</param>
public sealed record SavedTicketSearchOptions(string Ticket) : SearchOptions;
