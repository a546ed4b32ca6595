using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Torch.Distributed;

namespace RobustTickets;

/// <summary>Runs recipes.</summary>
public static class RecipeTraining
{
    /// <summary>Searches, draws, trains and evaluates as the recipe says.</summary>
    /// <param name="recipe">The method and its numbers.</param>
    /// <param name="model">Hugging Face folder of the pre-trained checkpoint, or the name of a
    /// model (<see cref="ModelStore"/>).</param>
    /// <param name="data">File or folder of the data set.</param>
    /// <param name="output">Run folder; it holds no run yet.</param>
    /// <param name="progress">Told after every step, or null.</param>
    /// <param name="execution">Device, precision, threads; null: this machine's CPU in
    /// float32.</param>
    /// <param name="stop">Cancelling it ends the run after the current step, with a
    /// checkpoint.</param>
    /// <inheritdoc cref="Run" path="/exception"/>
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

    /// <summary>Runs, or goes on with, what a request says.</summary>
    /// <param name="request">Recipe, model, data, place and execution.</param>
    /// <param name="progress">Told after every step, or null.</param>
    /// <param name="stop">Cancelling it ends the run after the current step, with a
    /// checkpoint.</param>
    /// <exception cref="RequestException">The execution is not offered on this
    /// machine.</exception>
    /// <exception cref="RecipeException">The recipe cannot run, or differs from the one the run
    /// began with.</exception>
    /// <exception cref="CheckpointException">Model folder or checkpoint is missing or
    /// broken.</exception>
    /// <exception cref="DataException">Data are missing or malformed.</exception>
    /// <exception cref="RunFolderException">The folder holds a run, or none to go on
    /// with.</exception>
    /// <exception cref="NumericFailureException">Training produced a number that is not
    /// finite.</exception>
    /// <exception cref="NothingLearnedException">A search moved nothing that a ticket could be
    /// drawn from.</exception>
    /// <exception cref="FolderInUseException">Another process is writing to the run
    /// folder.</exception>
    /// <exception cref="OutputException">The run folder was removed, or cannot be
    /// written.</exception>
    /// <exception cref="RanksException">Of several ranks one did not come, failed or is
    /// gone.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled; the
    /// checkpoint is written.</exception>
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
