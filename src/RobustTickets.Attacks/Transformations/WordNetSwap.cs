// TextAttack `WordSwapWordNet`: replaces a word by the other words of its synsets, without phrases
// (names with an underscore) and anything that TextAttack does not split into exactly one word.
// Letter case is WordNet's; parts of speech are not compared.

using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Replaces a word by its synonyms in WordNet.</summary>
/// <param name="WordNet">The database.</param>
/// <param name="Version">Release whose word splitting decides what is one word.</param>
public sealed record WordNetSwap(WordNet WordNet, TextAttackVersion Version = TextAttackVersion.V034) : WordSwap
{
    /// <inheritdoc/>
    public override string Name => "wordnet-swap";

    /// <inheritdoc/>
    public override IEnumerable<string> Substitutes(string word) =>
        WordNet
            .Synonyms(word)
            .Where(s => s != word && !s.Contains('_', StringComparison.Ordinal) && WordSplitter.HasOneWord(s, Version));
}
