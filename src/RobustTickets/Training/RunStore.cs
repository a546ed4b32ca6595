// The mutable state of a run: its log, its checkpoints, and the finished stages.
using RobustTickets.Attacks;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Runs.Metrics;
using RobustTickets.Torch.nn;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Training;

/// <summary>What must be unchanged when a run is resumed.</summary>
/// <param name="RecipeHash">SHA-256 of recipe.json.</param>
/// <param name="DataHash">SHA-256 of the training data.</param>
/// <param name="InputFingerprint">SHA-256 of the encoded examples and the initial weights.</param>
internal sealed record RunIdentity(string RecipeHash, string DataHash, string InputFingerprint);

/// <summary>Log, checkpoints and finished stages of a run.</summary>
/// <param name="folder">The run folder.</param>
/// <param name="hold">Lock of the run folder, released on disposal. Null on a rank that does not
/// write.</param>
/// <param name="identity">Identity of the run recorded in checkpoints.</param>
/// <param name="checkpointEverySteps">Number of steps between checkpoints; 0 only at the end of
/// stages and on cancellation.</param>
/// <param name="metrics">Metric files written in addition to the log.</param>
/// <param name="progress">Receives progress events, or null.</param>
/// <param name="stop">Cancelling it ends the run after the current step, with a
/// checkpoint.</param>
/// <param name="ranks">The ranks of a distributed run.</param>
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
    private EventLogWriter? _events;
    private MetricWriter? _metrics;

    internal RunFolder Folder => folder;

    internal RunIdentity Identity => identity;

    internal CancellationToken Stop => stop;

    internal Ranks Ranks => ranks;

    /// <summary>Whether this rank writes.</summary>
    internal bool Writes => hold is not null;

    /// <summary>Summaries of the finished stages.</summary>
    internal IReadOnlyList<StageSummary> Finished => _finished;

    /// <summary>Total steps of the finished stages.</summary>
    internal long StepsBefore { get; private set; }

    /// <summary>The ticket, once drawn.</summary>
    internal TicketSummary? Ticket { get; set; }

    /// <summary>
    /// The log, opened by <see cref="Begin"/> or <see cref="GoOnFrom"/>. Until then the folder of a
    /// run that cannot be resumed is unchanged.
    /// </summary>
    private EventLogWriter Events => _events ?? throw new InvalidOperationException("the event log is not open yet");

    /// <summary>Starts a new run with an empty log.</summary>
    internal void Begin() => Rewind(0);

    /// <summary>Restores a checkpoint's state and truncates the log to it.</summary>
    internal void GoOnFrom(RunState state)
    {
        Rewind(state.EventsLength);
        _finished.AddRange(state.Finished);
        Ticket = state.Ticket;
        StepsBefore = state.TotalSteps - state.Tally.Steps;
    }

    /// <summary>Appends a line to events.jsonl, and its values to the metric files.</summary>
    internal void Append(LogEntry entry)
    {
        if (!Writes)
            return;
        // Opened lazily: environment.json, which contains the start time, is written after the log
        // is opened.
        _metrics ??= MetricWriter.Open(
            folder.Path,
            metrics,
            MetricWriter.BeginOf(folder),
            EventLog.ReadEntries(folder.EventsFile)
        );
        Events.Append(entry);
        _metrics.Append(entry);
    }

    /// <summary>Reports a progress event.</summary>
    internal void Report(RunEvent happened)
    {
        if (Writes)
            progress?.Report(happened);
    }

    /// <summary>Reports a note between steps.</summary>
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

    /// <summary>Writes a checkpoint when one is due; throws when the run is to stop.</summary>
    internal void CheckpointIfDue(StageRun stage)
    {
        var stopping = ranks.Stop;
        if (!stopping && (checkpointEverySteps <= 0 || stage.Tally.Steps % checkpointEverySteps != 0))
            return;
        ranks.RequireSameWeights(stage.Model.Store);
        SaveCheckpoint(stage);
        if (stopping)
            throw new OperationCanceledException(
                $"stopped in {stage.Name} after step {stage.Tally.Steps}; resume to continue from there",
                stop
            );
    }

    /// <summary>Throws if parameters are not finite.</summary>
    /// <exception cref="NumericFailureException">A parameter is not finite; the message names
    /// stage, step and tensor.</exception>
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

    /// <summary>Writes a checkpoint of a stage now, on the writing rank.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="epochAttackDue">Whether resumption starts with the attack after the last
    /// epoch.</param>
    /// <exception cref="NumericFailureException">A parameter is not finite; earlier checkpoints are
    /// kept.</exception>
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

    /// <summary>Throws if the folder, or files written to it, were removed.</summary>
    /// <exception cref="OutputException">Something was removed; the message names it.</exception>
    internal void RequireFolder()
    {
        hold?.Require();
        foreach (var file in new[] { folder.RecipeFile, folder.SplitsFile, folder.EventsFile })
            if (!File.Exists(file))
                throw new OutputException($"{file}: was removed during the run; the run is incomplete");
    }

    /// <summary>Flushes all events to disk, before files that depend on them are written.</summary>
    internal void FlushEvents() => _ = _events?.Position;

    /// <summary>Logs the end of a stage and adds its summary.</summary>
    internal void End(string stage, StageTally tally)
    {
        Append(new StageEntry(stage, StageState.End));
        _finished.Add(tally.Summary(stage));
        StepsBefore += tally.Steps;
    }

    public void Dispose()
    {
        // The lock is released even if closing a file throws.
        using (hold)
        using (_events)
            _metrics?.Dispose();
    }

    private void Rewind(long length)
    {
        _metrics?.Dispose();
        _metrics = null;
        _events?.Dispose();
        _events = Writes ? EventLogWriter.Open(folder.EventsFile, length) : null;
    }
}
