namespace RobustTickets.Attacks;

/// <summary>
/// A loaded classifier of texts, whatever runs it: a Hugging Face folder on libtorch, an ONNX file.
/// Safe to call from many threads.
/// </summary>
public interface ITextClassifier : IVictim, IDisposable
{
    /// <summary>Where it was loaded from, for people.</summary>
    string Name { get; }

    /// <summary>Class names in order.</summary>
    IReadOnlyList<string> Labels { get; }

    /// <summary>
    /// Word pieces per text, special tokens included; longer texts are truncated.
    /// </summary>
    int MaxLength { get; }

    /// <summary>
    /// What was passed over or adapted on loading, one sentence each; for the user to be told.
    /// </summary>
    IReadOnlyList<string> Notes { get; }

    /// <summary>Logits of each text (pair), <c>[C]</c> each, in input order.</summary>
    float[][] Logits(IReadOnlyList<TextPair> texts);

    /// <summary>
    /// The same until it is stopped, between two batches where there are several.
    /// </summary>
    /// <param name="texts">The texts.</param>
    /// <param name="stop">Ends the call.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    float[][] Logits(IReadOnlyList<TextPair> texts, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return Logits(texts);
    }

    /// <summary>Number of word pieces of a text (pair) before it is cut, up to one more than
    /// <see cref="MaxLength"/>.</summary>
    int Length(TextPair text);
}
