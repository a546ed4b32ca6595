// The state of a run: its log, its checkpoints, and the stages that are finished. Nothing else of a
// run changes while it goes.
using RobustTickets.Attacks;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Runs.Metrics;
using RobustTickets.Torch.nn;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Training;

/// <summary>What a run must still be when it is resumed.</summary>
/// <param name="RecipeHash">SHA-256 of recipe.json.</param>
/// <param name="DataHash">SHA-256 of the training data.</param>
/// <param name="InputFingerprint">SHA-256 of the encoded examples and the weights it starts
/// from.</param>
internal sealed record RunIdentity(string RecipeHash, string DataHash, string InputFingerprint);

/// <summary>Log, checkpoints and finished stages of a run.</summary>
/// <param name="folder">The run folder.</param>
/// <param name="hold">The right to write to it; given back in the end. Null on a rank that does not
/// write.</param>
/// <param name="identity">What checkpoints record of the run.</param>
/// <param name="checkpointEverySteps">A checkpoint is written each time this many steps are done; 0
/// only at stage borders and on request.</param>
/// <param name="metrics">Files of figures that are written beside the log.</param>
/// <param name="progress">Told what happens, or null.</param>
/// <param name="stop">Cancelling it ends the run after the current step, with a
/// checkpoint.</param>
/// <param name="ranks">The ranks that train together.</param>
internal sealed class RunStore(
    RunFolder folder,
    WriterLock? hold,
    RunIdentity identity,
    int checkpointEverySteps,
    MetricFiles metrics,
    IProgress<RunEvent>? progress,
    CancellationToken stop,
    Ranks ranks
) : IDisposable
{
    private readonly List<StageSummary> _finished = [];
    private EventLog? _events;
    private MetricWriter? _metrics;

    internal RunFolder Folder => folder;

    internal RunIdentity Identity => identity;

    internal CancellationToken Stop => stop;

    internal Ranks Ranks => ranks;

    /// <summary>Whether this rank writes.</summary>
    internal bool Writes => hold is not null;

    /// <summary>Summaries of the stages that are over.</summary>
    internal IReadOnlyList<StageSummary> Finished => _finished;

    /// <summary>Steps of the stages that are over.</summary>
    internal long StepsBefore { get; private set; }

    /// <summary>The drawn ticket, once there is one.</summary>
    internal TicketSummary? Ticket { get; set; }

    /// <summary>
    /// The log, once <see cref="Begin"/> or <see cref="GoOnFrom"/> has said where it goes on. Until
    /// then a run that cannot be resumed is left as it is.
    /// </summary>
    private EventLog Events => _events ?? throw new InvalidOperationException("the event log is not open yet");

    /// <summary>Empties the log for a run that begins.</summary>
    internal void Begin() => Rewind(0);

    /// <summary>Takes up a checkpoint's state and cuts the log back to what it knows.</summary>
    internal void GoOnFrom(RunState state)
    {
        Rewind(state.EventsLength);
        _finished.AddRange(state.Finished);
        Ticket = state.Ticket;
        StepsBefore = state.TotalSteps - state.Tally.Steps;
    }

    /// <summary>Appends a line to events.jsonl, and what it says to the files of figures.</summary>
    internal void Append(LogEntry entry)
    {
        if (!Writes)
            return;
        // Opened here, not with the log: environment.json, which says when the run began, is
        // written in between.
        _metrics ??= MetricWriter.Open(
            folder.Path,
            metrics,
            MetricWriter.BeginOf(folder),
            EventLog.ReadEntries(folder.EventsFile)
        );
        Events.Append(entry);
        _metrics.Append(entry);
    }

    /// <summary>Tells whoever watches.</summary>
    internal void Report(RunEvent happened)
    {
        if (Writes)
            progress?.Report(happened);
    }

    /// <summary>Says a sentence between steps.</summary>
    internal void Note(StageRun stage, string text) => Report(new Note(stage.Name, stage.Tally.Steps, text));

    /// <summary>Counts a step, logs it and reports it.</summary>
    internal void StepDone(StageRun stage, StepReport step)
    {
        var entry = step.Entry(stage.Name);
        stage.Tally = stage.Tally.Add(entry);
        Append(entry);
        stage.Pace.Add(step);
        Report(
            new StepDone(
                stage.Name,
                step.Step,
                stage.LastStep,
                step.Epoch,
                step.Loss,
                step.LearningRate,
                stage.Pace.TokensPerSecond,
                stage.Pace.Remaining(step, stage.LastStep)
            )
        );
    }

    /// <summary>
    /// Writes a checkpoint when one is due or asked for; throws when the run is to stop.
    /// </summary>
    internal void CheckpointIfDue(StageRun stage)
    {
        var stopping = ranks.Stop;
        if (!stopping && (checkpointEverySteps <= 0 || stage.Tally.Steps % checkpointEverySteps != 0))
            return;
        ranks.RequireSameWeights(stage.Model.Store);
        SaveCheckpoint(stage);
        if (stopping)
            throw new OperationCanceledException(
                $"stopped in {stage.Name} after step {stage.Tally.Steps}; a resumed run goes on from there",
                stop
            );
    }

    /// <summary>Refuses parameters that are not finite.</summary>
    /// <exception cref="NumericFailureException">One is not; stage, step and tensor
    /// named.</exception>
    internal static void RequireFinite(StageRun stage) =>
        RequireFinite(stage.Model.Store, stage.Name, stage.Tally.Steps);

    /// <inheritdoc cref="RequireFinite(StageRun)"/>
    internal static void RequireFinite(ParameterStore parameters, string stage, long step)
    {
        foreach (var name in parameters.Names)
        {
            foreach (var value in parameters[name].host<float>())
            {
                if (!float.IsFinite(value))
                    throw new NumericFailureException(
                        Text($"{stage}, step {step}: '{name}' holds {value}; a lower learning rate usually helps")
                    );
            }
        }
    }

    /// <summary>Writes a checkpoint of a stage now, on the rank that writes.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="epochAttackDue">Whether going on from it begins with the attack after the epoch
    /// just ended.</param>
    /// <exception cref="NumericFailureException">A parameter is not finite; the checkpoints before
    /// stay.</exception>
    /// <exception cref="OutputException">The folder was removed.</exception>
    internal void SaveCheckpoint(StageRun stage, bool epochAttackDue = false)
    {
        if (hold is null)
            return;
        RequireFolder();
        RequireFinite(stage);
        var state = new RunState(
            stage.Name,
            stage.Optimizer.Updates,
            StepsBefore + stage.Tally.Steps,
            Events.Position,
            identity.RecipeHash,
            identity.DataHash,
            stage.Tally,
            [.. Finished],
            Ticket,
            identity.InputFingerprint,
            epochAttackDue
        );
        RunCheckpoint.Save(folder, state, stage.Model.Store, stage.Optimizer, stage.Part, hold.Require);
    }

    /// <summary>
    /// Refuses to go on when the folder, or what was written to it, was removed meanwhile.
    /// </summary>
    /// <exception cref="OutputException">Something is gone; named.</exception>
    internal void RequireFolder()
    {
        hold?.Require();
        foreach (var file in new[] { folder.RecipeFile, folder.SplitsFile, folder.EventsFile })
            if (!File.Exists(file))
                throw new OutputException($"{file}: was removed while the run was at work; the run is not whole");
    }

    /// <summary>Brings all events to the disk: what counts on them may follow.</summary>
    internal void FlushEvents() => _ = _events?.Position;

    /// <summary>Logs the end of a stage and counts it among the finished ones.</summary>
    internal void End(string stage, StageTally tally)
    {
        Append(new StageEntry(stage, StageState.End));
        _finished.Add(tally.Summary(stage));
        StepsBefore += tally.Steps;
    }

    public void Dispose()
    {
        // On a full disk the files throw; the folder is given back all the same.
        using (hold)
        using (_events)
            _metrics?.Dispose();
    }

    private void Rewind(long length)
    {
        _metrics?.Dispose();
        _metrics = null;
        _events?.Dispose();
        _events = Writes ? EventLog.Open(folder.EventsFile, length) : null;
    }
}
