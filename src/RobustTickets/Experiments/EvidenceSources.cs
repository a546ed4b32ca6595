// Sources of the evidence page in addition to finished cells: the papers' numbers and claims.
using RobustTickets.Experiments.Evidence;
using RobustTickets.Recipes.Json;

namespace RobustTickets.Experiments;

/// <summary>Source files of an evidence page; each may be missing.</summary>
/// <param name="Published">The papers' numbers (<c>published.json</c>), or null.</param>
/// <param name="Claims">Claims as tests on cells (<c>claims.json</c>), or null.</param>
public sealed record EvidenceSources(string? Published = null, string? Claims = null)
{
    /// <summary>Names of the files, which are not experiments.</summary>
    internal const string PublishedName = "published.json",
        ClaimsName = "claims.json";

    /// <summary>
    /// The files beside experiments, or if there are none, in the parent folder; null if neither
    /// exists.
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
    /// <exception cref="RecipeException">A file is invalid.</exception>
    internal (PublishedFile? Published, ClaimFile? Claims) Read() =>
        (
            Published is null
                ? null
                : EvidenceJson.ReadPublished(StrictJson.ReadText(Published, "published numbers"), Published),
            Claims is null ? null : EvidenceJson.ReadClaims(StrictJson.ReadText(Claims, "claims"), Claims)
        );

    /// <summary>
    /// Saves a copy of the claims as they were before the first cell; written once, and only while
    /// there is no cell.
    /// </summary>
    internal void Keep(string folder)
    {
        var (copy, cells) = (Path.Combine(folder, ClaimsName), Path.Combine(folder, ExperimentFolder.Cells));
        var begun = Directory.Exists(cells) && Directory.EnumerateDirectories(cells).Any();
        if (Claims is not null && !begun && !File.Exists(copy))
            Checkpoints.Files.AtomicFile.WriteAllText(copy, EvidenceJson.Write(Read().Claims!));
    }
}
