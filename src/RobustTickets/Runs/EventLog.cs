// Reads events.jsonl: one JSON object per line, readable while it grows and after a crash within a
// line.
using System.Text;
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Runs;

/// <summary>Reads the event log of a run.</summary>
public static class EventLog
{
    private static readonly HashSet<string> Kinds =
    [
        .. LogEntryJson.Default.LogEntry.PolymorphismOptions!.DerivedTypes.Select(d => (string)d.TypeDiscriminator!),
    ];

    /// <summary>
    /// Reads a log, also while it is being written. A torn last line (the process was killed while
    /// writing it) is ignored; any other line that is not a JSON object is an error.
    /// </summary>
    /// <exception cref="DataException">The file is missing or a line before the last is
    /// corrupt.</exception>
    public static IEnumerable<JsonElement> Read(string path)
    {
        if (!File.Exists(path))
            throw new DataException($"{path}: no such event log");
        return Lines(path);
    }

    /// <summary>Reads a log as event records; lines of other kinds are ignored.</summary>
    /// <exception cref="DataException">The file is missing or a line before the last is
    /// corrupt.</exception>
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
            throw new DataException($"{path}: a line is not a run event: {GuardedJson.Reason(e)}", e);
        }
    }

    /// <summary>Parses a line as an event record; null for a line of another kind.</summary>
    /// <exception cref="JsonException">The line is of a known kind but not a valid
    /// record.</exception>
    internal static LogEntry? Entry(JsonElement line) =>
        line.TryGetProperty("event", out var kind) && Kinds.Contains(kind.ToString())
            ? line.Deserialize(LogEntryJson.Default.LogEntry)
            : null;

    private static IEnumerable<JsonElement> Lines(string path)
    {
        using var stream = WholeFile.OpenShared(path);
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
                    $"{path}:{number}: expected one JSON object per line, found "
                        + $"{(line.Length > 60 ? line[..60] + "..." : line)}",
                    e
                );
            }
            yield return element;
            line = next;
        }
    }
}
