using RobustTickets.Pipeline;

namespace RobustTickets;

/// <summary>Runs recipes.</summary>
public static class RecipeTraining
{
    /// <summary>Searches, draws, trains and evaluates as the recipe says.</summary>
    /// <param name="recipe">The method and its numbers.</param>
    /// <param name="model">Hugging Face folder of the pre-trained checkpoint.</param>
    /// <param name="data">File or folder of the data set.</param>
    /// <param name="output">Run folder; it holds no run yet.</param>
    /// <param name="progress">Told after every step, or null.</param>
    /// <param name="stop">Cancelling it ends the run after the current step, with a
    /// checkpoint.</param>
    /// <param name="execution">Device, precision, threads; null: this machine's CPU in
    /// float32.</param>
    /// <inheritdoc cref="RecipeRunner.Run" path="/exception"/>
    public static TrainedRun Train(
        this Recipe recipe,
        string model,
        string data,
        string output,
        IProgress<RunEvent>? progress = null,
        CancellationToken stop = default,
        Execution? execution = null
    ) => new TrainRequest(recipe, model, data, output, Execution: execution).Run(progress, stop);

    /// <summary>Runs, or goes on with, what a request says.</summary>
    /// <param name="request">Recipe, model, data, place and execution.</param>
    /// <param name="progress">Told after every step, or null.</param>
    /// <param name="stop">Cancelling it ends the run after the current step, with a
    /// checkpoint.</param>
    /// <inheritdoc cref="RecipeRunner.Run" path="/exception"/>
    public static TrainedRun Run(
        this TrainRequest request,
        IProgress<RunEvent>? progress = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        // The examples are read once, for the training and for whoever asks the run for them.
        var shared = request.Cache is null ? request with { Cache = new RunDataCache() } : request;
        var result = RecipeRunner.Run(shared, progress, stop);
        return TrainedRun.Of(shared, result, stop);
    }
}
