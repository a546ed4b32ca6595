// The figures of a run for other programs, from its log: also of a run that is still at work, and
// of one that an older program made.
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Runs;
using RobustTickets.Runs.Metrics;

namespace RobustTickets;

/// <summary>Writes the scalars of runs as CSV or for TensorBoard.</summary>
public static class RunMetrics
{
    /// <summary>
    /// Writes <c>metrics.csv</c> and an event file of TensorBoard, those asked for, from the log of
    /// a run. A line that is being written is left out.
    /// </summary>
    /// <param name="run">Run folder.</param>
    /// <param name="folder">Where they go; made when absent.</param>
    /// <param name="files">Which files.</param>
    /// <exception cref="RunFolderException">There is no run.</exception>
    /// <exception cref="DataException">It has no log, or a broken one.</exception>
    /// <exception cref="OutputException">The folder cannot be written.</exception>
    public static void Write(string run, string folder, MetricFiles files = MetricFiles.All)
    {
        var from = RunFolder.Open(run);
        // Read before anything is written: a broken log leaves what is there.
        LogEntry[] log = [.. EventLog.ReadEntries(from.EventsFile)];
        if (Plain(folder) == Plain(from.Path))
            throw new OutputException($"{folder}: is the run itself, which writes its own files; name another folder");
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

    /// <summary>The table of a run as text.</summary>
    /// <param name="run">Run folder.</param>
    /// <exception cref="RunFolderException">There is no run.</exception>
    /// <exception cref="DataException">It has no log, or a broken one.</exception>
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
