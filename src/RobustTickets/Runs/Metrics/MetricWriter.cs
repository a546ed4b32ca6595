// Writes a run's metrics.csv and event file during the run; they always correspond to the log so
// far, also after a crash and after the log was truncated.
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.Runs.Metrics;

/// <summary>Writes a folder's metric files; one writer, used from one thread.</summary>
internal sealed class MetricWriter : IDisposable
{
    private readonly ScalarClock _clock;
    private readonly AppendedFile? _table;
    private readonly AppendedFile? _events;

    private MetricWriter(ScalarClock clock, AppendedFile? table, AppendedFile? events)
    {
        (_clock, _table, _events) = (clock, table, events);
    }

    /// <summary>
    /// Opens the files. The log so far is written to new files of the same names, so that a stalled
    /// previous writer keeps writing to the old ones. Files that were not requested are deleted,
    /// because they would become outdated.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="files">The requested files.</param>
    /// <param name="began">Start time of the run, seconds since 1970.</param>
    /// <param name="log">The log so far.</param>
    /// <exception cref="OutputException">A file cannot be written.</exception>
    public static MetricWriter Open(string folder, MetricFiles files, double began, IEnumerable<LogEntry> log)
    {
        var clock = new ScalarClock(began);
        using var table = new MemoryStream();
        using var events = new MemoryStream();
        table.Write(Encoding.UTF8.GetBytes(MetricTable.Head));
        events.Write(EventFile.Begin(began));
        if (files != MetricFiles.None)
            foreach (var entry in log)
                Write(clock.Next(entry), bytes => table.Write(bytes), bytes => events.Write(bytes));
        AppendedFile? tableFile = null;
        try
        {
            tableFile = Open(Path.Combine(folder, MetricTable.Name), files.HasFlag(MetricFiles.Csv), table);
            var name = Path.Combine(folder, EventFile.Name);
            return new MetricWriter(clock, tableFile, Open(name, files.HasFlag(MetricFiles.TensorBoard), events));
        }
        catch (Exception e)
        {
            tableFile?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
                throw new OutputException($"{folder}: cannot be written: {e.Message}", e);
            throw;
        }
    }

    /// <summary>
    /// Start time of a run, seconds since 1970: from its environment.json, otherwise the time of
    /// its recipe or log file.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <exception cref="DataException">environment.json is corrupt.</exception>
    public static double BeginOf(RunFolder run)
    {
        if (File.Exists(run.EnvironmentFile) && EnvironmentStamp.Load(run.EnvironmentFile).Started is { } started)
            return started.ToUnixTimeSeconds();
        var file = File.Exists(run.RecipeFile) ? run.RecipeFile : run.EventsFile;
        return new DateTimeOffset(new FileInfo(file).LastWriteTimeUtc).ToUnixTimeSeconds();
    }

    /// <summary>Adds an event that was appended to the log.</summary>
    /// <exception cref="OutputException">A file cannot be written.</exception>
    public void Append(LogEntry entry) =>
        Write(_clock.Next(entry), bytes => _table?.Write(bytes), bytes => _events?.Write(bytes));

    /// <inheritdoc/>
    public void Dispose()
    {
        _table?.Dispose();
        _events?.Dispose();
    }

    private static void Write(ScalarEvent at, Action<byte[]> table, Action<byte[]> events)
    {
        table(Encoding.UTF8.GetBytes(MetricTable.Row(at)));
        if (at.Scalars.Count > 0)
            events(EventFile.Scalars(at));
    }

    private static AppendedFile? Open(string path, bool wanted, MemoryStream content)
    {
        if (!wanted)
        {
            File.Delete(path);
            return null;
        }
        WholeFile.Write(path, stream => stream.Write(content.ToArray()));
        return new AppendedFile(path);
    }
}
