// Lexical resources of attacks lie as named files in one folder, with a SHA256SUMS beside them;
// nothing is ever downloaded.
using System.Security.Cryptography;
using System.Text;

namespace RobustTickets.Attacks.Resources;

/// <summary>A resource that lies in the folder.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Path">The file or folder.</param>
public sealed record FoundResource(ResourceKind Kind, string Path);

/// <summary>
/// A resource of an attack is not there. The message says what it is for, where to get it, and what
/// works without it.
/// </summary>
public sealed class MissingResourceException : DataException
{
    /// <summary>Creates the exception from its finished message.</summary>
    public MissingResourceException(ResourceKind kind, string message, Exception? inner = null)
        : base(message, inner!) => Kind = kind;

    /// <summary>Creates the exception from a message and what would put it right.</summary>
    internal MissingResourceException(ResourceKind kind, string problem, Remedy? remedy, Exception? inner = null)
        : base(problem, remedy, inner) => Kind = kind;

    /// <summary>The resource.</summary>
    public ResourceKind Kind { get; }

    /// <summary>The same with the place in which it came up before it.</summary>
    internal new MissingResourceException Within(string place) => new(Kind, $"{place}: {Problem}", Remedy, this);
}

/// <summary>
/// The folder of resources: <c>ROBUST_TICKETS_RESOURCES</c>, else <c>robust-tickets/resources</c>
/// in the user's data folder.
/// </summary>
public sealed class ResourceFolder(string path)
{
    /// <summary>Name of the variable that names the folder.</summary>
    public const string Variable = "ROBUST_TICKETS_RESOURCES";

    /// <summary>File of demanded hashes, in the form of <c>sha256sum</c>.</summary>
    public const string Sums = "SHA256SUMS";

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>Where tables of neighbours lie that were computed from word vectors.</summary>
    public string Computed => System.IO.Path.Combine(Path, "computed");

    /// <summary>The folder of this user (XDG_DATA_HOME, else ~/.local/share).</summary>
    public static ResourceFolder OfUser() => new(UserFolder.Of(Variable, "resources"));

    /// <summary>
    /// The file or folder of a kind: the folder's own, else one that the system has; null when
    /// there is none.
    /// </summary>
    public FoundResource? Find(ResourceKind kind)
    {
        var places = kind.Files.Select(name => System.IO.Path.Combine(Path, name)).Concat(kind.Elsewhere ?? []);
        var found = places.FirstOrDefault(place => kind.IsFolder ? Directory.Exists(place) : File.Exists(place));
        return found is null ? null : new FoundResource(kind, found);
    }

    /// <summary>The path of a kind by the kind's name, or null.</summary>
    public string? Find(string kind) => Find(ResourceKinds.TryFind(kind)!)?.Path;

    /// <summary>The path of a kind by the kind's name.</summary>
    /// <exception cref="MissingResourceException">It is not there; the message says what to get,
    /// where it goes, and what works without it.</exception>
    public string Required(string kind) =>
        Find(kind)
        ?? throw new MissingResourceException(
            ResourceKinds.TryFind(kind)!,
            Missing(kind),
            ResourceKinds.TryFind(kind)!.Instead
        );

    /// <summary>What to do about a resource that is not there.</summary>
    internal string Missing(string name)
    {
        var kind = ResourceKinds.TryFind(name)!;
        return $"resource {kind.Kind} is not there ({System.IO.Path.Combine(Path, kind.Files[0])}): {kind.Purpose}\n"
            + $"  get    {kind.Origin} (licence: {kind.Licence})\n"
            + $"  or go  without it: {kind.Without}";
    }

    /// <summary>
    /// The hashes the folder's <c>SHA256SUMS</c> demands, by path below the folder; empty when it
    /// has none.
    /// </summary>
    /// <exception cref="DataException">A line of it is not "hash  name".</exception>
    public IReadOnlyDictionary<string, string> DemandedHashes()
    {
        var file = System.IO.Path.Combine(Path, Sums);
        var demanded = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!File.Exists(file))
            return demanded;
        var number = 0;
        foreach (var line in File.ReadLines(file))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            var parts = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length != 2 || parts[0].Length != 64)
                throw new DataException($"{file}:{number}: expected a SHA-256 and a file name, found {line}");
            demanded[parts[1].Trim().TrimStart('*')] = parts[0].ToLowerInvariant();
        }
        return demanded;
    }

    /// <summary>
    /// The files of a resource with their paths below its parent folder, in ordinal order; a file
    /// is its own only one.
    /// </summary>
    public static IReadOnlyList<(string Name, string Path)> FilesOf(string resource)
    {
        if (!Directory.Exists(resource))
            return [(System.IO.Path.GetFileName(resource), resource)];
        var parent = System.IO.Path.GetDirectoryName(
            System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(resource))
        )!;
        return
        [
            .. Directory
                .EnumerateFiles(resource, "*", SearchOption.AllDirectories)
                .Select(file => (System.IO.Path.GetRelativePath(parent, System.IO.Path.GetFullPath(file)), file))
                .OrderBy(f => f.Item1, StringComparer.Ordinal),
        ];
    }

    /// <summary>
    /// SHA-256 in lower-case hex: of a file's bytes; of a folder the hash of its lines "hash name"
    /// in ordinal order of names below it.
    /// </summary>
    public static string Hash(string resource)
    {
        if (!Directory.Exists(resource))
        {
            using var stream = File.OpenRead(resource);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        var lines = FilesOf(resource)
            .Select(f => $"{Hash(f.Path)}  {f.Name[(f.Name.IndexOf('/', StringComparison.Ordinal) + 1)..]}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines))));
    }
}
