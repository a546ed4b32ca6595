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
    public string? Find(string name) => Look(name).Folder;

    /// <summary>Why a model in the cache cannot be used, or null.</summary>
    public string? Problem(string name) => Look(name).Problem;

    private (string? Folder, string? Problem) Look(string name)
    {
        var (repository, revision) = name.Split('@') is [var r, var v] ? (r, v) : (name, "main");
        var parts = repository.Split('/');
        if (parts.Length > 2 || !parts.All(IsPlain) || !IsPlain(revision))
            return default;
        var folder = System.IO.Path.Combine(Path, Prefix + string.Join("--", parts));
        var snapshots = System.IO.Path.Combine(folder, "snapshots");
        try
        {
            if (!Directory.Exists(folder))
                return default;
            var there = Directory.Exists(snapshots) ? Directory.GetDirectories(snapshots) : [];
            if (there.Length == 0)
                return (null, $"{folder}: holds no snapshot");
            var reference = System.IO.Path.Combine(folder, "refs", revision);
            var isNamed = File.Exists(reference);
            var commit = isNamed ? File.ReadAllText(reference).Trim() : revision;
            if (IsPlain(commit) && System.IO.Path.Combine(snapshots, commit) is var at && Directory.Exists(at))
                return (at, null);
            var names = string.Join(", ", there.Select(d => System.IO.Path.GetFileName(d)).Order().Take(5));
            if (isNamed)
                return (null, $"{reference}: names a snapshot that does not exist; available: {names}");
            if (name.Contains('@'))
                return (null, $"{folder}: has no ref or snapshot {revision}; available: {names}");
            return there is [var only]
                ? (only, null)
                : (null, $"{folder}: holds several snapshots and no refs/main; name one: {repository}@{names}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"{folder}: cannot be read: {e.Message}");
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
