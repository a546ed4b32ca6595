namespace RobustTickets.Attacks.Resources;

/// <summary>Result of reading a resource completely and comparing it with SHA256SUMS.</summary>
/// <param name="Found">The resource.</param>
/// <param name="Hash">SHA-256 of the resource.</param>
/// <param name="Demanded">Whether SHA256SUMS contains it.</param>
/// <param name="Content">Description of the content; null when unreadable.</param>
/// <param name="Problem">The error, or null.</param>
public sealed record ResourceVerification(
    FoundResource Found,
    string Hash,
    bool Demanded,
    string? Content,
    string? Problem
)
{
    /// <summary>
    /// Verifies a resource of a folder. A resource that is broken is no exception: its
    /// <see cref="Problem"/> says why.
    /// </summary>
    /// <param name="found">The resource.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="demanded">The folder's <see cref="ResourceFolder.DemandedHashes"/>.</param>
    /// <param name="models">Describes model folders, such as <c>AttackModels</c> of
    /// RobustTickets.</param>
    public static ResourceVerification Of(
        FoundResource found,
        ResourceFolder folder,
        IReadOnlyDictionary<string, string> demanded,
        IAttackModels models
    )
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(demanded);
        ArgumentNullException.ThrowIfNull(models);
        var own = Path.GetDirectoryName(Path.GetFullPath(found.Path)) == Path.GetFullPath(folder.Path);
        var files = ResourceFolder.FilesOf(found.Path);
        var named = own && files.Any(f => demanded.ContainsKey(f.Name));
        var hash = ResourceFolder.Hash(found.Path);
        try
        {
            var content = ResourceContent.Describe(found, models);
            var problem = named
                ? files.Select(f => Difference(f.Name, f.Path, demanded)).FirstOrDefault(d => d is not null)
                : null;
            return new ResourceVerification(found, hash, named, content, problem);
        }
        catch (DataException e)
        {
            return new ResourceVerification(found, hash, named, null, e.Message);
        }
    }

    private static string? Difference(string name, string path, IReadOnlyDictionary<string, string> demanded)
    {
        if (!demanded.TryGetValue(name, out var wanted))
            return $"{name} is not listed in SHA256SUMS, but other files of the resource are";
        var hash = ResourceFolder.Hash(path);
        return hash == wanted ? null : $"{name}: sha256 is {hash}, SHA256SUMS expects {wanted}";
    }
}
