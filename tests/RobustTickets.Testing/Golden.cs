using Xunit;

namespace RobustTickets.Testing;

/// <summary>
/// Finds the folder of golden values (from independent implementations):
/// <c>ROBUST_TICKETS_GOLDEN</c>, else <c>../shared/golden</c> beside the repository if present.
/// Golden tests must hold on any folder with the same format.
/// </summary>
public static class Golden
{
    private const string Variable = "ROBUST_TICKETS_GOLDEN";

    /// <summary>The folders of golden values; a golden root has at least one.</summary>
    private static readonly string[] Kinds =
    [
        "g1_tokenizer",
        "g2_bert",
        "g3_search",
        "g4_masks",
        "g5_prune",
        "g6_robust",
        "g7_optim",
        "g8_adversarial",
        "g9_minilm",
        "attacks",
    ];

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
    /// A folder or file below the golden root; without it the test is skipped by its name.
    /// </summary>
    public static string Required(params string[] parts) => Folder(parts) ?? throw Skip(string.Join('/', parts));

    /// <summary>
    /// Where material that belongs to the golden values is looked for: the shared folder beside the
    /// repository, and the folder that the golden root lies in.
    /// </summary>
    public static IEnumerable<string> SharedRoots
    {
        get
        {
            if (Shared is { } shared)
                yield return shared;
            if (Path.GetDirectoryName(Root) is { } parent && parent != Shared)
                yield return parent;
        }
    }

    /// <summary>
    /// The exception of a test without reference values on this machine: the runner counts it as
    /// skipped.
    /// </summary>
    /// <param name="name">What is missing.</param>
    public static Exception Skip(string name) => new SkipException($"no reference values here: {name}");

    /// <summary>
    /// The golden root that somebody named, with its full path. A wrong one must not read like
    /// success, which tests that skip for want of values would.
    /// </summary>
    /// <param name="folder">The named folder.</param>
    /// <exception cref="DirectoryNotFoundException">It does not exist or holds no golden
    /// values.</exception>
    public static string Named(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"{Variable} names '{folder}', which is not a folder");
        if (!Kinds.Any(kind => Directory.Exists(Path.Combine(folder, kind))))
            throw new DirectoryNotFoundException(
                $"{Variable} names '{folder}', which holds no golden values: it should have one or more of the folders "
                    + string.Join(", ", Kinds)
            );
        return Path.GetFullPath(folder);
    }

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
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return Named(named);
        var beside = Path.GetFullPath(Path.Combine(FindRoot(), "..", "shared", "golden"));
        return Directory.Exists(beside) ? beside : null;
    }
}
