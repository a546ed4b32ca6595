// The pairs that counter-fitting works on: synonyms (two words of one synset) and antonyms
// (WordNet's pointer "!" between words), both words being in the vocabulary.

namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Pairs of rows, the lower row first, each pair once, in order.</summary>
/// <param name="Synonyms">Words that should come nearer.</param>
/// <param name="Antonyms">Words that should go apart; none of them is a synonym pair too.</param>
internal sealed record LexicalConstraints(
    IReadOnlyList<(int First, int Second)> Synonyms,
    IReadOnlyList<(int First, int Second)> Antonyms
)
{
    /// <summary>The pairs of WordNet whose words have vectors.</summary>
    public static LexicalConstraints Of(WordNet wordNet, WordVectors vectors) =>
        Of(wordNet.SynonymPairs(), wordNet.AntonymPairs(), vectors);

    /// <summary>
    /// The pairs whose words have vectors, as written or else in lower case; a pair that is both is
    /// an antonym.
    /// </summary>
    public static LexicalConstraints Of(
        IEnumerable<(string First, string Second)> synonyms,
        IEnumerable<(string First, string Second)> antonyms,
        WordVectors vectors
    )
    {
        var apart = Rows(antonyms, vectors);
        var near = Rows(synonyms, vectors);
        near.ExceptWith(apart);
        return new LexicalConstraints([.. near.Order()], [.. apart.Order()]);
    }

    private static HashSet<(int, int)> Rows(IEnumerable<(string First, string Second)> pairs, WordVectors vectors)
    {
        var rows = new HashSet<(int, int)>();
        foreach (var (first, second) in pairs)
        {
            var (a, b) = (vectors.IndexOfAnyCase(first), vectors.IndexOfAnyCase(second));
            if (a >= 0 && b >= 0 && a != b)
                rows.Add((Math.Min(a, b), Math.Max(a, b)));
        }
        return rows;
    }
}
