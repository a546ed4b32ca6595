using RobustTickets.Augmentation;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Torch;

namespace RobustTickets.Training;

/// <summary>Settings of a stage.</summary>
/// <param name="Name">One of <see cref="Stages"/>.</param>
/// <param name="Objective">The training objective.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="LastStep">Maximum steps.</param>
/// <param name="Horizon">T of the schedule.</param>
/// <param name="Shuffle">Whether the data are shuffled every epoch.</param>
internal sealed record StageSettings(
    string Name,
    ObjectiveOptions Objective,
    OptimizerOptions Optimizer,
    long LastStep,
    double Horizon,
    bool Shuffle
)
{
    /// <summary>Selects the trained parameters; null for all.</summary>
    internal Func<string, bool>? Trained { get; init; }

    /// <summary>Added undivided to the last pass of each step, or null.</summary>
    internal Func<Tensor>? Penalty { get; init; }

    /// <summary>Text augmentation per step, or null.</summary>
    internal AugmentOptions? Augment { get; init; }

    /// <summary>Distillation from a teacher, or null.</summary>
    internal DistillOptions? Distill { get; init; }

    /// <summary>Gradient processing in place of clipping, or null.</summary>
    internal IGradientRule? Rule { get; init; }

    /// <summary>The stage's own checkpoint state, or null.</summary>
    internal ICheckpointPart? Part { get; init; }

    /// <summary>
    /// Called after every step, before its checkpoint is written; false ends the stage.
    /// </summary>
    internal Func<StageRun, StepReport, bool>? AfterStep { get; init; }

    /// <summary>Whether accuracy is measured after each epoch, if the recipe requests it.</summary>
    internal bool Evaluated { get; init; } = true;

    /// <summary>
    /// Called with the accuracy after an epoch's evaluation, before its checkpoint is written.
    /// </summary>
    internal Action<StageRun, double>? AfterEpoch { get; init; }

    /// <summary>
    /// Called with the accuracy under attack after an epoch's attack, before its checkpoint is
    /// written.
    /// </summary>
    internal Action<StageRun, double>? AfterAttack { get; init; }

    /// <summary>Called after the last step, before the end is logged.</summary>
    internal Action<StageRun>? BeforeEnd { get; init; }

    /// <summary>
    /// Whether the stage's network is a final model: its epochs are attacked if the recipe requests
    /// it, and its end is checkpointed, because no further stage may follow.
    /// </summary>
    internal bool Final { get; init; }

    /// <summary>Random key, derived from the stage's, of an objective's own parameters.</summary>
    internal long ObjectiveKey { get; init; } = RandomStreams.Stage.Objective;

    /// <summary>Settings of a stage that trains the full network.</summary>
    internal static StageSettings Dense(string name, DenseTraining training, int batchSize, int examples)
    {
        var steps = StepCounts.Of(batchSize, training.Epochs, examples);
        var horizon = StepCounts.Horizon(training.Optimizer, batchSize, training.Epochs, examples);
        return new StageSettings(name, training.Objective, training.Optimizer, steps, horizon, training.Shuffle)
        {
            Augment = training.Augment,
        };
    }
}
