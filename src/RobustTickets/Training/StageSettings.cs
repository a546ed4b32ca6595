using System.Text.Json.Serialization;
using RobustTickets.Augmentation;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Torch;

namespace RobustTickets.Training;

/// <summary>A stage that trains the whole network.</summary>
/// <param name="Objective">What is minimised.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="Epochs">Epochs; may be fractional.</param>
/// <param name="Shuffle">Whether the data are shuffled each epoch.</param>
/// <param name="Augment">What happens to the texts at each step, or null; left out of the JSON form
/// then.</param>
public sealed record DenseTraining(
    ObjectiveOptions Objective,
    OptimizerOptions Optimizer,
    double Epochs,
    bool Shuffle = true,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AugmentOptions? Augment = null
);

/// <summary>What a stage is.</summary>
/// <param name="Name">One of <see cref="Stages"/>.</param>
/// <param name="Objective">What is minimised.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="LastStep">Steps at most.</param>
/// <param name="Horizon">T of the schedule.</param>
/// <param name="Shuffle">Whether the data are shuffled each epoch.</param>
internal sealed record StageSettings(
    string Name,
    ObjectiveOptions Objective,
    OptimizerOptions Optimizer,
    long LastStep,
    double Horizon,
    bool Shuffle
)
{
    /// <summary>Parameters that are trained; null for all.</summary>
    internal Func<string, bool>? Trained { get; init; }

    /// <summary>Added undivided to the last pass of each step, or null.</summary>
    internal Func<Tensor>? Penalty { get; init; }

    /// <summary>What happens to the texts at each step, or null.</summary>
    internal AugmentOptions? Augment { get; init; }

    /// <summary>The teacher that is learned from, or null.</summary>
    internal DistillOptions? Distill { get; init; }

    /// <summary>What happens to gradients before the update instead of clipping, or null.</summary>
    internal IGradientRule? Rule { get; init; }

    /// <summary>What a checkpoint holds beyond parameters and moments, or null.</summary>
    internal ICheckpointPart? Part { get; init; }

    /// <summary>
    /// Called after every step, before a checkpoint of it is written; false ends the stage.
    /// </summary>
    internal Func<StageRun, StepReport, bool>? AfterStep { get; init; }

    /// <summary>
    /// Whether accuracy is measured after each epoch, where the recipe asks for it.
    /// </summary>
    internal bool Evaluated { get; init; } = true;

    /// <summary>
    /// Called with the accuracy after the evaluation of a whole epoch, before a checkpoint of it is
    /// written.
    /// </summary>
    internal Action<StageRun, double>? AfterEpoch { get; init; }

    /// <summary>Called after the last step, before the end is logged.</summary>
    internal Action<StageRun>? BeforeEnd { get; init; }

    /// <summary>
    /// Whether the network of this stage is one that is kept: its epochs are attacked where the
    /// recipe asks for it, and its end is saved, since no stage need follow.
    /// </summary>
    internal bool Final { get; init; }

    /// <summary>
    /// Which key, below the stage's, an objective's own parameters are drawn with.
    /// </summary>
    internal long ObjectiveKey { get; init; } = RandomStreams.Stage.Objective;

    /// <summary>A stage that trains the whole network.</summary>
    internal static StageSettings Dense(string name, DenseTraining training, int batchSize, int examples)
    {
        var steps = StepCounts.Of(batchSize, training.Epochs, examples);
        return new StageSettings(name, training.Objective, training.Optimizer, steps, steps, training.Shuffle)
        {
            Augment = training.Augment,
        };
    }
}

/// <summary>Part of a checkpoint that a stage adds.</summary>
internal interface ICheckpointPart
{
    /// <summary>Writes files into the checkpoint's folder.</summary>
    void Write(string folder);

    /// <summary>Puts back what <see cref="Write"/> wrote.</summary>
    void Read(string folder);
}

/// <summary>Several parts of a checkpoint as one.</summary>
internal sealed class CheckpointParts(IReadOnlyList<ICheckpointPart> parts) : ICheckpointPart
{
    public void Write(string folder)
    {
        foreach (var part in parts)
            part.Write(folder);
    }

    public void Read(string folder)
    {
        foreach (var part in parts)
            part.Read(folder);
    }
}
