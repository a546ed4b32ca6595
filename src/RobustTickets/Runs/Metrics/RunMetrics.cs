// Exports a run's metrics from its log, also for a running run or one of an earlier version.
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Runs;
using RobustTickets.Runs.Metrics;

namespace RobustTickets;

/// <summary>Exports the scalars of runs as CSV or for TensorBoard.</summary>
public static class RunMetrics
{
    /// <summary>
    /// Writes the requested files, <c>metrics.csv</c> and a TensorBoard event file, from a run's
    /// log. An incomplete last line is ignored.
    /// </summary>
    /// <param name="run">Run folder.</param>
    /// <param name="folder">Output folder; created if missing.</param>
    /// <param name="files">The requested files.</param>
    /// <exception cref="RunFolderException">The folder contains no run.</exception>
    /// <exception cref="DataException">The log is missing or corrupt.</exception>
    /// <exception cref="OutputException">The output folder is not writable, or is a run.</exception>
    public static void Write(string run, string folder, MetricFiles files = MetricFiles.All)
    {
        var from = RunFolder.Open(run);
        // Read before anything is written: with a corrupt log existing files are kept.
        LogEntry[] log = [.. EventLog.ReadEntries(from.EventsFile)];
        if (Plain(folder) == Plain(from.Path))
            throw new OutputException($"{folder}: is the run itself, which writes its own files; name another folder");
        if (RunFolder.IsRun(folder))
            throw new OutputException($"{folder}: is another run, which writes its own files; name another folder");
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"{folder}: cannot be written: {e.Message}", e);
        }
        var began = MetricWriter.BeginOf(from);
        if (files.HasFlag(MetricFiles.Csv))
            Replace(Path.Combine(folder, MetricTable.Name), stream => WriteTable(log, began, stream));
        if (files.HasFlag(MetricFiles.TensorBoard))
            Replace(Path.Combine(folder, EventFile.Name), stream => WriteEvents(log, began, stream));
    }

    /// <summary>The metrics table of a run as text.</summary>
    /// <param name="run">Run folder.</param>
    /// <exception cref="RunFolderException">The folder contains no run.</exception>
    /// <exception cref="DataException">The log is missing or corrupt.</exception>
    public static string Table(string run)
    {
        var from = RunFolder.Open(run);
        using var bytes = new MemoryStream();
        WriteTable(EventLog.ReadEntries(from.EventsFile), MetricWriter.BeginOf(from), bytes);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void WriteTable(IEnumerable<LogEntry> log, double began, Stream stream)
    {
        stream.Write(Encoding.UTF8.GetBytes(MetricTable.Head));
        var clock = new ScalarClock(began);
        foreach (var entry in log)
            stream.Write(Encoding.UTF8.GetBytes(MetricTable.Row(clock.Next(entry))));
    }

    private static void WriteEvents(IEnumerable<LogEntry> log, double began, Stream stream)
    {
        stream.Write(EventFile.Begin(began));
        var clock = new ScalarClock(began);
        foreach (var entry in log)
            if (clock.Next(entry) is { Scalars.Count: > 0 } at)
                stream.Write(EventFile.Scalars(at));
    }

    private static string Plain(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    private static void Replace(string file, Action<Stream> fill) => WholeFile.Write(file, fill, 1 << 16);
}
