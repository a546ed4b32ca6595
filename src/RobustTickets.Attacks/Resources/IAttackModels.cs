using RobustTickets.Attacks.Engine;

namespace RobustTickets.Attacks;

/// <summary>Models that attacks are built from.</summary>
public enum AttackModelKind
{
    /// <summary>Gives vectors of sentences.</summary>
    SentenceEncoder,

    /// <summary>Gives words for a place of a text.</summary>
    MaskedLanguageModel,
}

/// <summary>
/// Loads the models of attacks from their folders; this package runs none itself. Whoever makes it
/// owns what it has loaded.
/// </summary>
public interface IAttackModels
{
    /// <summary>
    /// Folder of the sentence encoder when none is named and none lies in the resource folder; null
    /// when there is no such folder.
    /// </summary>
    string? DefaultEncoder { get; }

    /// <summary>
    /// The folder of a model that is given by its folder or by a name; what is neither comes back
    /// as it is.
    /// </summary>
    string Locate(string model) => model;

    /// <summary>What a folder holds, from its files alone, without loading the model.</summary>
    /// <exception cref="DataException">It is missing, malformed, or of another kind.</exception>
    string Describe(string folder, AttackModelKind kind);

    /// <summary>Loads a sentence encoder.</summary>
    /// <exception cref="DataException">It is missing or malformed.</exception>
    ISentenceEncoder LoadEncoder(string folder);

    /// <summary>Loads a masked language model.</summary>
    /// <exception cref="DataException">It is missing, malformed, or has no such head.</exception>
    IMaskedLanguageModel LoadMaskedLM(string folder);
}
