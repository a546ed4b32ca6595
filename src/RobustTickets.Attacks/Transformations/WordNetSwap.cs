// TextAttack `WordSwapWordNet`: a word becomes any word that shares a meaning with it. Not the word
// itself, no phrase (a name with an underscore), nothing that TextAttack cuts into several words or
// none. Letter case is WordNet's own and is not restored; parts of speech are not compared.

using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Replaces a word by its synonyms in WordNet.</summary>
/// <param name="WordNet">The database.</param>
/// <param name="Version">Whose rule says what one word is.</param>
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
