// Which experiments a user names: files, and folders of them.
using RobustTickets.Attacks;

namespace RobustTickets.Experiments;

/// <summary>Finds and plans experiments.</summary>
public static class ExperimentFiles
{
    /// <summary>Plans the experiments of files and folders.</summary>
    /// <param name="places">Experiment files, and folders whose <c>*.json</c> are taken in the
    /// order of their names; those of <see cref="EvidenceSources"/> are none.</param>
    /// <param name="seeds">Seeds instead of the files'; null for theirs.</param>
    /// <exception cref="RecipeException">A file is missing, broken, or asks for something
    /// impossible.</exception>
    /// <exception cref="RequestException">A folder holds no experiment.</exception>
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
            : throw new RequestException(nameof(ExperimentRequest.Plans), place, "holds no *.json, so no experiment");
    }
}
