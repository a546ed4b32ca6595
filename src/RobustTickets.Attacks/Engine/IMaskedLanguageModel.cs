namespace RobustTickets.Attacks.Engine;

/// <summary>A question about the likely tokens at one position of a text.</summary>
/// <param name="Text">The text, encoded as one segment; it may contain the mask token.</param>
/// <param name="Position">Token index, special tokens included.</param>
/// <param name="Count">Maximum number of tokens to return.</param>
/// <param name="MinProbability">Minimum probability of a returned token.</param>
public readonly record struct MaskedQuestion(string Text, int Position, int Count, double MinProbability = 0);

/// <summary>
/// A masked language model with its tokenizer, for attacks that use it for substitutes. As for
/// victims, an answer must not depend on the rest of the batch. Tokenizing members are called from
/// several threads concurrently; <c>Predict</c> from one.
/// </summary>
public interface IMaskedLanguageModel
{
    /// <summary>Name in settings and summaries.</summary>
    string Name { get; }

    /// <summary>Number of tokens V.</summary>
    int VocabularySize { get; }

    /// <summary>Maximum sequence length in tokens, special tokens included.</summary>
    int MaxLength { get; }

    /// <summary>The mask token's string; recognised anywhere in a text.</summary>
    string MaskToken { get; }

    /// <summary>Index of the mask token.</summary>
    int MaskId { get; }

    /// <summary>String of a token; <c>##</c> marks a piece that continues a word.</summary>
    string Token(int id);

    /// <summary>
    /// Token ids of a text with special tokens, truncated to <see cref="MaxLength"/>, not padded:
    /// [T].
    /// </summary>
    int[] Encode(string text);

    /// <summary>Number of word pieces of a single word, without special tokens.</summary>
    int PieceCount(string word);

    /// <summary>
    /// The most probable tokens per question, in descending order, ties by lower index; empty for a
    /// position beyond the text's tokens.
    /// </summary>
    int[][] Predict(IReadOnlyList<MaskedQuestion> questions);

    /// <summary>
    /// Cancellable <see cref="Predict(IReadOnlyList{MaskedQuestion})"/>; the engine calls this overload.
    /// The default implementation does not interrupt a running call.
    /// </summary>
    /// <param name="questions">The questions.</param>
    /// <param name="stop">Cancels the call.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    int[][] Predict(IReadOnlyList<MaskedQuestion> questions, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return Predict(questions);
    }
}
