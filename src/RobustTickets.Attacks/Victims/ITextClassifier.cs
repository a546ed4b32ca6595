namespace RobustTickets.Attacks;

/// <summary>
/// A loaded text classifier with any backend: a Hugging Face folder on libtorch, an ONNX file.
/// Thread-safe.
/// </summary>
public interface ITextClassifier : IVictim, IDisposable
{
    /// <summary>Where it was loaded from, for display.</summary>
    string Name { get; }

    /// <summary>Class names in order.</summary>
    IReadOnlyList<string> Labels { get; }

    /// <summary>
    /// Maximum sequence length in word pieces, special tokens included; longer texts are truncated.
    /// </summary>
    int MaxLength { get; }

    /// <summary>
    /// Notes for the user on what was ignored or adapted on loading, one sentence each.
    /// </summary>
    IReadOnlyList<string> Notes { get; }

    /// <summary>Logits of each text (pair), <c>[C]</c> each, in input order.</summary>
    float[][] Logits(IReadOnlyList<TextPair> texts);

    /// <summary>
    /// Cancellable <see cref="Logits(IReadOnlyList{TextPair})"/>; cancellation takes effect between
    /// batches.
    /// </summary>
    /// <param name="texts">The texts.</param>
    /// <param name="stop">Cancels the call.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    float[][] Logits(IReadOnlyList<TextPair> texts, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return Logits(texts);
    }

    /// <summary>
    /// Number of word pieces of a text (pair) before truncation, up to one more than
    /// <see cref="MaxLength"/>.
    /// </summary>
    int Length(TextPair text);
}
