// Where the evidence comes from beside finished cells: what the papers print and what they claim.
using RobustTickets.Experiments.Evidence;
using RobustTickets.Recipes.Json;

namespace RobustTickets.Experiments;

/// <summary>Files that a page of evidence is made from; each may be missing.</summary>
/// <param name="Published">Numbers that the papers print (<c>published.json</c>), or null.</param>
/// <param name="Claims">Claims as tests over cells (<c>claims.json</c>), or null.</param>
public sealed record EvidenceSources(string? Published = null, string? Claims = null)
{
    /// <summary>Names of the files, which are no experiments.</summary>
    internal const string PublishedName = "published.json",
        ClaimsName = "claims.json";

    /// <summary>
    /// The files beside experiments, or, where neither lies there, in the folder above; null when
    /// there is none.
    /// </summary>
    /// <param name="places">Experiment files, and folders of them.</param>
    public static EvidenceSources? Beside(IReadOnlyList<string> places)
    {
        ArgumentNullException.ThrowIfNull(places);
        return places
            .Select(place => Directory.Exists(place) ? place : Path.GetDirectoryName(Path.GetFullPath(place)))
            .SelectMany(folder => new[] { folder, Path.GetDirectoryName(Path.GetFullPath(folder!)) })
            .OfType<string>()
            .Select(folder => new EvidenceSources(In(folder, PublishedName), In(folder, ClaimsName)))
            .FirstOrDefault(found => found is not { Published: null, Claims: null });
    }

    private static string? In(string folder, string name) =>
        File.Exists(Path.Combine(folder, name)) ? Path.Combine(folder, name) : null;

    /// <summary>Reads both files.</summary>
    /// <exception cref="RecipeException">One is broken.</exception>
    internal (PublishedFile? Published, ClaimFile? Claims) Read() =>
        (
            Published is null
                ? null
                : EvidenceJson.ReadPublished(StrictJson.ReadText(Published, "published numbers"), Published),
            Claims is null ? null : EvidenceJson.ReadClaims(StrictJson.ReadText(Claims, "claims"), Claims)
        );

    /// <summary>
    /// Keeps the claims as they were before the first cell: a copy in the folder, written once, and
    /// only while there is no cell.
    /// </summary>
    internal void Keep(string folder)
    {
        var (copy, cells) = (Path.Combine(folder, ClaimsName), Path.Combine(folder, ExperimentFolder.Cells));
        var begun = Directory.Exists(cells) && Directory.EnumerateDirectories(cells).Any();
        if (Claims is not null && !begun && !File.Exists(copy))
            Checkpoints.Files.AtomicFile.WriteAllText(copy, EvidenceJson.Write(Read().Claims!));
    }
}
