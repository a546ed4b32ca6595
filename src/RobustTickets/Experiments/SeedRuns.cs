// Trains a recipe with several seeds: one run folder each, OUTPUT/seed-N, on data read and
// tokenised once, and a table over all in OUTPUT/summary.*.
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Pipeline;
using RobustTickets.Reports;
using RobustTickets.Runs;

namespace RobustTickets.Experiments;

/// <summary>Finished runs of one recipe that differ in their seed.</summary>
/// <param name="Runs">The runs, in the order of the seeds.</param>
public sealed record SeedRuns(IReadOnlyList<RunRecord> Runs)
{
    /// <summary>One row per seed, then mean and sample standard deviation.</summary>
    public ReportTable Table => SeedTable.Of(Runs);

    /// <inheritdoc cref="SeedTable.BestOnDevelopment"/>
    public int? BestOnDevelopment => SeedTable.BestOnDevelopment(Runs);

    /// <inheritdoc cref="SeedTable.BestUnderAttack"/>
    public int? BestUnderAttack => SeedTable.BestUnderAttack(Runs);

    /// <summary>
    /// Trains every seed, and writes <c>summary.csv</c>, <c>.md</c> and <c>.json</c> next to their
    /// folders. With <see cref="TrainRequest.Resume"/> finished runs are kept and unfinished ones
    /// resumed.
    /// </summary>
    /// <param name="request">Recipe, model, data and execution; <see cref="TrainRequest.Output"/>
    /// is the folder of all runs, the recipe's own seed is ignored.</param>
    /// <param name="seeds">The seeds, distinct.</param>
    /// <param name="progress">Receives progress events, or null.</param>
    /// <param name="stop">Cancelling it ends the current run after the current step, with a
    /// checkpoint.</param>
    /// <exception cref="ArgumentException">There are no seeds, or duplicates.</exception>
    /// <exception cref="RunFolderException">The output is a run itself, or a seed's folder contains
    /// a run that is not to be resumed; nothing is trained.</exception>
    /// <inheritdoc cref="TrainRequest.Run" path="/exception"/>
    public static SeedRuns Train(
        TrainRequest request,
        IReadOnlyList<int> seeds,
        IProgress<RunEvent>? progress = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(seeds);
        if (seeds.Count == 0 || seeds.Distinct().Count() < seeds.Count)
            throw new ArgumentException(
                $"seeds: [{string.Join(", ", seeds)}]: at least one seed is needed, each only once",
                nameof(seeds)
            );
        if (RunFolder.IsRun(request.Output))
            throw new RunFolderException(
                $"{request.Output}: is a run folder; runs with several seeds need a folder of their own"
            )
            {
                Fields = ["Output"],
            };
        // All folders are checked before the first run: the last seed's must not be rejected after
        // hours.
        var folders = seeds
            .Select(seed => RunFolder.Create(Folder(request.Output, seed), allowExisting: request.Resume))
            .ToArray();
        var cache = request.Cache ?? new RunDataCache();
        for (var i = 0; i < seeds.Count; i++)
        {
            var place = $"seed {seeds[i]} ({i + 1} of {seeds.Count}) in {folders[i].Path}";
            progress?.Report(new Note("data", 0, place));
            RecipeRunner.Run(
                request with
                {
                    Recipe = request.Recipe with { Seed = seeds[i] },
                    Output = folders[i].Path,
                    Resume = request.Resume && folders[i].HoldsRun,
                    Cache = cache,
                },
                progress,
                stop
            );
        }
        var runs = new SeedRuns(RunRecord.LoadAll([.. folders.Select(f => f.Path)]));
        runs.Write(request.Output);
        return runs;
    }

    /// <summary>The run folder of a seed.</summary>
    internal static string Folder(string output, int seed) => Path.Combine(output, $"seed-{seed}");

    /// <summary>The contents of <c>summary.json</c>.</summary>
    internal JsonObject ToJson() =>
        new()
        {
            ["schema_version"] = 1,
            ["recipe"] = Runs[0].Result.Name,
            ["task"] = Runs[0].Result.Task,
            ["seeds"] = new JsonArray([.. Runs.Select(r => JsonValue.Create(r.Result.Seed))]),
            ["best_on_development"] = BestOnDevelopment,
            ["best_under_attack_on_development"] = BestUnderAttack,
            ["rows"] = Table.ToJson(),
        };

    private void Write(string folder)
    {
        AtomicFile.WriteAllText(Path.Combine(folder, "summary.csv"), Table.ToCsv());
        AtomicFile.WriteAllText(Path.Combine(folder, "summary.md"), Table.ToMarkdown());
        AtomicFile.WriteAllText(Path.Combine(folder, "summary.json"), ToJson().ToJsonString() + "\n");
    }
}
