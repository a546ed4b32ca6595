// Checks and adjusts a request for distributed training, before ranks connect.
using RobustTickets.Attacks;
using RobustTickets.Objectives;
using RobustTickets.Torch;
using RobustTickets.Torch.Distributed;
using RobustTickets.Training;

namespace RobustTickets.Pipeline.Checks;

/// <summary>Requests of distributed runs.</summary>
internal static class RankRequest
{
    /// <summary>
    /// The request adjusted for this rank: with its own GPU if GPUs are requested.
    /// </summary>
    /// <exception cref="RequestException">A batch has fewer examples than there are
    /// ranks.</exception>
    public static TrainRequest Checked(TrainRequest request)
    {
        if (request.Ranks is not { } ranks)
            return request;
        RankShare.Require(ranks.Size, request.Recipe.BatchSize);
        return request with { Execution = OnOwnDevice(request.Execution, ranks) };
    }

    /// <summary>Assigns the GPUs of a host to its ranks in turn.</summary>
    public static Execution OnOwnDevice(Execution execution, RankSettings ranks) =>
        execution.Device is { Kind: DeviceKind.Cuda, Index: 0 }
        && torch.device_count(DeviceKind.Cuda) is > 0 and var gpus
            ? execution with
            {
                Device = new Device(DeviceKind.Cuda, ranks.LocalRank % gpus),
            }
            : execution;

    /// <summary>Notes for the user on training a recipe with several ranks.</summary>
    public static IEnumerable<string> Notes(Recipe recipe, int ranks)
    {
        var (least, more) = (recipe.BatchSize / ranks, recipe.BatchSize % ranks);
        var each = more == 0 ? $"{least}" : $"{least} or {least + 1}";
        yield return $"training on {ranks} ranks, each with {each} of the {recipe.BatchSize} examples of a batch";
        if (Objectives(recipe).OfType<InfoBertOptions>().Any())
            yield return "InfoBERT's pairs are drawn among the examples of each rank, so the result depends on the "
                + "number of ranks";
    }

    private static IEnumerable<ObjectiveOptions> Objectives(Recipe recipe) =>
        recipe.Search switch
        {
            SlimmingSearchOptions slimming => [slimming.Objective, recipe.Retrain.Objective],
            MaskSearchOptions { FineTune: { } before } masks =>
            [
                before.Objective,
                masks.Objective,
                recipe.Retrain.Objective,
            ],
            MaskSearchOptions masks => [masks.Objective, recipe.Retrain.Objective],
            MagnitudeSearchOptions magnitude => [magnitude.Objective, recipe.Retrain.Objective],
            _ => [recipe.Retrain.Objective],
        };
}
