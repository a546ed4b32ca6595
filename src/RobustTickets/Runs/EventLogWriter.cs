// Writes events.jsonl, append-only. A checkpoint records Position; on resumption the log is
// truncated to it, so that a resumed run's log equals an uninterrupted one's except for measured
// times.
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Runs;

/// <summary>Writes the event log of a run; one writer, used from one thread.</summary>
internal sealed class EventLogWriter : IDisposable
{
    private readonly AppendedFile _file;

    private EventLogWriter(AppendedFile file)
    {
        _file = file;
    }

    /// <summary>Bytes written so far, all flushed to disk; recorded in checkpoints.</summary>
    /// <exception cref="OutputException">The log cannot be written.</exception>
    public long Position
    {
        get
        {
            _file.FlushToDisk();
            return _file.Position;
        }
    }

    /// <summary>
    /// Opens the log for appending after its first <paramref name="truncateTo"/> bytes; everything
    /// after them is removed.
    /// </summary>
    /// <param name="path">The file; created if missing.</param>
    /// <param name="truncateTo">0 for a new run, otherwise the checkpoint's
    /// <see cref="Position"/>.</param>
    /// <exception cref="DataException">The file is shorter, or no line ends at that
    /// position.</exception>
    /// <exception cref="OutputException">The file cannot be written.</exception>
    public static EventLogWriter Open(string path, long truncateTo)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(truncateTo);
        if (File.Exists(path) || truncateTo > 0)
            Cut(path, truncateTo);
        var file = new AppendedFile(path);
        // The file's name must survive a power failure, because checkpoints refer to its events.
        Disk.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return new EventLogWriter(file);
    }

    // Writes the kept part to a new file of the same name, so that a stalled previous writer keeps
    // writing to the old one. The old file is closed before it is replaced, as Windows requires.
    private static void Cut(string path, long length) => WholeFile.Write(path, file => CopyKept(path, file, length));

    private static void CopyKept(string path, Stream file, long length)
    {
        using var old = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (old.Length < length)
        {
            throw new DataException(
                $"{path}: has {old.Length} bytes, but the checkpoint was written when it had {length}; "
                    + "the log has been changed or lost since"
            );
        }
        if (length > 0)
        {
            old.Position = length - 1;
            if (old.ReadByte() != '\n')
                throw new DataException(
                    $"{path}: no line ends at byte {length}, where the checkpoint was written; the log "
                        + "has been changed since"
                );
            old.Position = 0;
        }
        Copy(old, file, length);
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
    /// Appends an event. The line is passed to the operating system immediately, so it survives a
    /// crash of this process.
    /// </summary>
    /// <exception cref="OutputException">The log cannot be written, e.g. because the disk is
    /// full.</exception>
    public void Append(LogEntry line) =>
        Write(JsonSerializer.SerializeToUtf8Bytes(line, LogEntryJson.Default.LogEntry));

    /// <summary>Appends a JSON object, for events without a record type.</summary>
    /// <inheritdoc cref="Append(LogEntry)" path="/exception"/>
    public void Append(JsonObject line) => Write(Encoding.UTF8.GetBytes(line.ToJsonString()));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Write(byte[] json) => _file.Write([.. json, (byte)'\n']);
}
