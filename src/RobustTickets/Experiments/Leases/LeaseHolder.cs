// Who holds a lease, as its file says: five lines of text that people can read as well. A holder on
// the same machine can be asked whether it still runs; on any other it can only be watched.
using System.ComponentModel;
using System.Globalization;

namespace RobustTickets.Experiments.Leases;

/// <summary>A process that holds a lease, or held it.</summary>
/// <param name="Host">Its machine, for people.</param>
/// <param name="Process">Its number there.</param>
/// <param name="Machine">Identity of the running system and of its space of process numbers; empty
/// where the system has none.</param>
/// <param name="Born">When the process began, in the machine's own count; tells it from a later one
/// of its number.</param>
/// <param name="Token">Unique to one taking of a lease.</param>
/// <param name="Beat">How often it was renewed.</param>
/// <param name="Free">Whether it was given back.</param>
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

    // Processes on two machines, or in two containers of one, may have the same number.
    private static readonly string ThisMachine = MachineIdentity();

    /// <summary>This process, taking a lease.</summary>
    public static LeaseHolder Me() =>
        new(
            Environment.MachineName,
            Environment.ProcessId,
            ThisMachine,
            Status(Environment.ProcessId)?.Born ?? 0,
            Guid.NewGuid().ToString("N")
        );

    /// <summary>Whether it ran on this machine and certainly runs no more.</summary>
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

    /// <summary>Reads the content of a lease's file; null when it is not whole.</summary>
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

    // Fields 3 and 22 of /proc/PID/stat: state and start; the name before them may hold anything.
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
