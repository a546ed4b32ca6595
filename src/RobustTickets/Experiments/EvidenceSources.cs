// Sources of the evidence page in addition to finished cells: the papers' numbers and claims.
using RobustTickets.Checkpoints.Files;
using RobustTickets.Experiments.Evidence;
using RobustTickets.Recipes.Json;

namespace RobustTickets.Experiments;

/// <summary>Source files of an evidence page.</summary>
/// <param name="Published">The papers' numbers (<c>published.json</c>); may be empty.</param>
/// <param name="Claims">Claims as tests on cells (<c>claims.json</c>); may be empty.</param>
public sealed record EvidenceSources(IReadOnlyList<string> Published, IReadOnlyList<string> Claims)
{
    /// <summary>Names of the files, which are not experiments.</summary>
    internal const string PublishedName = "published.json",
        ClaimsName = "claims.json";

    /// <summary>
    /// The source files next to the experiments, or else in the parent folder; null if neither
    /// exists.
    /// </summary>
    /// <param name="places">Experiment files, and folders of them.</param>
    public static EvidenceSources? Beside(IReadOnlyList<string> places)
    {
        ArgumentNullException.ThrowIfNull(places);
        var folders = places.Select(FolderOf).OfType<string>().Distinct(StringComparer.Ordinal).ToArray();
        string[] Named(string name) => [.. folders.Select(f => Path.Combine(f, name)).Where(File.Exists)];
        return folders.Length == 0 ? null : new EvidenceSources(Named(PublishedName), Named(ClaimsName));
    }

    // The folder of the path or its parent: the first one that contains a source file.
    private static string? FolderOf(string place)
    {
        var full = Path.GetFullPath(place);
        var own = Directory.Exists(full) ? full : Path.GetDirectoryName(full);
        return new[] { own, Path.GetDirectoryName(own) }.FirstOrDefault(folder =>
            folder is not null
            && (File.Exists(Path.Combine(folder, PublishedName)) || File.Exists(Path.Combine(folder, ClaimsName)))
        );
    }

    /// <summary>Reads and merges the files of each kind; null if there are none.</summary>
    /// <exception cref="RecipeException">A file is malformed, or two files contradict each
    /// other.</exception>
    internal (PublishedFile? Published, ClaimFile? Claims) Read()
    {
        var published = Published
            .Select(f => (f, EvidenceJson.ReadPublished(StrictJson.ReadText(f, "published numbers"), f)))
            .ToArray();
        var claims = Claims.Select(f => (f, EvidenceJson.ReadClaims(StrictJson.ReadText(f, "claims"), f))).ToArray();
        return (
            published.Length == 0
                ? null
                : new PublishedFile(
                    string.Join(' ', published.Select(p => p.Item2.Note).Distinct()),
                    Together(published, p => p.Tables, t => t.Id, "table"),
                    Together(published, p => p.Rows, r => $"{r.Table}/{r.Row}/{r.Data}", "row")
                ),
            claims.Length == 0
                ? null
                : new ClaimFile(
                    string.Join("; ", claims.Select(c => c.Item2.Title).Distinct()),
                    Together(claims, c => c.Claims, c => c.Id, "claim")
                )
        );
    }

    // Equal entries of several files are merged.
    private static List<T> Together<TFile, T>(
        (string Path, TFile File)[] files,
        Func<TFile, IReadOnlyList<T>> of,
        Func<T, string> id,
        string kind
    )
    {
        var known = new OrderedDictionary<string, (string Path, T Item)>(StringComparer.Ordinal);
        foreach (var (path, file) in files)
        {
            foreach (var item in of(file))
            {
                if (known.TryAdd(id(item), (path, item)))
                    continue;
                var (first, before) = known[id(item)];
                if (EvidenceJson.Write(before) != EvidenceJson.Write(item))
                    throw new RecipeException($"{path}: {kind} \"{id(item)}\" is defined differently in {first}");
            }
        }
        return [.. known.Values.Select(v => v.Item)];
    }

    /// <summary>
    /// Saves a copy of the claims as they were before the first cell; written once, and only while
    /// there is no cell.
    /// </summary>
    internal void Keep(string folder)
    {
        var (copy, cells) = (Path.Combine(folder, ClaimsName), Path.Combine(folder, ExperimentFolder.Cells));
        var begun = Directory.Exists(cells) && Directory.EnumerateDirectories(cells).Any();
        if (Claims.Count > 0 && !begun && !File.Exists(copy))
            AtomicFile.WriteAllText(copy, EvidenceJson.Write(Read().Claims!));
    }
}
