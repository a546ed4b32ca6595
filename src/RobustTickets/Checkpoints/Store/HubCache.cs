// The cache of the Hugging Face hub: models--ORG--NAME/refs/main holds the commit, whose files are
// in snapshots/. Read-only; nothing is downloaded.
namespace RobustTickets.Checkpoints.Store;

/// <summary>A cache of the Hugging Face hub on this machine.</summary>
/// <param name="path">The folder.</param>
internal sealed class HubCache(string path)
{
    private const string Prefix = "models--";

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>This user's cache, found as huggingface_hub finds it.</summary>
    public static HubCache OfUser()
    {
        var home = Environment.GetFolderPath(
            Environment.SpecialFolder.UserProfile,
            Environment.SpecialFolderOption.DoNotVerify
        );
        return new HubCache(
            Variable("HF_HUB_CACHE")
                ?? Variable("HUGGINGFACE_HUB_CACHE")
                ?? Below(Variable("HF_HOME"), "hub")
                ?? Below(Variable("XDG_CACHE_HOME"), "huggingface", "hub")
                ?? System.IO.Path.Combine(home, ".cache", "huggingface", "hub")
        );
    }

    /// <summary>Names of the models in it: <c>org/name</c>, or a name alone.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            try
            {
                return Directory.Exists(Path)
                    ?
                    [
                        .. Directory
                            .EnumerateDirectories(Path, Prefix + "*")
                            .Select(d => NameOf(System.IO.Path.GetFileName(d)))
                            .Order(StringComparer.Ordinal),
                    ]
                    : [];
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return [];
            }
        }
    }

    /// <summary>
    /// The snapshot of <c>org/name</c> or <c>org/name@revision</c> (default <c>main</c>, else the
    /// only snapshot); null when there is none.
    /// </summary>
    public string? Find(string name)
    {
        var (repository, revision) = name.Split('@') is [var r, var v] ? (r, v) : (name, "main");
        var parts = repository.Split('/');
        if (parts.Length > 2 || !parts.All(IsPlain) || !IsPlain(revision))
            return null;
        var folder = System.IO.Path.Combine(Path, Prefix + string.Join("--", parts));
        var snapshots = System.IO.Path.Combine(folder, "snapshots");
        try
        {
            if (!Directory.Exists(snapshots))
                return null;
            var reference = System.IO.Path.Combine(folder, "refs", revision);
            var commit = File.Exists(reference) ? File.ReadAllText(reference).Trim() : revision;
            if (IsPlain(commit) && System.IO.Path.Combine(snapshots, commit) is var at && Directory.Exists(at))
                return at;
            return !name.Contains('@') && Directory.GetDirectories(snapshots) is [var only] ? only : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A single path component without separators or a leading dot.
    internal static bool IsPlain(string part) =>
        part.Length is > 0 and < 200
        && part[0] != '.'
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static string NameOf(string folder) => folder[Prefix.Length..].Replace("--", "/", StringComparison.Ordinal);

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string? Below(string? folder, params string[] parts) =>
        folder is null ? null : System.IO.Path.Combine([folder, .. parts]);
}
