// environment.json: program, machine and libraries of a measurement, and its time. Facts on the
// tensor library come from the caller, because this folder does not depend on it.
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using RobustTickets.Attacks;

namespace RobustTickets.Runs;

/// <summary>The checkpoint that a run starts from.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Folder">The folder as given.</param>
/// <param name="Path">Its absolute path.</param>
public sealed record BaseCheckpoint(string Name, string Folder, string Path)
{
    /// <summary>The checkpoint in a folder.</summary>
    public static BaseCheckpoint Of(string folder)
    {
        var path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder));
        return new BaseCheckpoint(System.IO.Path.GetFileName(path), folder, path);
    }
}

/// <summary>Program, machine and libraries of a run.</summary>
/// <param name="Version">Version of this program.</param>
/// <param name="Commit">Commit it was built from, if known to the build.</param>
/// <param name="Framework">.NET version.</param>
/// <param name="OperatingSystem">Operating system and kernel.</param>
/// <param name="Architecture">Processor architecture.</param>
/// <param name="Cpu">Processor model.</param>
/// <param name="Cores">Logical processors this process may use.</param>
/// <param name="MemoryBytes">Memory this process may use, in bytes.</param>
/// <param name="CommandLine">The command line after the name of the <c>robust-tickets</c> program;
/// empty in other programs.</param>
/// <param name="Extra">Facts on libraries: version of libtorch, threads, BLAS, device, ...</param>
/// <param name="Base">The checkpoint the run starts from; null if this is not a run.</param>
/// <param name="Started">Start time, UTC; null if not recorded.</param>
/// <param name="Ended">Time of the last update, UTC; null if not recorded.</param>
/// <param name="Seconds">Seconds of work, summed over all calls; null if not recorded.</param>
public sealed record EnvironmentStamp(
    string Version,
    string? Commit,
    string Framework,
    string OperatingSystem,
    string Architecture,
    string Cpu,
    int Cores,
    long MemoryBytes,
    IReadOnlyList<string> CommandLine,
    IReadOnlyDictionary<string, string> Extra,
    BaseCheckpoint? Base = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Started = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Ended = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Seconds = null
)
{
    /// <summary>
    /// The command line recorded in this process, set by the program. Other arguments are not
    /// recorded: those of a host program may contain secrets.
    /// </summary>
    internal static IReadOnlyList<string> ProgramArguments { get; set; } = [];

    /// <summary>Collects the facts of this process and adds the caller's.</summary>
    /// <param name="extra">Facts on libraries, written in the order of their names.</param>
    /// <param name="start">The checkpoint that the run starts from, or null.</param>
    internal static EnvironmentStamp Collect(
        IReadOnlyDictionary<string, string>? extra = null,
        BaseCheckpoint? start = null
    )
    {
        var version =
            typeof(EnvironmentStamp)
                .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
                ?.InformationalVersion
            ?? "unknown";
        var plus = version.IndexOf('+');
        return new EnvironmentStamp(
            plus < 0 ? version : version[..plus],
            plus < 0 ? null : version[(plus + 1)..],
            RuntimeInformation.FrameworkDescription,
            RuntimeInformation.OSDescription,
            RuntimeInformation.ProcessArchitecture.ToString(),
            CpuModel(),
            Environment.ProcessorCount,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            ProgramArguments,
            new SortedDictionary<string, string>(extra?.ToDictionary() ?? [], StringComparer.Ordinal),
            start
        );
    }

    /// <summary>Now, in whole seconds.</summary>
    internal static DateTimeOffset Now() =>
        DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());

    /// <summary>The base checkpoint's folder if it still exists; otherwise null.</summary>
    public string? BaseFolder() =>
        Base is null ? null : new[] { Base.Path, Base.Folder }.FirstOrDefault(Directory.Exists);

    /// <summary>Writes the stamp atomically.</summary>
    internal void Save(string path) =>
        RunFile.Write(path, JsonSerializer.Serialize(this, RunFileJson.Default.EnvironmentStamp));

    /// <summary>Reads a stamp.</summary>
    /// <exception cref="DataException">The file is missing or corrupt.</exception>
    public static EnvironmentStamp Load(string path) => RunFile.Read(path, RunFileJson.Default.EnvironmentStamp);

    private static string CpuModel()
    {
        try
        {
            var line = File.ReadLines("/proc/cpuinfo")
                .FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal));
            if (line is not null)
                return line[(line.IndexOf(':') + 1)..].Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not Linux: only the architecture is recorded.
        }
        return "unknown";
    }
}
