// The lines of events.jsonl: one object per line, snake_case, with "event" as discriminator.
using System.Text.Json.Serialization;

namespace RobustTickets.Runs;

/// <summary>One line of <c>events.jsonl</c>.</summary>
/// <param name="Stage">Stage of the event: <c>search</c>, <c>fine-tune</c>, <c>round-N</c> (pruning
/// round, from 1), <c>retrain</c>, <c>control</c>, or <c>pretrain</c>.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(StepEntry), "step")]
[JsonDerivedType(typeof(MaskEntry), "mask")]
[JsonDerivedType(typeof(GateEntry), "gates")]
[JsonDerivedType(typeof(StopEntry), "stop")]
[JsonDerivedType(typeof(EvaluationEntry), "evaluation")]
[JsonDerivedType(typeof(EpochAttackEntry), "epoch-attack")]
[JsonDerivedType(typeof(SelectionEntry), "selection")]
[JsonDerivedType(typeof(StageEntry), "stage")]
public abstract record LogEntry([property: JsonPropertyOrder(-1)] string Stage);

/// <summary>One optimiser step.</summary>
/// <param name="Stage">Stage of the event.</param>
/// <param name="Step">Step within the stage, from 1.</param>
/// <param name="Epoch">Epochs completed after this step.</param>
/// <param name="Loss">Loss of the step; non-finite only in the last event before a numeric
/// failure.</param>
/// <param name="Lr">Learning rate of this update.</param>
/// <param name="GradNorm">Global L2 norm of the gradient before clipping.</param>
/// <param name="Tokens">Tokens of the batch, special tokens included, without padding.</param>
/// <param name="Seconds">Compute time of the step, in seconds.</param>
/// <param name="Forward">Forward passes.</param>
/// <param name="Backward">Backward passes.</param>
/// <param name="WeightGradient">Backward passes that also computed weight gradients.</param>
public sealed record StepEntry(
    string Stage,
    long Step,
    double Epoch,
    double Loss,
    double Lr,
    double GradNorm,
    long Tokens,
    double Seconds,
    int Forward,
    int Backward,
    int WeightGradient
) : LogEntry(Stage)
{
    /// <summary>
    /// Floating-point operations of the step's matrix products, by formula; null in logs of earlier
    /// versions.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Flops { get; init; }
}

/// <summary>A mask was drawn and compared with the previous one.</summary>
/// <param name="Stage">Stage of the event.</param>
/// <param name="Step">Step of the coefficients' snapshot.</param>
/// <param name="MiniEpoch">Number of the snapshot, from 1.</param>
/// <param name="HeadDistance">Fraction of head mask entries that differ from the previous snapshot;
/// null for the first.</param>
/// <param name="NeuronDistance">Fraction of neuron mask entries that differ from the previous
/// snapshot; null for the first.</param>
/// <param name="Run">Number of consecutive snapshots that met the stop rule's condition.</param>
/// <param name="Layers">The ticket that would be drawn now, layer by layer; null in logs of earlier
/// versions.</param>
public sealed record MaskEntry(
    string Stage,
    long Step,
    int MiniEpoch,
    double? HeadDistance,
    double? NeuronDistance,
    int Run,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<MaskLayer>? Layers = null
) : LogEntry(Stage);

/// <summary>A layer of a mask.</summary>
/// <param name="Heads">One character per head: <c>1</c> kept, <c>0</c> pruned.</param>
/// <param name="NeuronsKept">FFN neurons kept.</param>
/// <param name="Neurons">FFN neurons before pruning.</param>
public sealed record MaskLayer(string Heads, int NeuronsKept, int Neurons);

/// <summary>Statistics of hard-concrete gates.</summary>
/// <param name="Stage">Stage of the event.</param>
/// <param name="Step">Step of the statistics.</param>
/// <param name="Epoch">Epochs completed.</param>
/// <param name="Penalty">R, the mean probability that a gate is open.</param>
/// <param name="Lambda">Weight of R in the step.</param>
/// <param name="Binary">Fraction of deterministic gates that are exactly 0 or 1.</param>
/// <param name="BelowHalf">Fraction of scores whose sigmoid is below one half.</param>
public sealed record GateEntry(
    string Stage,
    long Step,
    double Epoch,
    double Penalty,
    double Lambda,
    double Binary,
    double BelowHalf
) : LogEntry(Stage);

/// <summary>The search ended.</summary>
/// <param name="Stage">Stage of the event.</param>
/// <param name="Rule">Kind of the stop rule.</param>
/// <param name="StoppedAtStep">Step at which the search stopped.</param>
/// <param name="DrawnAtStep">Step of the snapshot the ticket is drawn from.</param>
/// <param name="Converged">Whether the stop rule was satisfied, rather than the search reaching its
/// maximum length.</param>
public sealed record StopEntry(string Stage, string Rule, long StoppedAtStep, long DrawnAtStep, bool Converged)
    : LogEntry(Stage);

/// <summary>The model was evaluated.</summary>
/// <param name="Stage">Stage of the event.</param>
/// <param name="Step">Step of the evaluation.</param>
/// <param name="Epoch">Epochs completed.</param>
/// <param name="Split">The evaluated split.</param>
/// <param name="Accuracy">Accuracy in [0, 1].</param>
/// <param name="Loss">Mean cross entropy.</param>
/// <param name="Examples">Examples evaluated.</param>
public sealed record EvaluationEntry(
    string Stage,
    long Step,
    double Epoch,
    string Split,
    double Accuracy,
    double Loss,
    int Examples
) : LogEntry(Stage);

/// <summary>The model was attacked on development examples.</summary>
/// <param name="Stage">Stage of the event.</param>
/// <param name="Step">Step of the attack.</param>
/// <param name="Epoch">Epochs completed.</param>
/// <param name="Split">Source of the attacked examples; never the reported split.</param>
/// <param name="Attack">Name of the attack recipe.</param>
/// <param name="Examples">n, number of examples in the sample.</param>
/// <param name="Skipped">Examples misclassified before the attack.</param>
/// <param name="Succeeded">Examples on which the attack succeeded.</param>
/// <param name="Failed">Examples on which it failed.</param>
/// <param name="Aua">Accuracy under attack, <paramref name="Failed"/> /
/// <paramref name="Examples"/>, in [0, 1].</param>
/// <param name="Queries">Mean queries per attacked example, as TextAttack counts them.</param>
/// <param name="Seconds">Time of the attack in seconds, not counted as training time.</param>
public sealed record EpochAttackEntry(
    string Stage,
    long Step,
    double Epoch,
    string Split,
    string Attack,
    int Examples,
    int Skipped,
    int Succeeded,
    int Failed,
    double Aua,
    double Queries,
    double Seconds
) : LogEntry(Stage);

/// <summary>The weights of an earlier or the last epoch were kept as the model.</summary>
/// <param name="Stage">Stage of the event.</param>
/// <param name="KeptStep">Step at the end of the kept epoch.</param>
/// <param name="KeptEpoch">Number of the kept epoch.</param>
/// <param name="Rule">How it was selected, as <c>retrain.select</c> names it.</param>
/// <param name="Aua">Its accuracy under attack on development examples, in [0, 1]: the highest of
/// the stage's <see cref="EpochAttackEntry"/>.</param>
public sealed record SelectionEntry(string Stage, long KeptStep, double KeptEpoch, string Rule, double Aua)
    : LogEntry(Stage);

/// <summary>A stage started or ended.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="State"><c>begin</c> or <c>end</c>.</param>
/// <param name="Steps">Maximum steps of a stage that starts; null in logs of earlier
/// versions.</param>
public sealed record StageEntry(
    string Stage,
    string State,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Steps = null
) : LogEntry(Stage);
