using RobustTickets.Attacks.Engine;

namespace RobustTickets.Attacks;

/// <summary>
/// Loads models of another form than Hugging Face folders, so that requests may name them. Each
/// member gives null for a path that is none of its own.
/// </summary>
public interface IModelLoader
{
    /// <summary>Whether a path is a model of this form, from its name and files alone.</summary>
    bool Knows(string path);

    /// <summary>Loads a classifier.</summary>
    /// <param name="path">The model.</param>
    /// <param name="maxLength">Most word pieces of a text; null: the tokenizer's own limit.</param>
    /// <param name="threads">Threads of one call; null: every core.</param>
    /// <exception cref="DataException">It is malformed or no classifier.</exception>
    ITextClassifier? LoadClassifier(string path, int? maxLength, int? threads);

    /// <summary>Loads a sentence encoder.</summary>
    /// <exception cref="DataException">It is malformed or no encoder.</exception>
    ISentenceEncoder? LoadEncoder(string path);

    /// <summary>Loads a masked language model.</summary>
    /// <exception cref="DataException">It is malformed or no masked language model.</exception>
    IMaskedLanguageModel? LoadMaskedLM(string path);

    /// <summary>What a model holds, from its file alone.</summary>
    /// <exception cref="DataException">It is malformed.</exception>
    string? Describe(string path, AttackModelKind kind);
}
