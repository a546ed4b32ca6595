// What a run writes to events.jsonl while it goes: one object a line, snake_case, told apart by
// "event".
using System.Text.Json.Serialization;

namespace RobustTickets.Runs;

/// <summary>One line of <c>events.jsonl</c>.</summary>
/// <param name="Stage">Stage it belongs to: <c>search</c>, <c>fine-tune</c>, <c>round-N</c> (of
/// pruning in rounds, from 1), <c>retrain</c>, <c>control</c>; <c>pretrain</c> of a
/// pre-training.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(StepEntry), "step")]
[JsonDerivedType(typeof(MaskEntry), "mask")]
[JsonDerivedType(typeof(GateEntry), "gates")]
[JsonDerivedType(typeof(StopEntry), "stop")]
[JsonDerivedType(typeof(EvaluationEntry), "evaluation")]
[JsonDerivedType(typeof(EpochAttackEntry), "epoch-attack")]
[JsonDerivedType(typeof(StageEntry), "stage")]
public abstract record LogEntry([property: JsonPropertyOrder(-1)] string Stage);

/// <summary>One optimiser step.</summary>
/// <param name="Stage">Stage it belongs to.</param>
/// <param name="Step">Step within the stage, from 1.</param>
/// <param name="Epoch">Epochs done after this step.</param>
/// <param name="Loss">Loss of the step as the objective reports it; not finite only in the last
/// event before a numeric failure.</param>
/// <param name="Lr">Learning rate of this update.</param>
/// <param name="GradNorm">Global L2 norm of the gradient before clipping.</param>
/// <param name="Tokens">Real tokens of the batch, special tokens included, padding not.</param>
/// <param name="Seconds">Compute time of the step, in seconds.</param>
/// <param name="Forward">Forward passes.</param>
/// <param name="Backward">Backward passes.</param>
/// <param name="WeightGradient">Backward passes that also made gradients of the weights.</param>
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
    /// <summary>Floating-point operations of the step's matrix products, counted, not measured;
    /// null in logs of older programs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Flops { get; init; }
}

/// <summary>Masks were drawn and compared with the earlier ones.</summary>
/// <param name="Stage">Stage it belongs to.</param>
/// <param name="Step">Step after which the coefficients were taken.</param>
/// <param name="MiniEpoch">Number of the snapshot, from 1.</param>
/// <param name="HeadDistance">Share of head mask entries that differ from the previous snapshot;
/// null at the first.</param>
/// <param name="NeuronDistance">Share of neuron mask entries that differ from the previous
/// snapshot; null at the first.</param>
/// <param name="Run">How long the stop rule's condition has held.</param>
/// <param name="Layers">The ticket that would be drawn now, layer by layer; null in logs of older
/// programs.</param>
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
/// <param name="Heads">One character a head: <c>1</c> kept, <c>0</c> pruned.</param>
/// <param name="NeuronsKept">FFN neurons kept.</param>
/// <param name="Neurons">FFN neurons before pruning.</param>
public sealed record MaskLayer(string Heads, int NeuronsKept, int Neurons);

/// <summary>Hard-concrete gates were counted.</summary>
/// <param name="Stage">Stage it belongs to.</param>
/// <param name="Step">Step after which they were.</param>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Penalty">R, the mean probability that a gate is open.</param>
/// <param name="Lambda">Weight of R in the step.</param>
/// <param name="Binary">Share of deterministic gates that are exactly 0 or 1.</param>
/// <param name="BelowHalf">Share of scores whose sigmoid is below one half.</param>
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
/// <param name="Stage">Stage it belongs to.</param>
/// <param name="Rule">Kind of the stop rule.</param>
/// <param name="StoppedAtStep">Step at which the decision was possible.</param>
/// <param name="DrawnAtStep">Step of the snapshot the ticket is drawn from.</param>
/// <param name="Converged">Whether the rule held, or the search merely reached its end.</param>
public sealed record StopEntry(string Stage, string Rule, long StoppedAtStep, long DrawnAtStep, bool Converged)
    : LogEntry(Stage);

/// <summary>The model was evaluated.</summary>
/// <param name="Stage">Stage it belongs to.</param>
/// <param name="Step">Step after which it was.</param>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Split">Split it was evaluated on.</param>
/// <param name="Accuracy">Share of right labels, in [0, 1].</param>
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
/// <param name="Stage">Stage it belongs to.</param>
/// <param name="Step">Step after which it was.</param>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Split">Where the attacked examples come from; never the reported ones.</param>
/// <param name="Attack">Name of the attack recipe.</param>
/// <param name="Examples">n, examples in the sample.</param>
/// <param name="Skipped">Examples that were wrong before the attack.</param>
/// <param name="Succeeded">Examples on which the attack succeeded.</param>
/// <param name="Failed">Examples on which it failed.</param>
/// <param name="Aua">Accuracy under attack, <paramref name="Failed"/> /
/// <paramref name="Examples"/>, in [0, 1].</param>
/// <param name="Queries">Mean queries of the attacked examples, as TextAttack counts them.</param>
/// <param name="Seconds">Time of the attack in seconds, which is in no stage's training
/// time.</param>
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

/// <summary>A stage began or ended.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="State"><c>begin</c> or <c>end</c>.</param>
/// <param name="Steps">Of a stage that begins: its steps at most; null in logs of older
/// programs.</param>
public sealed record StageEntry(
    string Stage,
    string State,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Steps = null
) : LogEntry(Stage);
