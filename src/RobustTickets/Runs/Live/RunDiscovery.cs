// Finds runs and experiments below a folder, limited in depth and number and without following
// links, so that everything found is inside the folder.

namespace RobustTickets.Runs.Live;

/// <summary>A run that was found.</summary>
/// <param name="Id">Its path below the folder, separated by <c>/</c>; <c>.</c> is the folder
/// itself.</param>
/// <param name="Path">Its folder.</param>
internal sealed record FoundRun(string Id, string Path);

/// <summary>A table of an experiment that was found.</summary>
/// <param name="Id">Its path below the folder.</param>
/// <param name="Path">Folder of the experiments, with <c>cells/</c>.</param>
/// <param name="Name">Name of the table, whose folder contains <c>cells.json</c>.</param>
internal sealed record FoundExperiment(string Id, string Path, string Name);

/// <summary>Runs and experiments found below a folder.</summary>
/// <param name="Runs">Runs, ordered by path.</param>
/// <param name="Experiments">Tables, ordered by path.</param>
/// <param name="Notes">What was skipped, and why.</param>
internal sealed record RunsFound(
    IReadOnlyList<FoundRun> Runs,
    IReadOnlyList<FoundExperiment> Experiments,
    IReadOnlyList<string> Notes
);

/// <summary>Finds runs.</summary>
internal static class RunDiscovery
{
    private const int Depth = 8;
    private const int Folders = 20_000;

    /// <summary>Maximum number of runs in a list.</summary>
    internal const int MostRuns = 1000;

    // Names of subfolders of experiments that contain no runs, unless a user named a run so.
    private static readonly HashSet<string> Inside =
    [
        RunFolder.Attacks,
        RunFolder.ControlAttacks,
        "checkpoints",
        "control",
        "failures",
        "figures",
        "leases",
        "model",
        "ticket",
    ];

    /// <summary>Searches below a folder.</summary>
    /// <param name="root">The folder; need not exist.</param>
    public static RunsFound Below(string root)
    {
        var (runs, experiments, notes) = (new List<FoundRun>(), new List<FoundExperiment>(), new List<string>());
        if (!Directory.Exists(root))
            return new RunsFound([], [], [$"{Path.GetFileName(root)}: no such folder"]);
        var full = Path.GetFullPath(root);
        var queue = new Queue<(string Path, int Depth)>([(full, 0)]);
        var seen = 0;
        while (queue.TryDequeue(out var at))
        {
            if (++seen > Folders)
            {
                notes.Add(FormattableString.Invariant($"only the first {Folders} folders were searched"));
                break;
            }
            if (RunFolder.IsRun(at.Path))
            {
                if (runs.Count == MostRuns)
                {
                    notes.Add(FormattableString.Invariant($"only the first {MostRuns} runs are shown"));
                    break;
                }
                runs.Add(new FoundRun(Id(full, at.Path), at.Path));
                continue;
            }
            foreach (var child in Children(at.Path, full, notes))
            {
                if (File.Exists(Path.Combine(child, "cells.json")) && Directory.Exists(Path.Combine(at.Path, "cells")))
                    experiments.Add(new FoundExperiment(Id(full, child), at.Path, Path.GetFileName(child)));
                if (at.Depth < Depth)
                    queue.Enqueue((child, at.Depth + 1));
            }
        }
        return new RunsFound(
            [.. runs.OrderBy(r => r.Id, StringComparer.Ordinal)],
            [.. experiments.OrderBy(e => e.Id, StringComparer.Ordinal)],
            notes
        );
    }

    private static IEnumerable<string> Children(string folder, string root, List<string> notes)
    {
        try
        {
            return
            [
                .. new DirectoryInfo(folder)
                    .EnumerateDirectories()
                    .Where(d =>
                        !d.Attributes.HasFlag(FileAttributes.ReparsePoint)
                        && d.Name[0] != '.'
                        && (!Inside.Contains(d.Name) || RunFolder.IsRunOrSeeds(d.FullName))
                    )
                    .Select(d => d.FullName)
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            notes.Add($"{Id(root, folder)}: {e.Message}");
            return [];
        }
    }

    private static string Id(string root, string path) =>
        Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');
}
