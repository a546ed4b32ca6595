// Who writes to a folder, asked without taking its lock: a reader that tried the lock would stand
// in the way of a writer that begins at that moment.
using System.Diagnostics;
using System.Globalization;

namespace RobustTickets.Attacks;

/// <summary>How it stands with the writer of a folder.</summary>
internal enum WriterState
{
    /// <summary>Nobody writes; the last writer left in order.</summary>
    None,

    /// <summary>A process of this machine is at work.</summary>
    Alive,

    /// <summary>The writer was a process of this machine that is gone: it was killed.</summary>
    Dead,

    /// <summary>
    /// The writer is a process of another machine, of which nothing is known here.
    /// </summary>
    Elsewhere,
}

/// <summary>The writer of a folder as its holder file tells it.</summary>
/// <param name="State">How it stands.</param>
/// <param name="Name">Who it is, e.g. <c>process 4711 on host</c>; null for none.</param>
internal sealed record FolderWriter(WriterState State, string? Name)
{
    private static readonly FolderWriter Nobody = new(WriterState.None, null);

    // Between a process's start and the file it writes lies no less than this clock's step.
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
            name = File.ReadLines(holder).FirstOrDefault();
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

    // A later process may have been given the same number.
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
            return true; // there, but another user's
        }
    }
}
