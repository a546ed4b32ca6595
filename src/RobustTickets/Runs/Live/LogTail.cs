// Follows events.jsonl from the last read position: an incomplete line waits for its end, and a
// truncated log (of a resumed run) is read again from the start.
using System.Text;
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Runs.Live;

/// <summary>Result of a read.</summary>
/// <param name="Restarted">Whether earlier entries are invalid, because the log was
/// truncated.</param>
/// <param name="Entries">The new lines.</param>
/// <param name="Error">The error of a corrupt line, beyond which the log is not read.</param>
/// <param name="More">Whether more can be read immediately.</param>
internal sealed record LogNews(bool Restarted, IReadOnlyList<LogEntry> Entries, string? Error, bool More);

/// <summary>Follows a log; one reader, used from one thread at a time.</summary>
/// <param name="path">The file; need not exist yet.</param>
internal sealed class LogTail(string path)
{
    private const int ChunkBytes = 4 << 20;
    private const int LineBytes = 1 << 20;
    private const int MarkBytes = 256;

    private long _offset;
    private long _line;
    private byte[] _mark = [];
    private string? _error;

    /// <summary>Reads the added lines, at most a few megabytes.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public LogNews Read()
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            var gone = _offset > 0;
            Restart();
            return new LogNews(gone, [], null, More: false);
        }
        using (file)
        {
            var restarted = _offset > 0 && !IsSame(file);
            if (restarted)
                Restart();
            if (_error is not null)
                return new LogNews(restarted, [], _error, More: false);
            return Take(file, restarted);
        }
    }

    private LogNews Take(FileStream file, bool restarted)
    {
        var chunk = new byte[(int)Math.Min(ChunkBytes, Math.Max(0, file.Length - _offset))];
        file.Position = _offset;
        chunk = chunk[..file.ReadAtLeast(chunk, chunk.Length, throwOnEndOfStream: false)];
        var entries = new List<LogEntry>();
        var at = 0;
        while (chunk.AsSpan(at).IndexOf((byte)'\n') is >= 0 and var length)
        {
            try
            {
                if (Parse(chunk.AsSpan(at, length)) is { } entry)
                    entries.Add(entry);
            }
            catch (JsonException e)
            {
                _error = FormattableString.Invariant($"events.jsonl:{_line + 1}: {GuardedJson.Reason(e)}");
                break;
            }
            at += length + 1;
            _line++;
        }
        if (_error is null && at == 0 && chunk.Length > LineBytes)
            _error = FormattableString.Invariant($"events.jsonl:{_line + 1}: a line of more than {LineBytes} bytes");
        _offset += at;
        if (at > 0)
            _mark = chunk[Math.Max(0, at - MarkBytes)..at];
        return new LogNews(restarted, entries, _error, _error is null && at > 0 && _offset < file.Length);
    }

    // A log that was truncated and has grown beyond the old position differs before it, at least in
    // the seconds of its steps.
    private bool IsSame(FileStream file)
    {
        if (file.Length < _offset)
            return false;
        var now = new byte[_mark.Length];
        file.Position = _offset - _mark.Length;
        return file.ReadAtLeast(now, now.Length, throwOnEndOfStream: false) == now.Length
            && now.AsSpan().SequenceEqual(_mark);
    }

    private void Restart() => (_offset, _line, _mark, _error) = (0, 0, [], null);

    private static LogEntry? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Length > LineBytes)
            throw new JsonException($"a line of more than {LineBytes} bytes");
        using var json = GuardedJson.ParseLine(Encoding.UTF8.GetString(line));
        if (json.RootElement.ValueKind != JsonValueKind.Object)
            throw new JsonException("not an object");
        return EventLog.Entry(json.RootElement);
    }
}
