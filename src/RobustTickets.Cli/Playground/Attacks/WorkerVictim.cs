using RobustTickets.Attacks;

namespace RobustTickets.Cli.Playground.Attacks;

/// <summary>A model as a victim whose questions wait their turn among those of other requests; for
/// threads that may wait.</summary>
/// <param name="model">The model.</param>
/// <param name="worker">Runs it.</param>
/// <param name="stop">Ends the waiting.</param>
/// <param name="asked">Is told how many texts are asked for.</param>
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
