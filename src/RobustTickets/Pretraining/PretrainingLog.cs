// The log of a pre-training: a folder with events.jsonl and metric files, as in a run folder.
using RobustTickets.Attacks;
using RobustTickets.Runs;
using RobustTickets.Runs.Metrics;
using RobustTickets.Training;

namespace RobustTickets.Pretraining;

/// <summary>Logs the steps of a pre-training.</summary>
internal sealed class PretrainingLog : IDisposable
{
    private const string Stage = StageName.Pretrain;

    private readonly WriterLock _hold;
    private readonly EventLogWriter _events;
    private readonly MetricWriter _metrics;

    private PretrainingLog(WriterLock hold, EventLogWriter events, MetricWriter metrics)
    {
        (_hold, _events, _metrics) = (hold, events, metrics);
    }

    /// <summary>Bytes written so far, all flushed to disk.</summary>
    public long Position => _events.Position;

    /// <summary>
    /// Opens a log: a new pre-training overwrites an earlier log, a resumed one truncates it to its
    /// checkpoint.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="length">Log length stored in the checkpoint; 0 for a new run.</param>
    /// <param name="steps">Maximum number of steps; null with a time budget.</param>
    /// <exception cref="RunFolderException">The folder cannot be written, or contains a run or
    /// files of others.</exception>
    /// <exception cref="DataException">The log is not the one that the checkpoint was written
    /// with.</exception>
    /// <exception cref="FolderInUseException">Another process writes to it.</exception>
    public static PretrainingLog Open(string folder, long length, long? steps)
    {
        var run = Create(folder);
        var hold = run.Hold();
        EventLogWriter? events = null;
        try
        {
            // A checkpoint written without a log, or with another one, does not apply to this one.
            var known = File.Exists(run.EventsFile) ? length : 0;
            events = EventLogWriter.Open(run.EventsFile, known);
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

    /// <summary>Logs that the model was written.</summary>
    public void End() => Append(new StageEntry(Stage, StageState.End));

    /// <inheritdoc/>
    public void Dispose()
    {
        using (_hold)
        using (_events)
            _metrics.Dispose();
    }

    // Drops the fields of the error: this folder is not the request's output.
    private static RunFolder Create(string folder)
    {
        try
        {
            var run = RunFolder.Create(folder, allowExisting: true);
            if (File.Exists(run.RecipeFile) || File.Exists(run.EventsFile) && !IsOfPretraining(run.EventsFile))
                throw new RunFolderException(
                    $"{folder}: holds a run or another log than that of a pre-training; name another folder for the log"
                );
            if (!File.Exists(run.EventsFile))
                run.RequireFree(folder);
            return run;
        }
        catch (RunFolderException e)
        {
            throw new RunFolderException(e.Message, e);
        }
    }

    // A log without a byte is one whose process was killed before the first event.
    private static bool IsOfPretraining(string events)
    {
        try
        {
            return new FileInfo(events).Length == 0 || EventLog.ReadEntries(events).FirstOrDefault()?.Stage == Stage;
        }
        catch (DataException)
        {
            return false;
        }
    }

    private void Append(LogEntry entry)
    {
        _events.Append(entry);
        _metrics.Append(entry);
    }
}
