// A file that grows line by line, such as a log. Unbuffered: every write reaches the operating
// system, and closing the file writes nothing that could fail on a full disk.
namespace RobustTickets.Attacks;

/// <summary>Appends to a file; write errors have the type of output errors.</summary>
internal sealed class AppendedFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _file;

    /// <summary>Opens a file at its end; creates it if it is missing.</summary>
    /// <exception cref="OutputException">The file cannot be opened; the message names path and
    /// reason.</exception>
    public AppendedFile(string path)
    {
        _path = path;
        try
        {
            _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (IsWriteError(e))
        {
            throw Refused(e);
        }
    }

    /// <summary>Length in bytes.</summary>
    public long Position => _file.Position;

    /// <summary>Appends bytes and passes them to the operating system.</summary>
    /// <exception cref="OutputException">They cannot be written, e.g. because the disk is full; the
    /// message names path and reason.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _file.Write(bytes);
        }
        catch (Exception e) when (IsWriteError(e))
        {
            throw Refused(e);
        }
    }

    /// <summary>Flushes the file to disk.</summary>
    /// <exception cref="OutputException">It cannot be written; the message names path and
    /// reason.</exception>
    public void FlushToDisk()
    {
        try
        {
            _file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (IsWriteError(e))
        {
            throw Refused(e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static bool IsWriteError(Exception e) => e is IOException or UnauthorizedAccessException;

    private OutputException Refused(Exception e) => new($"{_path}: cannot be written: {e.Message}", e);
}
