namespace RobustTickets.Attacks.Engine;

/// <summary>Asks what could stand at one place of a text.</summary>
/// <param name="Text">The text, encoded as one segment; it may hold the mask token.</param>
/// <param name="Position">Index among the text's tokens, special tokens included.</param>
/// <param name="Count">Most tokens wanted.</param>
/// <param name="MinProbability">Least probability of a wanted token.</param>
public readonly record struct MaskedQuestion(string Text, int Position, int Count, double MinProbability = 0);

/// <summary>
/// A masked language model with its tokenizer, for attacks that take substitutes from one. As for
/// victims, an answer must not depend on the questions around it.
/// Tokenizing members are called from many threads at once; <see cref="Predict"/> from one.
/// </summary>
public interface IMaskedLanguageModel
{
    /// <summary>Name shown in settings and summaries.</summary>
    string Name { get; }

    /// <summary>Number of tokens V.</summary>
    int VocabularySize { get; }

    /// <summary>The most tokens of a text, special tokens included.</summary>
    int MaxLength { get; }

    /// <summary>
    /// Spelling of the token that stands for a hidden word; recognised anywhere in a text.
    /// </summary>
    string MaskToken { get; }

    /// <summary>Index of the mask token.</summary>
    int MaskId { get; }

    /// <summary>Spelling of a token, with <c>##</c> before a piece that continues a word.</summary>
    string Token(int id);

    /// <summary>
    /// Tokens of a text with special tokens around them, cut to <see cref="MaxLength"/>, not
    /// padded: [T].
    /// </summary>
    int[] Encode(string text);

    /// <summary>Number of tokens of a word by itself, special tokens not counted.</summary>
    int PieceCount(string word);

    /// <summary>
    /// For each question the most probable tokens, best first, the lower index first of equals;
    /// none for a position beyond the text's tokens.
    /// </summary>
    int[][] Predict(IReadOnlyList<MaskedQuestion> questions);
}
