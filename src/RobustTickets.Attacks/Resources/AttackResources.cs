// Source of a recipe's resources: files (named ones, otherwise those of the user's resource folder)
// or objects given by the caller. Resources are never downloaded.

using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks;

/// <summary>Source of an attack recipe's resources.</summary>
public abstract record AttackResources
{
    /// <summary>
    /// The files of the user's resource folder (<see cref="ResourceFolder.OfUser"/>), read when a
    /// recipe is built.
    /// </summary>
    public static AttackResources FromUserFolder() => new ResourceFiles();

    internal abstract void Refuse(AttackRecipe recipe);

    internal abstract void Check(AttackRecipe recipe, IAttackModels? models);

    internal abstract AttackParts Load(AttackRecipe recipe, IAttackModels? models);

    internal abstract string? EncoderFolder(AttackRecipe recipe, IAttackModels? models);
}

/// <summary>
/// Resources given by the caller. A null resource drops the corresponding part of the recipe, and
/// its description says so; a model that the recipe requires must be given.
/// </summary>
/// <param name="Neighbours">Nearest neighbours of words.</param>
/// <param name="StopWords">Words that may not change.</param>
/// <param name="Vectors">Word vectors, for cosine constraints.</param>
/// <param name="Tagger">Part-of-speech tagger.</param>
/// <param name="Encoder">Sentence encoder.</param>
/// <param name="WordNet">Synonyms, for PWWS.</param>
/// <param name="MaskedLM">Masked language model, for BERT-Attack and BAE.</param>
public sealed record AttackParts(
    INeighbourSource Neighbours,
    StopWords StopWords,
    WordVectors? Vectors = null,
    PerceptronTagger? Tagger = null,
    ISentenceEncoder? Encoder = null,
    WordNet? WordNet = null,
    IMaskedLanguageModel? MaskedLM = null
) : AttackResources
{
    /// <summary>Name, hash and content of every file read.</summary>
    public IReadOnlyList<ResourceInfo> Files { get; init; } = [];

    internal override void Refuse(AttackRecipe recipe)
    {
        if (recipe.TakesWordNet && WordNet is null)
            throw new RequestException(nameof(WordNet), null, $"{recipe.Name} requires it for its synonyms; pass one");
        if (recipe.TakesMaskedLM && MaskedLM is null)
            throw new RequestException(nameof(MaskedLM), null, $"{recipe.Name} requires it for its words; pass one");
    }

    internal override void Check(AttackRecipe recipe, IAttackModels? models) { }

    internal override AttackParts Load(AttackRecipe recipe, IAttackModels? models) =>
        this with
        {
            Tagger = recipe.Options.PartOfSpeech ? Tagger : null,
            Encoder = recipe.Options.Similarity ? Encoder : null,
        };

    internal override string? EncoderFolder(AttackRecipe recipe, IAttackModels? models) => null;
}
