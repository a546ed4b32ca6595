namespace RobustTickets;

/// <summary>Runs recipes.</summary>
public static class RecipeTraining
{
    /// <summary>Runs the recipe: searches, draws, trains and evaluates.</summary>
    /// <param name="recipe">The training recipe.</param>
    /// <param name="model">Hugging Face folder of the pre-trained checkpoint, the name of a model
    /// (<see cref="ModelStore"/>), or a run folder, whose model is trained further.</param>
    /// <param name="data">File or folder of the data set.</param>
    /// <param name="output">Run folder; it must not contain a run yet.</param>
    /// <param name="progress">Receives progress events, or null.</param>
    /// <param name="execution">Device, precision, threads; null: this machine's CPU in
    /// float32.</param>
    /// <param name="stop">Cancels the run after the current step, with a checkpoint.</param>
    /// <inheritdoc cref="TrainRequest.Run" path="/exception"/>
    public static TrainedRun Train(
        this Recipe recipe,
        string model,
        string data,
        string output,
        IProgress<RunEvent>? progress = null,
        Execution? execution = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(output);
        return new TrainRequest(recipe, model, data, output, Execution: execution).Run(progress, stop);
    }

    /// <summary>Trains the recipe with the default execution.</summary>
    /// <inheritdoc cref="Train(Recipe, string, string, string, IProgress{RunEvent}?, Execution?, CancellationToken)"/>
    public static TrainedRun Train(
        this Recipe recipe,
        string model,
        string data,
        string output,
        IProgress<RunEvent>? progress,
        CancellationToken stop
    ) => recipe.Train(model, data, output, progress, execution: null, stop);
}
