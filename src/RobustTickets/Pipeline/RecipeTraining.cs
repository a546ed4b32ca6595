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
    /// <summary>Runs the recipe: searches, draws, trains and evaluates.</summary>
    /// <param name="recipe">The training recipe.</param>
    /// <param name="model">Hugging Face folder of the pre-trained checkpoint, or the name of a
    /// model (<see cref="ModelStore"/>).</param>
    /// <param name="data">File or folder of the data set.</param>
    /// <param name="output">Run folder; it must not contain a run yet.</param>
    /// <param name="progress">Receives progress events, or null.</param>
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

    /// <summary>Runs a request, or resumes its run.</summary>
    /// <param name="request">Recipe, model, data, run folder and execution options.</param>
    /// <param name="progress">Receives progress events, or null.</param>
    /// <param name="stop">Cancelling it ends the run after the current step, with a
    /// checkpoint.</param>
    /// <exception cref="RequestException">This machine does not support the execution
    /// options.</exception>
    /// <exception cref="RecipeException">The recipe cannot run, or differs from the run's own on
    /// resumption.</exception>
    /// <exception cref="CheckpointException">Model folder or checkpoint is missing or
    /// corrupt.</exception>
    /// <exception cref="DataException">Data are missing or malformed.</exception>
    /// <exception cref="RunFolderException">The folder already contains a run, or none to
    /// resume.</exception>
    /// <exception cref="NumericFailureException">Training produced a number that is not
    /// finite.</exception>
    /// <exception cref="NothingLearnedException">The search changed no value that a ticket could be
    /// drawn from.</exception>
    /// <exception cref="FolderInUseException">Another process is writing to the run
    /// folder.</exception>
    /// <exception cref="OutputException">The run folder was removed, or cannot be
    /// written.</exception>
    /// <exception cref="RanksException">A rank of a distributed run did not connect, failed or
    /// disconnected.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled; the
    /// checkpoint is written.</exception>
    public static TrainedRun Run(
        this TrainRequest request,
        IProgress<RunEvent>? progress = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        // The examples are read once, and shared by training and the returned run.
        var shared = request.Cache is null ? request with { Cache = new RunDataCache() } : request;
        var result = RecipeRunner.Run(shared, progress, stop);
        return TrainedRun.Of(shared, result, stop);
    }
}
