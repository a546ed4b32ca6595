// Online substitution (Ivgi and Berant, EMNLP 2021): at every step, random words of the training
// texts are replaced from the attacks' own word tables, or get a typing error.
// docs/methods/augmentation.md describes each field.
using System.Text.Json.Serialization;

namespace RobustTickets.Augmentation;

/// <summary>The letters of a word that a typing error may change.</summary>
public enum TypingErrorPlace
{
    /// <summary>
    /// As in DeepWordBug and TextBugger: any letter, but no space before the first or the last.
    /// </summary>
    AsAttacks,

    /// <summary>First and last letter are kept.</summary>
    Inner,
}

/// <summary>How a word's substitute is chosen.</summary>
public enum SubstituteChoice
{
    /// <summary>Uniformly at random.</summary>
    Uniform,

    /// <summary>
    /// The rarer in context of two random ones, by counts over the training texts (n-gram frequency
    /// descent, Lu et al. 2023).
    /// </summary>
    Rarer,
}

/// <summary>Adversarial substitution: the changed text with the highest loss.</summary>
/// <param name="Candidates">Random changes per text, of which the one with the highest loss is
/// trained on; each costs a forward pass over the changed texts.</param>
/// <param name="Every">Steps between searches; the other steps use a random change.</param>
public sealed record SubstituteSearchOptions(int Candidates = 4, int Every = 1);

/// <summary>
/// Text augmentation before tokenisation. A word is changed at most once: the rates are fractions
/// of the words, with a sum of at most 1. A word without substitutes in its table is unchanged.
/// </summary>
/// <param name="NeighbourRate">Fraction of words replaced from the attacks' neighbour table; words
/// on TextFooler's stop list are unchanged.</param>
/// <param name="WordnetRate">Fraction of words replaced by a WordNet synonym, as in PWWS; words on
/// NLTK's stop list are unchanged.</param>
/// <param name="EmbeddingRate">Fraction of words replaced by a neighbour in the checkpoint's own
/// word embeddings, which needs no file; words on TextFooler's stop list are unchanged.</param>
/// <param name="CharacterRate">Fraction of words that get one typing error of DeepWordBug,
/// TextBugger or a keyboard; words on NLTK's stop list are unchanged.</param>
/// <param name="TextRate">Fraction of texts that are changed at all.</param>
/// <param name="VaryRates">Whether the rates of each text are multiplied by a uniform random number
/// in [0, 1), so that lightly changed texts occur as well.</param>
/// <param name="Neighbours">Maximum neighbours per word to choose from, nearest first.</param>
/// <param name="TypingErrors">The letters a typing error may change.</param>
/// <param name="Choice">How a word's substitute is chosen.</param>
/// <param name="HeldOutShare">Fraction of all words, by hash, that tables neither replace nor
/// insert, so that robustness to them can be measured; 0 holds out none.</param>
/// <param name="KeepOriginal">Whether a step trains on every original text too: twice the number of
/// tokens.</param>
/// <param name="Consistency">Weight of the symmetric KL divergence between the output distributions
/// of a text and of its changed form; needs <paramref name="KeepOriginal"/>.</param>
/// <param name="Search">Adversarial substitution, or null; null is omitted from the JSON
/// form.</param>
public sealed record AugmentOptions(
    double NeighbourRate = 0.0,
    double WordnetRate = 0.0,
    double EmbeddingRate = 0.0,
    double CharacterRate = 0.0,
    double TextRate = 1.0,
    bool VaryRates = false,
    int Neighbours = 8,
    TypingErrorPlace TypingErrors = TypingErrorPlace.AsAttacks,
    SubstituteChoice Choice = SubstituteChoice.Uniform,
    double HeldOutShare = 0.0,
    bool KeepOriginal = false,
    double Consistency = 0.0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SubstituteSearchOptions? Search = null
);
