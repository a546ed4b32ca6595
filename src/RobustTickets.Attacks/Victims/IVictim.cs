namespace RobustTickets.Attacks;

/// <summary>
/// A classifier under attack. Anything that maps texts to class probabilities can be one: a BERT
/// model, a remote service, a lambda.
/// Implementations must give the same row for the same text whatever the batch around it (the
/// engine merges the queries of many examples).
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
    /// The same until it is stopped: what the engine calls. Left as it is, a call that has begun
    /// runs to its end.
    /// </summary>
    /// <param name="inputs">The texts.</param>
    /// <param name="stop">Ends the call.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    double[][] Predict(IReadOnlyList<TextPair> inputs, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return Predict(inputs);
    }
}
