// Word pairs for counter-fitting: synonyms (words of the same synset) and antonyms (WordNet's
// pointer "!" between words), both words being in the vocabulary.

namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Pairs of rows, lower row first, distinct and sorted.</summary>
/// <param name="Synonyms">Pairs to attract.</param>
/// <param name="Antonyms">Pairs to repel; none is also a synonym pair.</param>
internal sealed record LexicalConstraints(
    IReadOnlyList<(int First, int Second)> Synonyms,
    IReadOnlyList<(int First, int Second)> Antonyms
)
{
    /// <summary>WordNet's pairs whose words have vectors.</summary>
    public static LexicalConstraints Of(WordNet wordNet, WordVectors vectors) =>
        Of(wordNet.SynonymPairs(), wordNet.AntonymPairs(), vectors);

    /// <summary>
    /// The pairs whose words have vectors, as written or in lower case; a pair that is both counts
    /// as an antonym.
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
