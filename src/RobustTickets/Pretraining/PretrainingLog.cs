// The log of a pre-training: a folder with events.jsonl and the files of figures, as a run has
// them.
using RobustTickets.Attacks;
using RobustTickets.Runs;
using RobustTickets.Runs.Metrics;
using RobustTickets.Training;

namespace RobustTickets.Pretraining;

/// <summary>Writes steps of pre-training as a run does.</summary>
internal sealed class PretrainingLog : IDisposable
{
    private const string Stage = StageName.Pretrain;

    private readonly WriterLock _hold;
    private readonly EventLog _events;
    private readonly MetricWriter _metrics;

    private PretrainingLog(WriterLock hold, EventLog events, MetricWriter metrics)
    {
        (_hold, _events, _metrics) = (hold, events, metrics);
    }

    /// <summary>Bytes written so far, all of them on disk.</summary>
    public long Position => _events.Position;

    /// <summary>
    /// Opens a log: that of a new pre-training is written over what an earlier one left, that of a
    /// resumed one is cut back to its checkpoint.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="length">Bytes that the checkpoint knows; 0 for a new one.</param>
    /// <param name="steps">Steps at most; null where time decides.</param>
    /// <exception cref="RunFolderException">It cannot be written, or holds a run of another
    /// kind.</exception>
    /// <exception cref="DataException">Its log is not the one that the checkpoint was written
    /// with.</exception>
    /// <exception cref="FolderInUseException">Another process writes to it.</exception>
    public static PretrainingLog Open(string folder, long length, long? steps)
    {
        var run = Create(folder);
        if (File.Exists(run.RecipeFile))
            throw new RunFolderException($"{folder}: holds a run; name another folder for the log");
        var hold = run.Hold();
        EventLog? events = null;
        try
        {
            // A checkpoint of a call that had no log, or another one, knows nothing of this one.
            var known = File.Exists(run.EventsFile) ? length : 0;
            events = EventLog.Open(run.EventsFile, known);
            if (known == 0)
                (EnvironmentStamp.Collect() with { Started = EnvironmentStamp.Now() }).Save(run.EnvironmentFile);
            var before = EventLog.ReadEntries(run.EventsFile);
            var metrics = MetricWriter.Open(run.Path, MetricFiles.All, MetricWriter.BeginOf(run), before);
            var log = new PretrainingLog(hold, events, metrics);
            if (known == 0)
                log.Append(new StageEntry(Stage, StageState.Begin, steps));
            return log;
        }
        catch
        {
            events?.Dispose();
            hold.Dispose();
            throw;
        }
    }

    /// <summary>Logs a step.</summary>
    public void Append(StepReport step) => Append(step.Entry(Stage));

    /// <summary>Logs that the model is written.</summary>
    public void End() => Append(new StageEntry(Stage, StageState.End));

    /// <inheritdoc/>
    public void Dispose()
    {
        _metrics.Dispose();
        _events.Dispose();
        _hold.Dispose();
    }

    // The folder that such an error names is not the one of the model.
    private static RunFolder Create(string folder)
    {
        try
        {
            return RunFolder.Create(folder, allowExisting: true);
        }
        catch (RunFolderException e)
        {
            throw new RunFolderException(e.Message, e);
        }
    }

    private void Append(LogEntry entry)
    {
        _events.Append(entry);
        _metrics.Append(entry);
    }
}
