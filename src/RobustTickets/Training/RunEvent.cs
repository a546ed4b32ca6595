// What a run tells while it goes, as one hierarchy. events.jsonl has its own records (LogEntry):
// those are a file format, these are for whoever watches.
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets;

/// <summary>Something that happened in a run.</summary>
/// <param name="Stage">Stage it belongs to, e.g. <c>search</c>.</param>
/// <param name="Step">Steps done in the stage.</param>
public abstract record RunEvent(string Stage, long Step)
{
    /// <summary>
    /// The event as a sentence worth a line of its own; null where it only moves a progress bar.
    /// </summary>
    public virtual string? Message => null;
}

/// <summary>An optimisation step was made.</summary>
/// <param name="Stage">Stage at work.</param>
/// <param name="Step">Steps done in the stage.</param>
/// <param name="TotalSteps">Steps of the stage at most.</param>
/// <param name="Epoch">Epochs done in the stage.</param>
/// <param name="Loss">Loss of the step.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="TokensPerSecond">Real word pieces a second over the last steps, counted once per
/// step whatever the passes.</param>
/// <param name="Remaining">Time left in the stage at this pace, evaluations between steps
/// included; at most, as a search may end before. Null before a pace is known.</param>
public sealed record StepDone(
    string Stage,
    long Step,
    long TotalSteps,
    double Epoch,
    double Loss,
    double LearningRate,
    double TokensPerSecond,
    TimeSpan? Remaining
) : RunEvent(Stage, Step);

/// <summary>The network was evaluated after an epoch.</summary>
/// <param name="Stage">Stage at work.</param>
/// <param name="Step">Steps done in the stage.</param>
/// <param name="Epoch">Epochs done in the stage.</param>
/// <param name="Split">Split it was evaluated on; never the reported one while another is
/// there.</param>
/// <param name="Examples">Examples evaluated.</param>
/// <param name="Accuracy">Share of right labels, in [0, 1].</param>
/// <param name="Loss">Mean cross entropy.</param>
public sealed record EpochEvaluated(
    string Stage,
    long Step,
    double Epoch,
    string Split,
    int Examples,
    double Accuracy,
    double Loss
) : RunEvent(Stage, Step)
{
    /// <inheritdoc/>
    public override string Message =>
        Text(
            $"epoch {Epoch:0.##}: accuracy {100 * Accuracy:0.0} % on {Examples} examples of {Split}, loss {Loss:0.000}"
        );
}

/// <summary>The mask that a slimming search would draw was compared with the one before.</summary>
/// <param name="Stage">Stage at work.</param>
/// <param name="Step">Steps done in the stage.</param>
/// <param name="MiniEpoch">Number of the snapshot, from 1.</param>
/// <param name="HeadDistance">Share of head mask entries that differ.</param>
/// <param name="NeuronDistance">Share of neuron mask entries that differ.</param>
/// <param name="InARow">How long the stop rule's condition has held.</param>
public sealed record MaskCompared(
    string Stage,
    long Step,
    int MiniEpoch,
    double HeadDistance,
    double NeuronDistance,
    int InARow
) : RunEvent(Stage, Step)
{
    /// <inheritdoc/>
    public override string Message =>
        Text($"mini-epoch {MiniEpoch}: mask distance heads {HeadDistance:0.000}, neurons {NeuronDistance:0.000}")
        + (InARow > 0 ? Text($" ({InARow} in a row)") : "");
}

/// <summary>Hard-concrete gates were counted after an epoch of a mask search.</summary>
/// <param name="Stage">Stage at work.</param>
/// <param name="Step">Steps done in the stage.</param>
/// <param name="Epoch">Epochs done in the stage.</param>
/// <param name="Penalty">R, the mean probability that a gate is open.</param>
/// <param name="Lambda">Weight of R in the step.</param>
/// <param name="Binary">Share of deterministic gates that are exactly 0 or 1.</param>
/// <param name="Closed">Share of deterministic gates that are 0.</param>
public sealed record GatesCounted(
    string Stage,
    long Step,
    double Epoch,
    double Penalty,
    double Lambda,
    double Binary,
    double Closed
) : RunEvent(Stage, Step)
{
    /// <inheritdoc/>
    public override string Message =>
        Text($"epoch {Epoch:0.##}: R {Penalty:0.000}, lambda {Lambda:0.###}, ")
        + Text($"{100 * Binary:0.0} % of gates exactly 0 or 1, {100 * Closed:0.0} % closed");
}

/// <summary>Work beside training goes on: an attack after an epoch.</summary>
/// <param name="Stage">Stage and work, e.g. <c>retrain: textfooler</c>.</param>
/// <param name="Done">Examples done.</param>
/// <param name="Total">Examples in all.</param>
/// <param name="Epoch">Epochs done in the stage.</param>
/// <param name="Figures">How it goes so far.</param>
public sealed record AttackedSoFar(string Stage, long Done, long Total, double Epoch, string Figures)
    : RunEvent(Stage, Done);

/// <summary>Something a person should know.</summary>
/// <param name="Stage">Stage it belongs to; <c>data</c> before the first.</param>
/// <param name="Step">Steps done in the stage.</param>
/// <param name="Text">The sentence.</param>
public sealed record Note(string Stage, long Step, string Text) : RunEvent(Stage, Step)
{
    /// <inheritdoc/>
    public override string Message => Text;
}
