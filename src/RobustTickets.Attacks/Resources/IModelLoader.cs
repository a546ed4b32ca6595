using RobustTickets.Attacks.Engine;

namespace RobustTickets.Attacks;

/// <summary>
/// Loads models in formats other than Hugging Face folders, so that requests may name them. Each
/// member returns null for a path in another format.
/// </summary>
public interface IModelLoader
{
    /// <summary>Whether a path is a model in this format, from its name and files.</summary>
    bool Knows(string path);

    /// <summary>Loads a classifier.</summary>
    /// <param name="path">The model.</param>
    /// <param name="maxLength">Maximum sequence length; null: the tokenizer's own limit.</param>
    /// <param name="threads">Threads per call; null: all cores.</param>
    /// <exception cref="DataException">The model is malformed or not a classifier.</exception>
    ITextClassifier? LoadClassifier(string path, int? maxLength, int? threads);

    /// <summary>Loads a sentence encoder.</summary>
    /// <exception cref="DataException">The model is malformed or not an encoder.</exception>
    ISentenceEncoder? LoadEncoder(string path);

    /// <summary>Loads a masked language model.</summary>
    /// <exception cref="DataException">The model is malformed or not a masked language
    /// model.</exception>
    IMaskedLanguageModel? LoadMaskedLM(string path);

    /// <summary>Describes a model from its file, without loading it.</summary>
    /// <exception cref="DataException">The model is malformed.</exception>
    string? Describe(string path, AttackModelKind kind);
}
