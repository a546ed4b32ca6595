// The folder of lexical resources: named files with an optional SHA256SUMS; nothing is downloaded.
using System.Security.Cryptography;
using System.Text;

namespace RobustTickets.Attacks.Resources;

/// <summary>A resource found in the folder.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Path">The file or folder.</param>
public sealed record FoundResource(ResourceKind Kind, string Path);

/// <summary>
/// A resource of an attack is missing. The message says what it is for, where to get it, and what
/// works without it.
/// </summary>
public sealed class MissingResourceException : DataException
{
    /// <summary>Creates the exception with a message.</summary>
    public MissingResourceException(ResourceKind kind, string message, Exception? inner = null)
        : base(message, inner!) => Kind = kind;

    /// <summary>Creates the exception with a message and a remedy.</summary>
    internal MissingResourceException(ResourceKind kind, string problem, Remedy? remedy, Exception? inner = null)
        : base(problem, remedy, inner) => Kind = kind;

    /// <summary>The resource.</summary>
    public ResourceKind Kind { get; }

    /// <summary>This error with a location in front of the message.</summary>
    internal new MissingResourceException Within(string place) => new(Kind, $"{place}: {Problem}", Remedy, this);
}

/// <summary>
/// The resource folder: <c>ROBUST_TICKETS_RESOURCES</c>, otherwise <c>robust-tickets/resources</c>
/// in the user's data folder.
/// </summary>
public sealed class ResourceFolder(string path)
{
    /// <summary>Name of the environment variable with the folder's path.</summary>
    public const string Variable = "ROBUST_TICKETS_RESOURCES";

    /// <summary>File of expected hashes, in the format of <c>sha256sum</c>.</summary>
    public const string Sums = "SHA256SUMS";

    /// <summary>Path of the folder.</summary>
    public string Path { get; } = path;

    /// <summary>Subfolder of neighbour tables computed from word vectors.</summary>
    public string Computed => System.IO.Path.Combine(Path, "computed");

    /// <summary>
    /// The current user's folder: below XDG_DATA_HOME, otherwise below ~/.local/share (Linux),
    /// ~/Library/Application Support (macOS) or %LOCALAPPDATA% (Windows).
    /// </summary>
    public static ResourceFolder OfUser() => new(UserFolder.Of(Variable, "resources"));

    /// <summary>
    /// The file or folder of a kind: in this folder, otherwise a system location; null if not
    /// found.
    /// </summary>
    public FoundResource? Find(ResourceKind kind)
    {
        var places = kind.Files.Select(name => System.IO.Path.Combine(Path, name)).Concat(kind.Elsewhere ?? []);
        var found = places.FirstOrDefault(place => kind.IsFolder ? Directory.Exists(place) : File.Exists(place));
        return found is null ? null : new FoundResource(kind, found);
    }

    /// <summary>The path of a resource by the name of its kind, or null.</summary>
    public string? Find(string kind) => Find(ResourceKinds.TryFind(kind)!)?.Path;

    /// <summary>The path of a resource by the name of its kind.</summary>
    /// <exception cref="MissingResourceException">The resource is missing; the message says where
    /// to get and put it, and what works without it.</exception>
    public string Required(string kind) =>
        Find(kind)
        ?? throw new MissingResourceException(
            ResourceKinds.TryFind(kind)!,
            Missing(kind),
            ResourceKinds.TryFind(kind)!.Instead
        );

    /// <summary>Instructions for a missing resource.</summary>
    internal string Missing(string name)
    {
        var kind = ResourceKinds.TryFind(name)!;
        return $"resource {kind.Kind} not found ({System.IO.Path.Combine(Path, kind.Files[0])}): {kind.Purpose}\n"
            + $"  source: {kind.Origin} (licence: {kind.Licence})\n"
            + $"  without it: {kind.Without}";
    }

    /// <summary>
    /// The expected hashes in <c>SHA256SUMS</c>, by path below the folder; empty without that file.
    /// </summary>
    /// <exception cref="DataException">A line is not "hash name".</exception>
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
    /// The files of a resource with their paths below its parent folder, separated by <c>/</c> on
    /// every system, in ordinal order, without hidden files; a file is its own only one.
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
                .Where(file => !HiddenFiles.IsHidden(System.IO.Path.GetRelativePath(resource, file)))
                .Select(file =>
                    (
                        WithSlashes(
                            System.IO.Path.GetRelativePath(parent, System.IO.Path.GetFullPath(file)),
                            System.IO.Path.DirectorySeparatorChar
                        ),
                        file
                    )
                )
                .OrderBy(f => f.Item1, StringComparer.Ordinal),
        ];
    }

    /// <summary>
    /// SHA-256 in lower-case hex: of a file's bytes; for a folder, of its lines "hash name" in
    /// ordinal order of relative names.
    /// </summary>
    public static string Hash(string resource)
    {
        if (!Directory.Exists(resource))
        {
            using var stream = WholeFile.OpenShared(resource);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        var lines = FilesOf(resource).Select(f => $"{Hash(f.Path)}  {WithoutTop(f.Name)}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines))));
    }

    /// <summary>
    /// A relative path in the form that is hashed and listed: <c>/</c> between its parts.
    /// </summary>
    internal static string WithSlashes(string path, char separator) => path.Replace(separator, '/');

    /// <summary>
    /// A name of <see cref="FilesOf"/> without the resource's own folder; the name of a file is
    /// unchanged.
    /// </summary>
    internal static string WithoutTop(string name) => name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..];
}
