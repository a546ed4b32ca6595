// Online substitution (Ivgi and Berant, EMNLP 2021): at every step, words of the training texts are
// replaced at random from the attacks' own word tables, or given a typing error.
// docs/methods/augmentation.md says what each field does.
using System.Text.Json.Serialization;

namespace RobustTickets.Augmentation;

/// <summary>Which letters of a word a typing error may touch.</summary>
public enum TypingErrorPlace
{
    /// <summary>
    /// As in DeepWordBug and TextBugger: any letter, but no space before the first or the last.
    /// </summary>
    AsAttacks,

    /// <summary>First and last letter stay where they are.</summary>
    Inner,
}

/// <summary>Which of a word's substitutes is taken.</summary>
public enum SubstituteChoice
{
    /// <summary>Each with the same probability.</summary>
    Uniform,

    /// <summary>
    /// The rarer of two that are drawn, in its place in the text, counted over the training texts
    /// (n-gram frequency descent, Lu et al. 2023).
    /// </summary>
    Rarer,
}

/// <summary>Searched substitution: the change of a text that the network errs most on.</summary>
/// <param name="Candidates">Random changes of each text, of which the one with the highest loss is
/// trained on; each costs a forward pass over the changed texts.</param>
/// <param name="Every">Steps from one search to the next; the others take a random change.</param>
public sealed record SubstituteSearchOptions(int Candidates = 4, int Every = 1);

/// <summary>
/// What happens to the texts of a step before they are tokenised. A word is touched at most once:
/// the rates are shares of the words, and their sum is at most 1. A word for which its table has
/// nothing stays.
/// </summary>
/// <param name="NeighbourRate">Share of words replaced by a neighbour in the attacks' neighbour
/// table; words on TextFooler's stop list stay.</param>
/// <param name="WordnetRate">Share of words replaced by a synonym in WordNet, as PWWS does; words
/// on NLTK's stop list stay.</param>
/// <param name="EmbeddingRate">Share of words replaced by a neighbour among the word embeddings of
/// the checkpoint itself, which needs no file; words on TextFooler's stop list stay.</param>
/// <param name="CharacterRate">Share of words given one typing error of DeepWordBug, of TextBugger
/// or of a keyboard; words on NLTK's stop list stay.</param>
/// <param name="TextRate">Share of texts that are changed at all.</param>
/// <param name="VaryRates">Whether the rates of each text are multiplied by a number drawn
/// uniformly from [0, 1), so that lightly changed texts are seen as well.</param>
/// <param name="Neighbours">Most neighbours of a word that are drawn from, nearest first.</param>
/// <param name="TypingErrors">Which letters a typing error may touch.</param>
/// <param name="Choice">Which of a word's substitutes is taken.</param>
/// <param name="HeldOutShare">Share of all words, by hash, that are neither replaced nor put in by
/// a table, so that robustness over them can be measured; 0 holds out none.</param>
/// <param name="KeepOriginal">Whether a step trains on every text as it is as well, beside its
/// changed form: twice the word pieces.</param>
/// <param name="Consistency">Weight of the symmetric KL divergence between the distributions of a
/// text and of its changed form; needs <paramref name="KeepOriginal"/>.</param>
/// <param name="Search">Searched substitution, or null; left out of the JSON form then.</param>
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
