// The holder of a lease, as stored in its file: five readable lines. Whether a holder on this
// machine is still running can be checked; on another machine it can only be watched.
using System.ComponentModel;
using System.Globalization;

namespace RobustTickets.Experiments.Leases;

/// <summary>A current or former holder of a lease.</summary>
/// <param name="Host">Machine name, for display.</param>
/// <param name="Process">Process id.</param>
/// <param name="Machine">Identity of the running system and its PID namespace; empty if
/// unknown.</param>
/// <param name="Born">Start time of the process in the machine's own ticks; distinguishes it from a
/// later process with the same id.</param>
/// <param name="Token">Unique per taking of a lease.</param>
/// <param name="Beat">Number of renewals.</param>
/// <param name="Free">Whether the lease was released.</param>
internal sealed record LeaseHolder(
    string Host,
    int Process,
    string Machine,
    long Born,
    string Token,
    long Beat = 0,
    bool Free = false
)
{
    private const string Identity = "/proc/sys/kernel/random/boot_id",
        Numbers = "/proc/self/ns/pid";

    // Processes on two machines, or in two containers, may have the same id.
    private static readonly string ThisMachine = MachineIdentity();

    /// <summary>This process as the holder of a new lease.</summary>
    public static LeaseHolder Me() =>
        new(
            Environment.MachineName,
            Environment.ProcessId,
            ThisMachine,
            Status(Environment.ProcessId)?.Born ?? 0,
            Guid.NewGuid().ToString("N")
        );

    /// <summary>Whether the process ran on this machine and has certainly ended.</summary>
    public bool HasEnded
    {
        get
        {
            if (Machine.Length == 0 || Machine != ThisMachine)
                return false;
            if (Status(Process) is { } now)
                return now.Defunct || now.Born != Born;
            try
            {
                using var process = System.Diagnostics.Process.GetProcessById(Process);
                return false;
            }
            catch (ArgumentException)
            {
                return true;
            }
            catch (Exception e) when (e is InvalidOperationException or Win32Exception)
            {
                return false;
            }
        }
    }

    /// <summary>The content of the lease's file.</summary>
    public string Write() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"process {Process} on {Host}\n{(Free ? "free" : "held")} {Beat}\n{Token}\n{Machine}\n{Born}\n"
        );

    /// <summary>Parses the content of a lease's file; null if it is incomplete.</summary>
    public static LeaseHolder? Read(string text)
    {
        if (text.Split('\n') is not [{ } who, { } state, { } token, { } machine, { } born, ""])
            return null;
        if (
            who.Split(' ', 4) is not ["process", { } number, "on", { } host]
            || state.Split(' ') is not [("free" or "held") and { } kept, { } beat]
        )
            return null;
        return
            int.TryParse(number, CultureInfo.InvariantCulture, out var process)
            && long.TryParse(beat, CultureInfo.InvariantCulture, out var beats)
            && long.TryParse(born, CultureInfo.InvariantCulture, out var begun)
            ? new LeaseHolder(host, process, machine, begun, token, beats, kept == "free")
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"process {Process} on {Host}";

    private static string MachineIdentity()
    {
        try
        {
            return $"{File.ReadAllText(Identity).Trim()} {new FileInfo(Numbers).LinkTarget}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    // Fields 3 and 22 of /proc/PID/stat: state and start time; the name before them may contain any
    // characters.
    private static (bool Defunct, long Born)? Status(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0] is "Z" or "X", long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }
}
