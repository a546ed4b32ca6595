using System.Text.Json.Serialization;
using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Torch.optim;

namespace RobustTickets.Training;

/// <summary>
/// Variant of AdamW: Hugging Face's (transformers 4.4.2) or torch's. They differ in where epsilon
/// and weight decay are applied (docs/methods/training.md).
/// </summary>
public enum AdamWFlavor
{
    /// <summary>
    /// Epsilon before bias correction; decay after the update, on the updated value.
    /// </summary>
    Hf,

    /// <summary>Decay first; epsilon after bias correction.</summary>
    Torch,
}

/// <summary>How gradients are clipped before the optimiser step.</summary>
public enum ClipMode
{
    /// <summary>No clipping.</summary>
    None,

    /// <summary>Global L2 norm over all trained tensors.</summary>
    Norm,

    /// <summary>Each element clipped to [-value, value].</summary>
    Value,
}

/// <summary>T of a stage's learning-rate schedule, in steps.</summary>
public enum ScheduleHorizon
{
    /// <summary>
    /// The number of the stage's steps, including the smaller last batch of every epoch.
    /// </summary>
    Steps,

    /// <summary>
    /// floor(examples * epochs / batch size), as in RobusT's scripts: at most one step per epoch
    /// less than the stage makes. Its last steps then have a learning rate of 0.
    /// </summary>
    Examples,
}

/// <summary>Optimiser, schedule and clipping of one training stage.</summary>
/// <param name="LearningRate">Peak learning rate.</param>
/// <param name="WeightDecay">Decoupled weight decay of every tensor whose name contains neither
/// "bias" nor "LayerNorm.weight".</param>
/// <param name="WarmupFraction">Fraction of the horizon with linear warm-up from 0; not rounded to
/// whole steps.</param>
/// <param name="Flavor">Variant of AdamW.</param>
/// <param name="Clip">How gradients are clipped.</param>
/// <param name="ClipValue">Limit for <paramref name="Clip"/>.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="Horizon">T of the schedule; the default is omitted from the JSON form. A slimming
/// search has a horizon of its own.</param>
public sealed record OptimizerOptions(
    double LearningRate,
    double WeightDecay = 0.0,
    double WarmupFraction = 0.0,
    AdamWFlavor Flavor = AdamWFlavor.Hf,
    ClipMode Clip = ClipMode.Norm,
    double ClipValue = 1.0,
    double Beta1 = AdamWOptions.DefaultBeta1,
    double Beta2 = AdamWOptions.DefaultBeta2,
    double Epsilon = AdamWOptions.DefaultEpsilon,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        ScheduleHorizon Horizon = ScheduleHorizon.Steps
)
{
    /// <summary>The constants of the optimiser.</summary>
    internal AdamWOptions AdamW() => new(Flavor == AdamWFlavor.Torch, WeightDecay, Beta1, Beta2, Epsilon);
}

/// <summary>A training stage of the full network.</summary>
/// <param name="Objective">The training objective.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="Epochs">Epochs; may be fractional.</param>
/// <param name="Shuffle">Whether the data are shuffled every epoch.</param>
/// <param name="Augment">Text augmentation per step, or null; null is omitted from the JSON
/// form.</param>
public sealed record DenseTraining(
    ObjectiveOptions Objective,
    OptimizerOptions Optimizer,
    double Epochs,
    bool Shuffle = true,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AugmentOptions? Augment = null
);
