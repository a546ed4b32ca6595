// Resolves the experiments named by a user: files, and folders of them.
using RobustTickets.Attacks;

namespace RobustTickets.Experiments;

/// <summary>Finds and plans experiments.</summary>
public static class ExperimentFiles
{
    /// <summary>Plans the experiments of files and folders.</summary>
    /// <param name="places">Experiment files, and folders whose <c>*.json</c> are used in order of
    /// name, except those of <see cref="EvidenceSources"/>.</param>
    /// <param name="seeds">Seeds that replace the files' own; or null.</param>
    /// <exception cref="RecipeException">A file is missing or invalid.</exception>
    /// <exception cref="RequestException">A folder contains no experiment.</exception>
    public static IReadOnlyList<ExperimentPlan> Plan(IReadOnlyList<string> places, IReadOnlyList<int>? seeds = null)
    {
        ArgumentNullException.ThrowIfNull(places);
        return
        [
            .. places
                .SelectMany(Files)
                .DistinctBy(Path.GetFullPath)
                .Select(file =>
                {
                    var experiment = ExperimentJson.ReadFile(file);
                    return ExperimentPlan.Of(
                        seeds is null ? experiment : experiment with { Seeds = seeds },
                        file,
                        Path.GetDirectoryName(Path.GetFullPath(file))!
                    );
                }),
        ];
    }

    private static IReadOnlyList<string> Files(string place)
    {
        if (!Directory.Exists(place))
            return [place];
        string[] files =
        [
            .. Directory
                .GetFiles(place, "*.json")
                .Where(f => Path.GetFileName(f) is not (EvidenceSources.PublishedName or EvidenceSources.ClaimsName))
                .Order(StringComparer.Ordinal),
        ];
        return files.Length > 0
            ? files
            : throw new RequestException(nameof(ExperimentRequest.Plans), place, "contains no experiment (*.json)");
    }
}
