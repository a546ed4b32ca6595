// Leases as files in a shared folder, without file locks and without comparing clocks of machines
// (docs/decisions/017-leases.md).
using System.Diagnostics;
using System.Globalization;
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.Experiments.Leases;

/// <summary>How a lease was taken over from its previous holder.</summary>
/// <param name="From">The previous holder; null if its file was incomplete.</param>
/// <param name="Ended">Whether that process has ended on this machine; otherwise it was silent for
/// the time-out.</param>
internal sealed record LeaseTakeover(LeaseHolder? From, bool Ended)
{
    /// <summary>Description of the previous holder.</summary>
    public string Who => From?.ToString() ?? LeaseFolder.Unknown;
}

/// <summary>How a lease is renewed.</summary>
internal enum LeaseBeats
{
    /// <summary>Periodically, by a separate thread.</summary>
    ByThread,

    /// <summary>Only on request.</summary>
    OnRequest,
}

/// <summary>
/// Takes leases and watches those of others; used from one thread. A subject's N-th lease is the
/// file SUBJECT/N, and the highest number is valid. Its holder keeps modifying it; a process that
/// has seen it unchanged for the time-out creates the next number.
/// </summary>
/// <param name="path">The folder; created if needed.</param>
/// <param name="timeout">Time without a change after which a lease is taken over.</param>
/// <param name="clock">A monotonic clock; null: the system's.</param>
internal sealed class LeaseFolder(string path, TimeSpan timeout, Func<TimeSpan>? clock = null)
{
    /// <summary>Name of an unknown holder.</summary>
    public const string Unknown = "another process";

    // The time between two checks counts at most this fraction of the time-out: a watcher that
    // stalled itself has observed nothing.
    private const int Looks = 4;
    private const int Attempts = 50;
    private readonly Dictionary<string, Sighting> _seen = new(StringComparer.Ordinal);
    private readonly Func<TimeSpan> _clock = clock ?? (() => Stopwatch.GetElapsedTime(0));

    /// <summary>Time without a change after which a lease is taken over.</summary>
    public TimeSpan Timeout => timeout;

    /// <summary>Interval of renewals and checks.</summary>
    public TimeSpan Interval => timeout / (2 * Looks);

    /// <summary>Current time of the monotonic clock.</summary>
    public TimeSpan Now => _clock();

    /// <summary>
    /// Takes the lease of a subject if it is free; null if another process holds it. With repeated
    /// calls it is taken over once its holder was silent for the time-out.
    /// </summary>
    /// <param name="subject">Subject of the lease; a file name.</param>
    /// <param name="holder">The holder, if the lease is not taken.</param>
    /// <exception cref="OutputException">The folder is not writable.</exception>
    public Lease? TryTake(string subject, out string? holder) =>
        TryTake(subject, LeaseHolder.Me(), LeaseBeats.ByThread, out holder);

    /// <summary>Takes a lease with a given holder and way of renewing.</summary>
    internal Lease? TryTake(string subject, LeaseHolder me, LeaseBeats beats, out string? holder)
    {
        holder = null;
        var folder = FolderOf(subject);
        try
        {
            Directory.CreateDirectory(folder);
            var (number, text) = Newest(subject);
            var before = LeaseHolder.Read(text);
            LeaseTakeover? takeover = null;
            if (number > 0 && before is not { Free: true })
            {
                var ended = before is { HasEnded: true };
                if (!ended && !IsSilent(subject, number, text))
                {
                    holder = before?.ToString() ?? Unknown;
                    return null;
                }
                takeover = new LeaseTakeover(before, ended);
            }
            var made = Make(subject, number + 1, me.Write());
            var (highest, now) = Newest(subject);
            // Another process was faster, or this one is late: the highest number is valid.
            if (!made || highest > number + 1)
            {
                if (made)
                    WholeFile.TryDelete(FileOf(subject, number + 1));
                holder = LeaseHolder.Read(now)?.ToString() ?? Unknown;
                return null;
            }
            _seen.Remove(subject);
            foreach (var old in Numbers(subject).Where(n => n <= number))
                WholeFile.TryDelete(FileOf(subject, old));
            return new Lease(this, subject, number + 1, me, takeover, beats);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"{folder}: cannot be written: {e.Message}", e);
        }
    }

    /// <summary>
    /// The current or last known holder of a subject's lease; null if it is free.
    /// </summary>
    public string? HolderOf(string subject)
    {
        try
        {
            var (number, text) = Newest(subject);
            return number == 0 ? null
                : LeaseHolder.Read(text) is not { } holder ? Unknown
                : holder.Free || holder.HasEnded ? null
                : holder.ToString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The highest lease of a subject and its content; 0 if there is none.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    internal (long Number, string Text) Newest(string subject)
    {
        for (var attempt = 1; ; attempt++)
        {
            var number = Numbers(subject).DefaultIfEmpty(0).Max();
            if (number == 0)
                return (0, "");
            try
            {
                return (number, File.ReadAllText(FileOf(subject, number)));
            }
            // Replaced while being read (ESTALE on NFS), or followed by another.
            catch (IOException) when (attempt < Attempts)
            {
                Thread.Sleep(attempt);
            }
        }
    }

    /// <summary>Rewrites the file of a held lease.</summary>
    internal void Renew(string subject, long number, LeaseHolder holder) =>
        WholeFile.Write(FileOf(subject, number), holder.Write());

    // Creating the file exclusively succeeds for one process only; its content follows, and until
    // then the holder is unknown.
    private bool Make(string subject, long number, string text)
    {
        try
        {
            using var file = new FileStream(
                FileOf(subject, number),
                FileMode.CreateNew,
                FileAccess.Write,
                FileShare.ReadWrite | FileShare.Delete,
                bufferSize: 1
            );
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
            return true;
        }
        catch (IOException e) when (IsThere(e))
        {
            return false;
        }
    }

    // EEXIST; ERROR_FILE_EXISTS.
    private static bool IsThere(IOException e) => e.HResult is 17 or unchecked((int)0x80070050);

    private bool IsSilent(string subject, long number, string text)
    {
        var now = Now;
        if (!_seen.TryGetValue(subject, out var seen) || seen.Number != number || seen.Text != text)
        {
            _seen[subject] = new Sighting(number, text, now, TimeSpan.Zero);
            return false;
        }
        var gap = now - seen.Last;
        var silence = seen.Silence + (gap < timeout / Looks ? gap : timeout / Looks);
        _seen[subject] = seen with { Last = now, Silence = silence };
        return silence >= timeout;
    }

    private IEnumerable<long> Numbers(string subject) =>
        Directory.Exists(FolderOf(subject))
            ? Directory
                .EnumerateFiles(FolderOf(subject))
                .Select(f =>
                    long.TryParse(Path.GetFileName(f), NumberStyles.None, CultureInfo.InvariantCulture, out var n)
                        ? n
                        : 0
                )
                .Where(n => n > 0)
            : [];

    private string FolderOf(string subject) => Path.Combine(path, subject);

    private string FileOf(string subject, long number) =>
        Path.Combine(path, subject, number.ToString(CultureInfo.InvariantCulture));

    /// <summary>The last observed state of a lease.</summary>
    private sealed record Sighting(long Number, string Text, TimeSpan Last, TimeSpan Silence);
}
