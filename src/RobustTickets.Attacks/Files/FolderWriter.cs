// Finds the writer of a folder without taking its lock: a reader that tried the lock could block a
// writer that starts at that moment.
using System.Diagnostics;
using System.Globalization;

namespace RobustTickets.Attacks;

/// <summary>State of a folder's writer.</summary>
internal enum WriterState
{
    /// <summary>No process writes; the last writer exited normally.</summary>
    None,

    /// <summary>A process on this machine is writing.</summary>
    Alive,

    /// <summary>
    /// The writer was a process on this machine and no longer exists: it was killed.
    /// </summary>
    Dead,

    /// <summary>The writer is a process on another machine, whose state is unknown here.</summary>
    Elsewhere,
}

/// <summary>The writer of a folder, according to its holder file.</summary>
/// <param name="State">State of the writer.</param>
/// <param name="Name">The writer, e.g. <c>process 4711 on host</c>; null if there is none.</param>
internal sealed record FolderWriter(WriterState State, string? Name)
{
    private static readonly FolderWriter Nobody = new(WriterState.None, null);

    // Tolerance for the clock resolution of process start times and file times.
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(2);

    /// <summary>The writer of a folder.</summary>
    public static FolderWriter Of(string folder) => OfFile(Path.Combine(folder, WriterLock.Holder));

    private static FolderWriter OfFile(string holder)
    {
        if (!File.Exists(holder))
            return Nobody;
        string? name;
        DateTime written;
        try
        {
            written = new FileInfo(holder).LastWriteTimeUtc;
            using var lines = new StreamReader(WholeFile.OpenShared(holder));
            name = lines.ReadLine();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Nobody;
        }
        if (string.IsNullOrEmpty(name) || name.Split(' ') is not ["process", var number, "on", ..] words)
            return Nobody;
        if (string.Join(' ', words[3..]) != Environment.MachineName)
            return new FolderWriter(WriterState.Elsewhere, name);
        var alive =
            int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && IsAlive(id, written);
        return new FolderWriter(alive ? WriterState.Alive : WriterState.Dead, name);
    }

    // The process id may have been reused by a later process.
    private static bool IsAlive(int id, DateTime written)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return process.StartTime.ToUniversalTime() <= written + Step;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return true; // the process exists but belongs to another user
        }
    }
}
