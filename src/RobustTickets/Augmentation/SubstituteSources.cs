// The tables of substitute words, each with its identity.
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Augmentation;

/// <summary>Tables of substitute words; those that a recipe does not use are null.</summary>
/// <param name="Neighbours">The attacks' neighbour table.</param>
/// <param name="WordNet">WordNet.</param>
/// <param name="Embeddings">Neighbours among the checkpoint's own word embeddings.</param>
/// <param name="StopWords">Words that are not replaced by neighbours.</param>
/// <param name="NltkStopWords">Words without synonyms and typing errors.</param>
/// <param name="Files">Name, hash and content of every file.</param>
internal sealed record SubstituteSources(
    INeighbourSource? Neighbours,
    WordNet? WordNet,
    INeighbourSource? Embeddings,
    StopWords StopWords,
    StopWords NltkStopWords,
    IReadOnlyList<ResourceInfo> Files
)
{
    /// <summary>
    /// Everything in the files that affects substitution; part of a run's identity.
    /// </summary>
    public string Identity =>
        string.Concat(Files.Select(f => $"{f.Kind} {(f.Sha256.Length > 0 ? f.Sha256 : f.Name)}\n"));

    /// <summary>
    /// Creates the tables for some options, restricted to the words of the training texts.
    /// </summary>
    /// <param name="options">Number of neighbours, and held-out words.</param>
    /// <param name="words">Lower-cased words of the training texts.</param>
    public SubstituteTables Tables(AugmentOptions options, IReadOnlyCollection<string> words)
    {
        var heldOut = new HeldOutWords(options.HeldOutShare);
        return new SubstituteTables(
            Nearest(options.NeighbourRate > 0 ? Neighbours : null),
            options.WordnetRate > 0 ? SubstituteTable.Of(words, new WordNetSwap(WordNet!).Substitutes, heldOut) : null,
            Nearest(options.EmbeddingRate > 0 ? Embeddings : null)
        );

        SubstituteTable? Nearest(INeighbourSource? source)
        {
            if (source is null)
                return null;
            source.Prepare(words, options.Neighbours, CancellationToken.None);
            return SubstituteTable.Of(words, word => source.Nearest(word, options.Neighbours), heldOut);
        }
    }
}

/// <summary>The tables of one stage.</summary>
/// <param name="Neighbours">The attacks' neighbours, or null.</param>
/// <param name="WordNet">Synonyms, or null.</param>
/// <param name="Embeddings">Neighbours among the checkpoint's embeddings, or null.</param>
internal sealed record SubstituteTables(
    SubstituteTable? Neighbours,
    SubstituteTable? WordNet,
    SubstituteTable? Embeddings
);

/// <summary>Substitutes of lower-cased words.</summary>
internal sealed class SubstituteTable
{
    private readonly Dictionary<string, string[]> _rows;

    private SubstituteTable(Dictionary<string, string[]> rows) => _rows = rows;

    /// <summary>
    /// Creates the table of some words; held-out words are neither rows nor substitutes.
    /// </summary>
    public static SubstituteTable Of(
        IEnumerable<string> words,
        Func<string, IEnumerable<string>> substitutes,
        HeldOutWords heldOut
    )
    {
        var rows = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var word in words.Where(w => !heldOut.Contains(w)))
        {
            var row = substitutes(word)
                .Where(s => s != word && !heldOut.Contains(PythonText.Lower(s)))
                .Distinct(StringComparer.Ordinal)
                .ToArray();
            if (row.Length > 0)
                rows[word] = row;
        }
        return new SubstituteTable(rows);
    }

    /// <summary>The substitutes of a lower-cased word; empty if there are none.</summary>
    public ReadOnlySpan<string> Of(string word) => _rows.GetValueOrDefault(word);
}
