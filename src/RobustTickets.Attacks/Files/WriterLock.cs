// One writer per folder: an advisory lock (flock) that the operating system releases when the
// process ends. A second file names the holder; where machines share no locks, that file and a
// claim (IWriterClaim) decide.
using System.Globalization;

namespace RobustTickets.Attacks;

/// <summary>The exclusive right of one process to write to a folder.</summary>
internal sealed class WriterLock : IDisposable
{
    private const string Lock = ".lock";

    /// <summary>Name of the file that names the holder of a folder.</summary>
    internal const string Holder = ".writer";

    private const int Attempts = 20;
    private readonly string _folder;
    private readonly string _lock;
    private readonly string _holder;
    private readonly string _mark;
    private readonly IWriterClaim? _claim;
    private readonly FileStream? _held;

    private WriterLock(string folder, string path, string holder, FileStream? held, IWriterClaim? claim)
    {
        (_folder, _lock, _holder, _held, _claim) = (folder, path, holder, held, claim);
        _mark = $"process {Environment.ProcessId} on {Environment.MachineName}\n{Guid.NewGuid():N}\n";
        if (claim is not null)
            _mark += string.Create(CultureInfo.InvariantCulture, $"{claim.Subject} {claim.Number}\n");
    }

    /// <summary>Locks an existing folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="claim">A right that overrides the lock: a stalled process that holds the lock
    /// by an earlier claim is superseded.</param>
    /// <exception cref="FolderInUseException">Another process, or another part of this one, holds
    /// the lock; the message names it.</exception>
    /// <exception cref="IOException">The folder is not writable.</exception>
    public static WriterLock Take(string folder, IWriterClaim? claim = null) =>
        Take(folder, Path.Combine(folder, Lock), Path.Combine(folder, Holder), claim);

    /// <summary>
    /// Locks the path of a folder that is created elsewhere and then renamed; creates its parent if
    /// needed.
    /// </summary>
    /// <exception cref="OutputException">The parent is not writable.</exception>
    /// <inheritdoc cref="Take(string, IWriterClaim)" path="/exception[1]"/>
    public static WriterLock TakePlace(string folder)
    {
        try
        {
            var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
            var parent = Path.GetDirectoryName(full) ?? full;
            Directory.CreateDirectory(parent);
            var path = Path.Combine(parent, $".{Path.GetFileName(full)}{Lock}");
            return Take(folder, path, path + Holder, claim: null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"{folder}: cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Whether the locked folder still exists and has not been replaced.</summary>
    public bool IsHeld
    {
        get
        {
            try
            {
                // A superseded process may delete the lock file when it ends.
                return (_claim is not null || File.Exists(_lock)) && File.ReadAllText(_holder) == _mark;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>Throws if the locked folder was removed or replaced.</summary>
    /// <exception cref="OutputException">The folder was removed or replaced.</exception>
    public void Require()
    {
        _claim?.Require();
        if (IsHeld)
            return;
        // A later claim may have been made between the two checks.
        _claim?.Require();
        throw new OutputException(
            $"{_folder}: the folder was removed or replaced while results were being written; its contents are lost"
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using (_held)
        {
            if (IsHeld)
                WholeFile.TryDelete(_holder);
        }
    }

    private static WriterLock Take(string what, string path, string holder, IWriterClaim? claim)
    {
        for (var attempt = 1; ; attempt++)
        {
            FileStream? held;
            try
            {
                held = new FileStream(
                    path,
                    FileMode.OpenOrCreate,
                    FileAccess.ReadWrite,
                    FileShare.None,
                    bufferSize: 1,
                    FileOptions.DeleteOnClose
                );
            }
            catch (IOException e) when (IsTaken(e))
            {
                if (claim is null || !IsOutdated(holder, claim))
                    throw new FolderInUseException(what, Name(holder));
                held = null;
            }
            var taken = new WriterLock(what, path, holder, held, claim);
            try
            {
                // One that stood still may be superseded, which no lock tells where there are none.
                claim?.Require();
                File.WriteAllText(holder, taken._mark);
            }
            catch
            {
                held?.Dispose();
                throw;
            }
            // The previous holder may have deleted the lock file between opening and locking.
            if (taken.IsHeld)
                return taken;
            held?.Dispose();
            if (attempt == Attempts)
                throw new FolderInUseException(what, "one process after another");
        }
    }

    private static string Name(string holder)
    {
        try
        {
            return File.ReadLines(holder).FirstOrDefault() is { Length: > 0 } name ? name : "another process";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }

    // Whether the lock is held by an earlier claim to the same subject.
    private static bool IsOutdated(string holder, IWriterClaim claim)
    {
        try
        {
            return File.ReadAllLines(holder) is [_, _, { } line]
                && line.StartsWith(claim.Subject + " ", StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(claim.Subject.Length + 1), CultureInfo.InvariantCulture, out var number)
                && number < claim.Number;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // EWOULDBLOCK of Linux and of macOS; ERROR_SHARING_VIOLATION.
    private static bool IsTaken(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
