namespace RobustTickets.Attacks.Engine;

/// <summary>
/// Encodes sentences as vectors for similarity constraints. As for victims, a sentence's vector
/// must not depend on the rest of the batch.
/// </summary>
public interface ISentenceEncoder
{
    /// <summary>Name in settings and summaries (model and pooling).</summary>
    string Name { get; }

    /// <summary>Length D of every vector.</summary>
    int Dimension { get; }

    /// <summary>One vector of length D per text, in input order.</summary>
    double[][] Encode(IReadOnlyList<string> texts);

    /// <summary>
    /// Cancellable <see cref="Encode(IReadOnlyList{string})"/>; the engine calls this overload.
    /// The default implementation does not interrupt a running call.
    /// </summary>
    /// <param name="texts">The texts.</param>
    /// <param name="stop">Cancels the call.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    double[][] Encode(IReadOnlyList<string> texts, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return Encode(texts);
    }
}
