// Avoids repeating identical searches. Everything that affects a slimming search, except stop rule
// and draw, is hashed into environment.json; a run with the same hash provides its steps and
// snapshots to others next to it.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Objectives;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Pipeline.Data;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Tickets;

namespace RobustTickets.Pipeline;

/// <summary>Finds finished slimming searches that can be reused.</summary>
internal static class KnownSearches
{
    /// <summary>
    /// SHA-256 of everything that affects a slimming search; null for every other recipe.
    /// </summary>
    /// <param name="request">Recipe and execution.</param>
    /// <param name="inputs">Model and data.</param>
    /// <param name="dataAndWeights">Their SHA-256 (<see cref="InputFingerprint"/>).</param>
    internal static string? Identity(TrainRequest request, RunInputs inputs, string dataAndWeights)
    {
        if (request.Recipe is not { Search: SlimmingSearchOptions search } recipe)
            return null;
        var changesTexts =
            search.Augment is not null
            || HullTables.Of(recipe).Any(path => path.StartsWith("search.", StringComparison.Ordinal));
        return InputFingerprint.Of([
            dataAndWeights,
            Settings(recipe)!,
            request.Execution.OfResults,
            .. changesTexts
                ? inputs
                    .Data.TrainTexts.SelectMany(e => e.Columns.Select(c => c.Value))
                    .Append(inputs.Substitutes!.Identity)
                : [],
        ]);
    }

    /// <summary>
    /// The settings that affect a slimming search; null for every other recipe. Stop rule and draw
    /// do not affect its steps.
    /// </summary>
    internal static string? Settings(Recipe recipe)
    {
        if (recipe.Search is not SlimmingSearchOptions)
            return null;
        var options = JsonNode.Parse(RecipeJson.Write(recipe))!["search"]!.AsObject();
        options.Remove("stop");
        options.Remove("allow-short");
        return $"{options.ToJsonString()} {recipe.BatchSize} {recipe.Seed} {recipe.MaxLength}";
    }

    /// <summary>A finished search that this run can reuse, or null.</summary>
    /// <param name="session">The run.</param>
    internal static SearchTrace? Find(RunSession session)
    {
        if (
            session is not { SearchIdentity: { } identity, Request.Searches: { } runs }
            || session.Recipe is not { Search: SlimmingSearchOptions search, Draw: DrawOptions draw }
            || session.Ranks.AreSeveral
            || !Directory.Exists(runs)
        )
            return null;
        var borders = new MiniEpochs(search, session.Recipe.BatchSize, session.Data.Train.Examples.Count);
        return Directory
            .EnumerateDirectories(runs)
            .Where(path => Path.GetFullPath(path) != session.Folder.Path)
            .Order(StringComparer.Ordinal)
            .Select(path => Trace(RunFolder.At(path), identity))
            .FirstOrDefault(trace => trace?.Suffices(search, draw, borders) == true);
    }

    // A defect of another run must not fail this one.
    private static SearchTrace? Trace(RunFolder run, string identity)
    {
        try
        {
            return
                run.IsFinished
                && File.Exists(run.EnvironmentFile)
                && EnvironmentStamp.Load(run.EnvironmentFile).Extra.GetValueOrDefault(EnvironmentFacts.Search)
                    == identity
                ? SearchTrace.Read(run)
                : null;
        }
        catch (Exception e)
            when (e is DataException or CheckpointException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
