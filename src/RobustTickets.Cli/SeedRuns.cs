// train --seeds: one run folder per seed, RUN/seed-N, over data that are read and tokenised once,
// and a table over all of them in RUN/summary.*.
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Cli.Commands;
using RobustTickets.Pipeline;
using RobustTickets.Reports;
using RobustTickets.Runs;

namespace RobustTickets.Cli;

internal static class SeedRuns
{
    /// <summary>
    /// Runs every seed; with <see cref="TrainRequest.Resume"/> finished ones are kept and begun
    /// ones continued.
    /// </summary>
    /// <exception cref="RunFolderException">A seed's folder holds a run already and it is not
    /// resumed.</exception>
    public static int Run(CliContext context, TrainRequest request, IReadOnlyList<int> seeds, bool json)
    {
        if (RunFolder.IsRun(request.Output))
            throw new RunFolderException(
                $"{request.Output}: is a run; the runs of several seeds want a folder of their own"
            )
            {
                Fields = ["Output"],
            };
        // All folders are looked at before the first run: the last seed's must not be refused after
        // hours.
        var folders = seeds
            .Select(seed =>
                RunFolder.Create(Path.Combine(request.Output, $"seed-{seed}"), allowExisting: request.Resume)
            )
            .ToArray();
        var cache = new RunDataCache();
        for (var i = 0; i < seeds.Count; i++)
        {
            context.Error.WriteLine($"seed {seeds[i]} ({i + 1} of {seeds.Count}) in {folders[i].Path}");
            TrainProgressView.Run(
                context,
                request with
                {
                    Recipe = request.Recipe with { Seed = seeds[i] },
                    Output = folders[i].Path,
                    Resume = request.Resume && folders[i].HoldsRun,
                    Cache = cache,
                }
            );
        }
        var runs = RunRecord.LoadAll([.. folders.Select(f => f.Path)]);
        var table = SeedTable.Of(runs);
        var summary = new JsonObject
        {
            ["schema_version"] = 1,
            ["recipe"] = request.Recipe.Name,
            ["task"] = request.Recipe.Task,
            ["seeds"] = JsonOutput.Array(seeds),
            ["best_on_development"] = SeedTable.BestOnDevelopment(runs),
            ["best_under_attack_on_development"] = SeedTable.BestUnderAttack(runs),
            ["rows"] = table.ToJson(),
        };
        AtomicFile.WriteAllText(Path.Combine(request.Output, "summary.csv"), table.ToCsv());
        AtomicFile.WriteAllText(Path.Combine(request.Output, "summary.md"), table.ToMarkdown());
        AtomicFile.WriteAllText(Path.Combine(request.Output, "summary.json"), summary.ToJsonString() + "\n");
        if (json)
            JsonOutput.Write(context.Out, summary);
        else
            context.Out.Write(table.ToMarkdown());
        if (!json && SeedTable.BestOnDevelopment(runs) is { } best)
            context.Out.WriteLine($"best on development data: seed {best}");
        if (!json && SeedTable.BestUnderAttack(runs) is { } robust)
            context.Out.WriteLine($"best under attack on development data: seed {robust}");
        return ExitCodes.Ok;
    }
}
