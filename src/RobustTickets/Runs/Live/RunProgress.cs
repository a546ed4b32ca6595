// A run as it stands at a moment, finished or not.
namespace RobustTickets.Runs.Live;

/// <summary>How it stands with a run.</summary>
internal enum RunStatus
{
    /// <summary>Begun, no step made yet.</summary>
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

    /// <summary>Finished, and an attack on it is at work.</summary>
    Attacking,

    /// <summary>Finished.</summary>
    Finished,

    /// <summary>Ended before its end, in order: it can be resumed.</summary>
    Stopped,

    /// <summary>Its process is gone without a word, or a number was not finite.</summary>
    Failed,

    /// <summary>A file of it cannot be read.</summary>
    Broken,
}

/// <summary>A stage of a run.</summary>
/// <param name="Name">Its name in the log.</param>
/// <param name="Begin">Steps of the run before it.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="MostSteps">Steps at most; null where the log does not say.</param>
/// <param name="Seconds">Seconds of its steps.</param>
/// <param name="Ended">Whether it is over.</param>
internal sealed record StageProgress(string Name, long Begin, long Steps, long? MostSteps, double Seconds, bool Ended);

/// <summary>A comparison of masks along the search.</summary>
/// <param name="Step">Step of the search.</param>
/// <param name="Heads">Share of head mask entries that changed; null at the first.</param>
/// <param name="Neurons">Share of neuron mask entries that changed; null at the first.</param>
/// <param name="Run">How long the stop rule's condition has held.</param>
internal sealed record MaskProgress(long Step, double? Heads, double? Neurons, int Run);

/// <summary>Gates of a mask search.</summary>
/// <param name="Step">Step of the search.</param>
/// <param name="Open">Mean probability that a gate is open.</param>
/// <param name="Settled">Share of gates that are exactly 0 or 1.</param>
internal sealed record GateProgress(long Step, double? Open, double? Settled);

/// <summary>An evaluation, or attack, after an epoch.</summary>
/// <param name="Stage">Stage.</param>
/// <param name="Step">Step of the run.</param>
/// <param name="Epoch">Epochs of the stage done.</param>
/// <param name="Split">Where the examples come from.</param>
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
/// <param name="StoppedAtStep">Step at which the decision was possible.</param>
/// <param name="DrawnAtStep">Step of the snapshot the ticket is drawn from.</param>
/// <param name="Converged">Whether the rule held.</param>
internal sealed record StopProgress(string Rule, long StoppedAtStep, long DrawnAtStep, bool Converged);

/// <summary>An attack in the run folder.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Done">Examples attacked.</param>
/// <param name="Total">Examples to attack; null where it is not known.</param>
/// <param name="Finished">Whether its summary is there.</param>
/// <param name="Active">Whether a process is at it.</param>
/// <param name="Clean">Accuracy before the attack, in percent; null before it is finished.</param>
/// <param name="Aua">Accuracy under attack, in percent; null before it is finished.</param>
/// <param name="Success">Success rate of the attack, in percent; null as above.</param>
/// <param name="Queries">Mean queries of an attacked example; null as above.</param>
/// <param name="Error">What is wrong with its files, or null.</param>
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

/// <summary>What the recipe of a run says that a reader of curves wants to know.</summary>
/// <param name="Name">Name of the recipe.</param>
/// <param name="Task">Task.</param>
/// <param name="Seed">Seed.</param>
/// <param name="Search">Kind of the search; null for none.</param>
/// <param name="StopKind">Kind of the stop rule; null for none.</param>
/// <param name="Threshold">Distance that the stop rule waits for; null for none.</param>
internal sealed record RecipeFacts(
    string? Name,
    string? Task,
    int? Seed,
    string? Search,
    string? StopKind,
    double? Threshold
);

/// <summary>A run in one line.</summary>
/// <param name="Status">How it stands.</param>
/// <param name="Reason">Why it is stopped, failed or broken, or what keeps it; else null.</param>
/// <param name="Recipe">Its recipe.</param>
/// <param name="Model">Name of the checkpoint that it starts from, or null.</param>
/// <param name="Started">When it began, or null.</param>
/// <param name="Changed">When its log was written last, or null.</param>
/// <param name="Stage">Stage at work, or the last one.</param>
/// <param name="Step">Steps of the stage done.</param>
/// <param name="MostSteps">Steps of the stage at most, or null.</param>
/// <param name="Epoch">Epochs of the stage done, or null.</param>
/// <param name="Loss">Mean loss of the last steps, or null.</param>
/// <param name="LearningRate">Learning rate of the last step, or null.</param>
/// <param name="TokensPerSecond">Pace of the last steps, or null.</param>
/// <param name="SecondsLeft">Seconds left in the stage at this pace, or null.</param>
/// <param name="Result">The result; null before it is there.</param>
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
    /// <summary>Whether something is going on.</summary>
    public bool IsActive =>
        Status is not (RunStatus.Finished or RunStatus.Stopped or RunStatus.Failed or RunStatus.Broken);
}

/// <summary>A run with its curves.</summary>
/// <param name="Line">The run in one line.</param>
/// <param name="Stages">Its stages so far.</param>
/// <param name="Loss">Loss over steps of the run.</param>
/// <param name="LearningRate">Learning rate over steps of the run.</param>
/// <param name="TokensPerSecond">Tokens a second over steps of the run.</param>
/// <param name="Masks">Mask distances along the search.</param>
/// <param name="Gates">Gates along a mask search.</param>
/// <param name="Epochs">Evaluations and attacks after epochs.</param>
/// <param name="Stop">How the search ended; null before.</param>
/// <param name="Layers">The ticket layer by layer, as it would be drawn now; null where nothing is
/// known.</param>
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
