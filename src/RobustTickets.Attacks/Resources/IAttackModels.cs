using RobustTickets.Attacks.Engine;

namespace RobustTickets.Attacks;

/// <summary>Kinds of models used by attacks.</summary>
public enum AttackModelKind
{
    /// <summary>Encodes sentences as vectors.</summary>
    SentenceEncoder,

    /// <summary>Predicts words at a position of a text.</summary>
    MaskedLanguageModel,
}

/// <summary>
/// Loads models for attacks from their folders; this package contains no models. The creator of the
/// loader owns the loaded models.
/// </summary>
public interface IAttackModels
{
    /// <summary>
    /// Default folder of the sentence encoder, when none is named and the resource folder has none;
    /// may be null.
    /// </summary>
    string? DefaultEncoder { get; }

    /// <summary>
    /// Resolves a folder or model name to a folder; anything else is returned unchanged.
    /// </summary>
    string Locate(string model) => model;

    /// <summary>Describes the model in a folder from its files, without loading it.</summary>
    /// <exception cref="DataException">The model is missing, malformed, or of another
    /// kind.</exception>
    string Describe(string folder, AttackModelKind kind);

    /// <summary>Loads a sentence encoder.</summary>
    /// <exception cref="DataException">The model is missing or malformed.</exception>
    ISentenceEncoder LoadEncoder(string folder);

    /// <summary>Loads a masked language model.</summary>
    /// <exception cref="DataException">The model is missing, malformed, or has no masked-LM
    /// head.</exception>
    IMaskedLanguageModel LoadMaskedLM(string folder);
}
