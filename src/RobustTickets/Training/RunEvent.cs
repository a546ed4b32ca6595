// Progress events of a run. The records of events.jsonl (LogEntry) are separate: they are a file
// format, these are for observers.
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets;

/// <summary>A progress event of a run.</summary>
/// <param name="Stage">Stage of the event, e.g. <c>search</c>.</param>
/// <param name="Step">Steps completed in the stage.</param>
public abstract record RunEvent(string Stage, long Step)
{
    /// <summary>
    /// The event as a sentence to print on its own line; null if it only updates a progress bar.
    /// </summary>
    public virtual string? Message => null;
}

/// <summary>An optimisation step was completed.</summary>
/// <param name="Stage">The current stage.</param>
/// <param name="Step">Steps completed in the stage.</param>
/// <param name="TotalSteps">Maximum steps of the stage.</param>
/// <param name="Epoch">Epochs completed in the stage.</param>
/// <param name="Loss">Loss of the step.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="TokensPerSecond">Tokens per second (without padding) over the last steps, counted
/// once per step whatever the number of passes.</param>
/// <param name="Remaining">Upper bound of the remaining time of the stage at this pace, evaluations
/// included; a search may end earlier. Null until a pace is known.</param>
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
/// <param name="Stage">The current stage.</param>
/// <param name="Step">Steps completed in the stage.</param>
/// <param name="Epoch">Epochs completed in the stage.</param>
/// <param name="Split">The evaluated split; the reported split only if there is no other.</param>
/// <param name="Examples">Examples evaluated.</param>
/// <param name="Accuracy">Accuracy in [0, 1].</param>
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

/// <summary>The mask of a slimming search's snapshot was compared with the previous one.</summary>
/// <param name="Stage">The current stage.</param>
/// <param name="Step">Steps completed in the stage.</param>
/// <param name="MiniEpoch">Number of the snapshot, from 1.</param>
/// <param name="HeadDistance">Fraction of head mask entries that differ.</param>
/// <param name="NeuronDistance">Fraction of neuron mask entries that differ.</param>
/// <param name="InARow">Number of consecutive snapshots that met the stop rule's condition.</param>
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

/// <summary>Statistics of hard-concrete gates in a mask search.</summary>
/// <param name="Stage">The current stage.</param>
/// <param name="Step">Steps completed in the stage.</param>
/// <param name="Epoch">Epochs completed in the stage.</param>
/// <param name="Penalty">R, the mean probability that a gate is open.</param>
/// <param name="Lambda">Weight of R in the step.</param>
/// <param name="Binary">Fraction of deterministic gates that are exactly 0 or 1.</param>
/// <param name="Closed">Fraction of deterministic gates that are 0.</param>
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

/// <summary>Progress of an attack after an epoch.</summary>
/// <param name="Stage">Stage and attack, e.g. <c>retrain: textfooler</c>.</param>
/// <param name="Done">Examples done.</param>
/// <param name="Total">Total number of examples.</param>
/// <param name="Epoch">Epochs completed in the stage.</param>
/// <param name="Figures">Figures so far.</param>
public sealed record AttackedSoFar(string Stage, long Done, long Total, double Epoch, string Figures)
    : RunEvent(Stage, Done);

/// <summary>A note for the user.</summary>
/// <param name="Stage">Stage of the note; <c>data</c> before the first.</param>
/// <param name="Step">Steps completed in the stage.</param>
/// <param name="Text">The sentence.</param>
public sealed record Note(string Stage, long Step, string Text) : RunEvent(Stage, Step)
{
    /// <inheritdoc/>
    public override string Message => Text;
}
