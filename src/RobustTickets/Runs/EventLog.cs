// events.jsonl: append-only, one JSON object a line, readable while it grows and after a crash in
// the middle of a line. A checkpoint records Position; on resume the log is cut back to it, so that
// a resumed run's log equals an uninterrupted one's but for the seconds.
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Runs;

/// <summary>Writes the event log of a run; one writer, used from one thread.</summary>
public sealed class EventLog : IDisposable
{
    private static readonly HashSet<string> Kinds =
    [
        .. LogEntryJson.Default.LogEntry.PolymorphismOptions!.DerivedTypes.Select(d => (string)d.TypeDiscriminator!),
    ];

    private readonly FileStream _file;

    private EventLog(FileStream file)
    {
        _file = file;
    }

    /// <summary>
    /// Bytes written so far, all of them on disk when this returns; what a checkpoint records.
    /// </summary>
    public long Position
    {
        get
        {
            _file.Flush(flushToDisk: true);
            return _file.Position;
        }
    }

    /// <summary>
    /// Opens the log for appending after its first <paramref name="truncateTo"/> bytes; everything
    /// after them is cut off.
    /// </summary>
    /// <param name="path">The file; made when absent.</param>
    /// <param name="truncateTo">0 for a new run, else the <see cref="Position"/> that the
    /// checkpoint recorded.</param>
    /// <exception cref="DataException">The file is shorter than that, or a line does not end
    /// there.</exception>
    internal static EventLog Open(string path, long truncateTo)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(truncateTo);
        if (File.Exists(path) || truncateTo > 0)
            Cut(path, truncateTo);
        var file = new FileStream(
            path,
            FileMode.OpenOrCreate,
            FileAccess.ReadWrite,
            FileShare.Read,
            bufferSize: 1 << 14
        );
        // Events that a checkpoint counts must be found under this name after a power cut.
        Disk.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        file.Position = truncateTo;
        return new EventLog(file);
    }

    // What stays becomes another file of the name: a writer before, if it only stood still, goes on
    // in the old one.
    private static void Cut(string path, long length)
    {
        using var old = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (old.Length < length)
        {
            throw new DataException(
                $"{path}: has {old.Length} bytes, but the checkpoint was written when it had {length}; "
                    + "the log was changed or lost since"
            );
        }
        if (length > 0)
        {
            old.Position = length - 1;
            if (old.ReadByte() != '\n')
                throw new DataException(
                    $"{path}: no line ends at byte {length}, where the checkpoint was written; the log "
                        + "was changed since"
                );
            old.Position = 0;
        }
        WholeFile.Write(path, file => Copy(old, file, length));
    }

    private static void Copy(FileStream from, Stream to, long length)
    {
        var buffer = new byte[1 << 16];
        for (int count; length > 0; length -= count)
        {
            count = (int)Math.Min(buffer.Length, length);
            from.ReadExactly(buffer, 0, count);
            to.Write(buffer, 0, count);
        }
    }

    /// <summary>
    /// Appends an event. The line is handed to the operating system at once, so it survives the end
    /// of this process.
    /// </summary>
    internal void Append(LogEntry line) =>
        Write(JsonSerializer.SerializeToUtf8Bytes(line, LogEntryJson.Default.LogEntry));

    /// <summary>
    /// Appends an object of the caller's own making, for events that have no record here.
    /// </summary>
    internal void Append(JsonObject line) => Write(Encoding.UTF8.GetBytes(line.ToJsonString()));

    /// <summary>
    /// Reads a log, also one that is being written. The last line may be torn (the process was
    /// killed while writing it) and is then left out; any other
    /// line that is not a JSON object is an error.
    /// </summary>
    /// <exception cref="DataException">The file is missing or a line before the last is
    /// broken.</exception>
    public static IEnumerable<JsonElement> Read(string path)
    {
        if (!File.Exists(path))
            throw new DataException($"{path}: no such event log");
        return Lines(path);
    }

    /// <summary>Reads a log as event records; lines of other kinds are left out.</summary>
    /// <exception cref="DataException">The file is missing or a line before the last is
    /// broken.</exception>
    public static IEnumerable<LogEntry> ReadEntries(string path)
    {
        foreach (var line in Read(path))
        {
            if (Entry(line, path) is { } entry)
                yield return entry;
        }
    }

    private static LogEntry? Entry(JsonElement line, string path)
    {
        try
        {
            return Entry(line);
        }
        catch (JsonException e)
        {
            throw new DataException($"{path}: a line is no event of a run: {GuardedJson.Reason(e)}", e);
        }
    }

    /// <summary>A line as an event record; null for a line of another kind.</summary>
    /// <exception cref="JsonException">It is of a known kind and not such a record.</exception>
    internal static LogEntry? Entry(JsonElement line) =>
        line.TryGetProperty("event", out var kind) && Kinds.Contains(kind.ToString())
            ? line.Deserialize(LogEntryJson.Default.LogEntry)
            : null;

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Write(byte[] json)
    {
        _file.Write(json);
        _file.WriteByte((byte)'\n');
        _file.Flush();
    }

    private static IEnumerable<JsonElement> Lines(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var number = 0;
        var line = reader.ReadLine();
        while (line is not null)
        {
            number++;
            var next = reader.ReadLine();
            JsonElement element;
            try
            {
                using var json = GuardedJson.ParseLine(line);
                element = json.RootElement.Clone();
                if (element.ValueKind != JsonValueKind.Object)
                    throw new JsonException("not an object");
            }
            catch (JsonException e)
            {
                if (next is null)
                    yield break;
                throw new DataException(
                    $"{path}:{number}: expected one JSON object a line, found "
                        + $"{(line.Length > 60 ? line[..60] + "..." : line)}",
                    e
                );
            }
            yield return element;
            line = next;
        }
    }
}
