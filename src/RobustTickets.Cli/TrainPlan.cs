// train --dry-run: prints what would run, on which data, and for how long. Reads the data exactly
// as the run does; needs no native library.
using System.Text.Json.Nodes;
using RobustTickets.Experiments;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Recipes;
using RobustTickets.Recipes.Json;
using RobustTickets.Searches;
using RobustTickets.Training;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli;

internal static class TrainPlan
{
    /// <summary>Prints what a request would do.</summary>
    /// <param name="context">Receives the output.</param>
    /// <param name="request">The request; with several seeds, that of the first.</param>
    /// <param name="seeds">Seeds of one run each, or null for a single run.</param>
    /// <param name="notChecked">What was not checked of its execution, or null.</param>
    /// <param name="json">Whether to print JSON.</param>
    public static int Print(
        CliContext context,
        TrainRequest request,
        IReadOnlyList<int>? seeds,
        string? notChecked,
        bool json
    )
    {
        string[] folders = [.. seeds?.Select(s => SeedRuns.Folder(request.Output, s)) ?? [request.Output]];
        var target = request.Output;
        request = request with { Output = folders[0] };
        var recipe = request.Recipe;
        using var inputs = RunInputs.Open(request, context.Stop.Token);
        var data = inputs.Data;
        var notes = inputs.Notes(recipe).ToArray();
        var needs = inputs.Needs(recipe);
        var disk = needs.DiskBytesOf(folders.Length, request.KeepCheckpoints);
        var examples = data.Train.Examples.Count;
        var attacked = recipe.Evaluate.EpochAttack is { } attack ? EpochAttacks.Sample(attack, data).Count : 0;
        var perEpoch = StepCounts.PerEpoch(recipe.BatchSize, examples);
        var retrain = StepCounts.Of(recipe.BatchSize, recipe.Retrain.Epochs, examples);
        long? search = recipe.Search is null ? null : SearchSteps.AtMost(recipe.Search, recipe.BatchSize, examples);
        var length = SearchLength.Of(recipe.Search, recipe.BatchSize, examples);
        if (json)
        {
            var plan = new JsonObject
            {
                ["recipe"] = JsonNode.Parse(RecipeJson.Write(recipe)),
                ["model"] = request.Model,
                ["out"] = target,
                ["labels"] = JsonOutput.Array(data.Labels),
                ["train_examples"] = examples,
                ["train_tokens"] = data.Train.Tokens,
                ["train_truncated"] = data.Train.Truncated,
                ["development_split"] = data.DevelopmentName,
                ["development_examples"] = data.Development.Examples.Count,
                ["evaluation_split"] = data.EvaluationName,
                ["evaluation_examples"] = data.Evaluation.Examples.Count,
                ["steps_per_epoch"] = perEpoch,
                ["search_steps_at_most"] = search,
                ["search_snapshots_at_most"] = length?.Snapshots,
                ["retrain_steps"] = retrain,
                ["epoch_attack_examples"] = attacked == 0 ? null : attacked,
                ["memory_bytes"] = needs.Memory.Bytes,
                ["memory_state_bytes"] = needs.Memory.StateBytes,
                ["memory_activation_bytes"] = needs.Memory.ActivationBytes,
                ["disk_bytes"] = disk,
                ["notes"] = JsonOutput.Array([
                    .. inputs.Files.Notes,
                    .. notes,
                    .. notChecked is null ? Array.Empty<string>() : [notChecked],
                ]),
            };
            if (seeds is not null)
            {
                plan["seeds"] = new JsonArray([.. seeds.Select(s => JsonValue.Create(s))]);
                plan["runs"] = JsonOutput.Array(folders);
            }
            JsonOutput.Write(context.Out, plan);
            return ExitCodes.Ok;
        }
        var output = context.Out;
        output.Write(RecipeJson.Write(recipe));
        output.WriteLine();
        output.WriteLine($"model    {request.Model}");
        if (seeds is not null)
            output.WriteLine(
                $"seeds    {string.Join(", ", seeds)}: one run each; the recipe above is that of seed {seeds[0]}"
            );
        foreach (var folder in folders)
            output.WriteLine($"out      {folder}");
        foreach (var note in inputs.Files.Notes)
            output.WriteLine($"note     {note}");
        if (notChecked is not null)
            output.WriteLine($"note     {notChecked}");
        foreach (var note in notes)
            output.WriteLine($"data     {note}");
        output.WriteLine(
            Text(
                $"train    {examples:N0} examples, {data.Train.Tokens:N0} word pieces ",
                $"({(double)data.Train.Tokens / examples:0.0} per example), {data.Train.Truncated:N0} truncated to ",
                $"{recipe.MaxLength}"
            )
        );
        if (!ReferenceEquals(data.Development, data.Evaluation))
            output.WriteLine(Text($"develop  {data.DevelopmentName}, {data.Development.Examples.Count:N0} examples"));
        output.WriteLine(Text($"evaluate {data.EvaluationName}, {data.Evaluation.Examples.Count:N0} examples"));
        output.WriteLine(Text($"steps    {perEpoch:N0} per epoch, batches of {recipe.BatchSize}"));
        if (search is { } steps)
        {
            var compared = recipe.Search is SlimmingSearchOptions slimming
                ? $", masks compared {slimming.SnapshotsPerEpoch} times per epoch, "
                    + $"at most {length!.Snapshots} times ({length.SnapshotsNeeded} needed)"
                : "";
            output.WriteLine(Text($"search   at most {steps:N0} steps{compared}"));
        }
        output.WriteLine(Text($"retrain  {retrain:N0} steps ({recipe.Retrain.Epochs} epochs)"));
        if (attacked > 0)
            output.WriteLine(
                Text(
                    $"attack   {recipe.Evaluate.EpochAttack!.Recipe} on {attacked:N0} development examples ",
                    $"after each epoch"
                )
            );
        foreach (var (path, options) in AugmentTables.Of(recipe))
            output.WriteLine($"augment  {path}: {AugmentLine.Of(options, inputs.Substitutes!)}");
        output.WriteLine($"memory   {needs.MemoryText}");
        output.WriteLine($"disk     {MachineNeeds.DiskText(target, disk)}");
        output.WriteLine("dry run: nothing was trained");
        return ExitCodes.Ok;
    }
}
