// The current state of a run, finished or not.
namespace RobustTickets.Runs.Live;

/// <summary>Status of a run.</summary>
internal enum RunStatus
{
    /// <summary>Started, no step completed yet.</summary>
    Starting,

    /// <summary>Searching a ticket.</summary>
    Searching,

    /// <summary>Training the final model.</summary>
    Training,

    /// <summary>Training the dense control.</summary>
    Control,

    /// <summary>Pre-training a language model.</summary>
    Pretraining,

    /// <summary>Trained; the result is being measured.</summary>
    Evaluating,

    /// <summary>Finished, and an attack on it is running.</summary>
    Attacking,

    /// <summary>Finished.</summary>
    Finished,

    /// <summary>Stopped in an orderly way; it can be resumed.</summary>
    Stopped,

    /// <summary>Its process died, or a number was not finite.</summary>
    Failed,

    /// <summary>One of its files cannot be read.</summary>
    Broken,
}

/// <summary>A stage of a run.</summary>
/// <param name="Name">Name in the log.</param>
/// <param name="Begin">Steps of the run before it.</param>
/// <param name="Steps">Steps completed.</param>
/// <param name="MostSteps">Maximum steps; null if not in the log.</param>
/// <param name="Seconds">Seconds of its steps.</param>
/// <param name="Ended">Whether the stage is finished.</param>
internal sealed record StageProgress(string Name, long Begin, long Steps, long? MostSteps, double Seconds, bool Ended);

/// <summary>A comparison of masks during the search.</summary>
/// <param name="Step">Step of the search.</param>
/// <param name="Heads">Fraction of head mask entries that changed; null for the first.</param>
/// <param name="Neurons">Fraction of neuron mask entries that changed; null for the first.</param>
/// <param name="Run">Number of consecutive snapshots that met the stop rule's condition.</param>
internal sealed record MaskProgress(long Step, double? Heads, double? Neurons, int Run);

/// <summary>Gate statistics of a mask search.</summary>
/// <param name="Step">Step of the search.</param>
/// <param name="Open">Mean probability that a gate is open.</param>
/// <param name="Settled">Fraction of gates that are exactly 0 or 1.</param>
internal sealed record GateProgress(long Step, double? Open, double? Settled);

/// <summary>An evaluation, or attack, after an epoch.</summary>
/// <param name="Stage">Stage.</param>
/// <param name="Step">Step of the run.</param>
/// <param name="Epoch">Epochs completed in the stage.</param>
/// <param name="Split">Source of the examples.</param>
/// <param name="Attack">Name of the attack; null for an evaluation.</param>
/// <param name="Accuracy">Accuracy, under the attack if there is one, in [0, 1].</param>
/// <param name="Examples">Number of examples.</param>
internal sealed record EpochProgress(
    string Stage,
    long Step,
    double? Epoch,
    string Split,
    string? Attack,
    double? Accuracy,
    int Examples
);

/// <summary>The end of a search.</summary>
/// <param name="Rule">Kind of the stop rule.</param>
/// <param name="StoppedAtStep">Step at which the search stopped.</param>
/// <param name="DrawnAtStep">Step of the snapshot the ticket is drawn from.</param>
/// <param name="Converged">Whether the stop rule was satisfied.</param>
internal sealed record StopProgress(string Rule, long StoppedAtStep, long DrawnAtStep, bool Converged);

/// <summary>An attack in the run folder.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Done">Examples attacked.</param>
/// <param name="Total">Examples to attack; null if unknown.</param>
/// <param name="Finished">Whether its summary exists.</param>
/// <param name="Active">Whether a process is running it.</param>
/// <param name="Clean">Accuracy before the attack, in percent; null before it is finished.</param>
/// <param name="Aua">Accuracy under attack, in percent; null before it is finished.</param>
/// <param name="Success">Attack success rate, in percent; null before it is finished.</param>
/// <param name="Queries">Mean queries per attacked example; null before it is finished.</param>
/// <param name="Error">The error in its files, or null.</param>
internal sealed record AttackLine(
    string Name,
    int Done,
    int? Total,
    bool Finished,
    bool Active,
    double? Clean,
    double? Aua,
    double? Success,
    double? Queries,
    string? Error = null
);

/// <summary>The fields of a run's recipe shown with its curves.</summary>
/// <param name="Name">Name of the recipe.</param>
/// <param name="Task">Task.</param>
/// <param name="Seed">Seed.</param>
/// <param name="Search">Kind of the search; null for none.</param>
/// <param name="StopKind">Kind of the stop rule; null for none.</param>
/// <param name="Threshold">Distance threshold of the stop rule; null for none.</param>
internal sealed record RecipeFacts(
    string? Name,
    string? Task,
    int? Seed,
    string? Search,
    string? StopKind,
    double? Threshold
);

/// <summary>Summary of a run.</summary>
/// <param name="Status">Status of the run.</param>
/// <param name="Reason">Why it is stopped, failed, broken or waiting; otherwise null.</param>
/// <param name="Recipe">Fields of its recipe.</param>
/// <param name="Model">Name of its base checkpoint, or null.</param>
/// <param name="Started">Start time, or null.</param>
/// <param name="Changed">Time of the last log entry, or null.</param>
/// <param name="Stage">The current or last stage.</param>
/// <param name="Step">Steps completed in the stage.</param>
/// <param name="MostSteps">Maximum steps of the stage, or null.</param>
/// <param name="Epoch">Epochs completed in the stage, or null.</param>
/// <param name="Loss">Mean loss of the last steps, or null.</param>
/// <param name="LearningRate">Learning rate of the last step, or null.</param>
/// <param name="TokensPerSecond">Throughput of the last steps, or null.</param>
/// <param name="SecondsLeft">Remaining seconds of the stage at this pace, or null.</param>
/// <param name="Result">The result; null before the run is finished.</param>
/// <param name="Attacks">Attacks on it.</param>
internal sealed record RunLine(
    RunStatus Status,
    string? Reason,
    RecipeFacts Recipe,
    string? Model,
    DateTimeOffset? Started,
    DateTimeOffset? Changed,
    string? Stage,
    long Step,
    long? MostSteps,
    double? Epoch,
    double? Loss,
    double? LearningRate,
    double? TokensPerSecond,
    double? SecondsLeft,
    RunResult? Result,
    IReadOnlyList<AttackLine> Attacks
)
{
    /// <summary>Whether a process is working on it.</summary>
    public bool IsActive =>
        Status is not (RunStatus.Finished or RunStatus.Stopped or RunStatus.Failed or RunStatus.Broken);
}

/// <summary>A run with its curves.</summary>
/// <param name="Line">Summary of the run.</param>
/// <param name="Stages">Its stages so far.</param>
/// <param name="Loss">Loss over steps of the run.</param>
/// <param name="LearningRate">Learning rate over steps of the run.</param>
/// <param name="TokensPerSecond">Tokens per second over steps of the run.</param>
/// <param name="Masks">Mask distances during the search.</param>
/// <param name="Gates">Gate statistics during a mask search.</param>
/// <param name="Epochs">Evaluations and attacks after epochs.</param>
/// <param name="Stop">How the search ended; null before its end.</param>
/// <param name="Layers">The ticket that would be drawn now, layer by layer; null if
/// unknown.</param>
internal sealed record RunProgress(
    RunLine Line,
    IReadOnlyList<StageProgress> Stages,
    IReadOnlyList<CurvePoint> Loss,
    IReadOnlyList<CurvePoint> LearningRate,
    IReadOnlyList<CurvePoint> TokensPerSecond,
    IReadOnlyList<MaskProgress> Masks,
    IReadOnlyList<GateProgress> Gates,
    IReadOnlyList<EpochProgress> Epochs,
    StopProgress? Stop,
    IReadOnlyList<MaskLayer>? Layers
);
