using Xunit;

namespace RobustTickets.Testing;

/// <summary>
/// Finds the folder of golden values (from independent implementations):
/// <c>ROBUST_TICKETS_GOLDEN</c>, else <c>../shared/golden</c> beside the repository if present.
/// Golden tests must hold on any folder with the same format.
/// </summary>
public static class Golden
{
    /// <summary>
    /// The repository root: the nearest parent folder of the test assembly with
    /// <c>RobustTickets.slnx</c>.
    /// </summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The golden root, or null if there is none on this machine.</summary>
    public static string? Root { get; } = FindGolden();

    /// <summary>The shared material beside the repository (data, models), or null.</summary>
    public static string? Shared
    {
        get
        {
            var path = Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared"));
            return Directory.Exists(path) ? path : null;
        }
    }

    /// <summary>A folder or file below the golden root, or null if missing.</summary>
    public static string? Folder(params string[] parts)
    {
        if (Root is null)
            return null;
        var path = Path.Combine([Root, .. parts]);
        return Directory.Exists(path) || File.Exists(path) ? path : null;
    }

    /// <summary>
    /// The exception of a test without reference values on this machine: the runner counts it as
    /// skipped.
    /// </summary>
    /// <param name="name">What is missing.</param>
    public static Exception Skip(string name) => new SkipException($"no reference values here: {name}");

    private static string FindRoot()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
        {
            if (File.Exists(Path.Combine(dir.FullName, "RobustTickets.slnx")))
                return dir.FullName;
        }
        throw new InvalidOperationException($"no RobustTickets.slnx above {AppContext.BaseDirectory}");
    }

    private static string? FindGolden()
    {
        if (Environment.GetEnvironmentVariable("ROBUST_TICKETS_GOLDEN") is { Length: > 0 } named)
        {
            if (!Directory.Exists(named))
                throw new DirectoryNotFoundException($"ROBUST_TICKETS_GOLDEN names '{named}', which is not a folder");
            return Path.GetFullPath(named);
        }
        var beside = Path.GetFullPath(Path.Combine(FindRoot(), "..", "shared", "golden"));
        return Directory.Exists(beside) ? beside : null;
    }
}
