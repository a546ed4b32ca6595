namespace RobustTickets.Attacks;

/// <summary>
/// A classifier under attack: anything that maps texts to class probabilities, such as a BERT
/// model, a remote service or a lambda. A text must get the same row whatever else is in the batch
/// (the engine merges the queries of many examples).
/// </summary>
public interface IVictim
{
    /// <summary>Number of classes C.</summary>
    int ClassCount { get; }

    /// <summary>
    /// Class probabilities of each text, one row of length C per input, in input order.
    /// </summary>
    double[][] Predict(IReadOnlyList<TextPair> inputs);

    /// <summary>
    /// Cancellable <see cref="Predict(IReadOnlyList{TextPair})"/>; the engine calls this overload.
    /// The default implementation does not interrupt a running call.
    /// </summary>
    /// <param name="inputs">The texts.</param>
    /// <param name="stop">Cancels the call.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    double[][] Predict(IReadOnlyList<TextPair> inputs, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return Predict(inputs);
    }
}
