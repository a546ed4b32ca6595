using Xunit;

namespace RobustTickets.Testing;

/// <summary>
/// Finds the folder of golden values (values from independent implementations). It is named by
/// <c>ROBUST_TICKETS_GOLDEN</c>; without it,
/// <c>../shared/golden</c> beside the repository is taken when present. Golden tests must hold on
/// any folder of the same format.
/// </summary>
public static class Golden
{
    /// <summary>
    /// The repository root: the nearest parent of the test assembly that holds
    /// <c>RobustTickets.slnx</c>.
    /// </summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The golden root, or null when there is none on this machine.</summary>
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

    /// <summary>A folder or file below the golden root, or null when absent.</summary>
    public static string? Folder(params string[] parts)
    {
        if (Root is null)
            return null;
        var path = Path.Combine([Root, .. parts]);
        return Directory.Exists(path) || File.Exists(path) ? path : null;
    }

    /// <summary>
    /// What a test throws that finds nothing to compare with here: the runner counts it as skipped.
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
