using RobustTickets.Attacks;

namespace RobustTickets.Cli.Playground.Attacks;

/// <summary>
/// A model as a victim whose queries are queued with those of other requests; blocks the calling
/// thread.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="worker">Runs it.</param>
/// <param name="stop">Cancels waiting.</param>
/// <param name="asked">Receives the number of texts of each query.</param>
internal sealed class WorkerVictim(
    PlaygroundModel model,
    ModelWorker worker,
    CancellationToken stop,
    Action<int>? asked = null
) : IVictim
{
    /// <inheritdoc/>
    public int ClassCount => model.Classifier.ClassCount;

    /// <inheritdoc/>
    public double[][] Predict(IReadOnlyList<TextPair> inputs)
    {
        stop.ThrowIfCancellationRequested();
        asked?.Invoke(inputs.Count);
        return worker.PredictAsync(model.Classifier, inputs, stop).WaitAsync(stop).GetAwaiter().GetResult();
    }
}
