// Imports a file or folder into the resource folder: read completely first, copied under the name
// that attacks look for, its hashes added to SHA256SUMS. If interrupted, the folder holds either
// the old resource or the new one.
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets;

/// <summary>An imported resource.</summary>
/// <param name="Resource">The resource in the folder.</param>
/// <param name="Content">Description of its content.</param>
/// <param name="Hash">Its SHA-256.</param>
public sealed record ImportedResource(FoundResource Resource, string Content, string Hash)
{
    /// <summary>
    /// The pinned published file with the same hash as the source; null when there is none.
    /// </summary>
    internal PublishedFile? Published { get; init; }
}

/// <summary>Imports resources into a resource folder.</summary>
public static class ResourceImport
{
    /// <summary>
    /// Copies a resource into the folder, under the name that attacks look for, and enters its
    /// hashes into SHA256SUMS. It is read completely before.
    /// </summary>
    /// <param name="folder">The resource folder; created if needed.</param>
    /// <param name="kind">Kind of the resource.</param>
    /// <param name="source">The file or folder; for a model also its name.</param>
    /// <param name="replace">Whether another resource of this kind may be replaced.</param>
    /// <exception cref="DataException">The source is missing, or cannot be read as this
    /// kind.</exception>
    /// <exception cref="OutputException">It would replace another resource, or the folder cannot be
    /// written.</exception>
    public static ImportedResource Import(ResourceFolder folder, ResourceKind kind, string source, bool replace = false)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(kind);
        if (ResourceContent.IsModel(kind) && !Path.Exists(source))
            source = ModelStore.OfUser().Locate(source);
        if (!Path.Exists(source) || kind.IsFolder && !UpstreamFile.CanBeFolder(source))
        {
            throw new DataException(
                $"{source}: no such {(kind.IsFolder ? "folder" : "file")}; resource {kind.Kind} is a "
                    + $"{(kind.IsFolder ? "folder" : "file")}: {kind.Purpose}"
            );
        }
        var given = File.Exists(source) ? ResourceFolder.Hash(source) : null;
        using var upstream = UpstreamFile.Of(kind, source);
        var content = Describe(kind, upstream.Path, source);
        source = upstream.Path;
        var target = Path.Combine(folder.Path, upstream.Name);
        var others = Present(folder, kind);
        var hash = ResourceFolder.Hash(source);
        if (
            others.Count > 0
            && !replace
            && !(others.Count == 1 && others[0] == target && ResourceFolder.Hash(target) == hash)
        )
        {
            throw new OutputException(
                $"{others[0]}: a resource {kind.Kind} already exists, with sha256 " + ResourceFolder.Hash(others[0]),
                new Remedy($"replace it with {source}", "Replace", "true")
            );
        }
        var inside = Path.GetFullPath(source) == Path.GetFullPath(target);
        WholeFile.CreateFolder(folder.Path);
        if (!inside)
            Copy(kind, source, target);
        // The first name found wins: an old file under another name would shadow the new one.
        foreach (var other in others.Where(o => o != target))
        {
            if (kind.IsFolder)
                Directory.Delete(other, recursive: true);
            else
                File.Delete(other);
        }
        Enter(folder, kind, target);
        var published = kind.Published.FirstOrDefault(p =>
            p.Sha256 is not null && (p.Sha256 == given || p.Sha256 == hash)
        );
        return new ImportedResource(new FoundResource(kind, target), content, hash) { Published = published };
    }

    // Unpacked files are in a temporary folder; errors name the path that the user gave.
    private static string Describe(ResourceKind kind, string path, string given)
    {
        using var models = new AttackModels();
        try
        {
            return ResourceContent.Describe(new FoundResource(kind, path), models);
        }
        catch (DataException e) when (path != given)
        {
            throw new DataException(e.Message.Replace(path, given, StringComparison.Ordinal), e);
        }
    }

    /// <summary>Throws if an existing resource would block the import.</summary>
    /// <exception cref="OutputException">A resource exists and may not be replaced.</exception>
    internal static void RequirePlace(ResourceFolder folder, ResourceKind kind, bool replace)
    {
        if (!replace && Present(folder, kind) is [var other, ..])
        {
            throw new OutputException(
                $"{other}: a resource {kind.Kind} already exists",
                new Remedy("replace it", "Replace", "true")
            );
        }
    }

    private static List<string> Present(ResourceFolder folder, ResourceKind kind) =>
        [.. kind.Files.Select(name => Path.Combine(folder.Path, name)).Where(Path.Exists)];

    private static void Copy(ResourceKind kind, string source, string target)
    {
        if (!kind.IsFolder)
        {
            SourceFile.Copy(source, target);
            return;
        }
        AtomicFolder.Create(
            target,
            made =>
            {
                foreach (var (name, path) in ResourceFolder.FilesOf(source))
                {
                    var copy = Path.Combine(made, ResourceFolder.WithoutTop(name));
                    Disk.Writing(target, () => Directory.CreateDirectory(Path.GetDirectoryName(copy)!));
                    SourceFile.Copy(path, copy);
                }
            },
            replace: true
        );
    }

    private static void Enter(ResourceFolder folder, ResourceKind kind, string target)
    {
        var demanded = folder
            .DemandedHashes()
            .Where(d =>
                !kind.Files.Any(name => d.Key == name || d.Key.StartsWith(name + "/", StringComparison.Ordinal))
            )
            .Concat(
                ResourceFolder.FilesOf(target).Select(f => KeyValuePair.Create(f.Name, ResourceFolder.Hash(f.Path)))
            )
            .OrderBy(d => d.Key, StringComparer.Ordinal);
        var text = new StringBuilder();
        foreach (var (name, hash) in demanded)
            text.Append(hash).Append("  ").Append(name).Append('\n');
        AtomicFile.WriteAllText(Path.Combine(folder.Path, ResourceFolder.Sums), text.ToString());
    }
}
