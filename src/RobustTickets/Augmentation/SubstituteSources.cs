// The tables that words are replaced from, as they were read, each with its identity.
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Augmentation;

/// <summary>Tables of substitutes; one that a recipe does not ask for is null.</summary>
/// <param name="Neighbours">The attacks' neighbour table.</param>
/// <param name="WordNet">WordNet.</param>
/// <param name="Embeddings">Neighbours among the checkpoint's own word embeddings.</param>
/// <param name="StopWords">Words that neighbours do not replace.</param>
/// <param name="NltkStopWords">Words that synonyms do not replace and typing errors spare.</param>
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
    /// Everything of the files that decides what words become; part of a run's identity.
    /// </summary>
    public string Identity =>
        string.Concat(Files.Select(f => $"{f.Kind} {(f.Sha256.Length > 0 ? f.Sha256 : f.Name)}\n"));

    /// <summary>The tables of some options, cut to the words that training texts hold.</summary>
    /// <param name="options">How many neighbours, and which words are held out.</param>
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
    /// The table of some words; a held-out word is neither a row nor a substitute.
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

    /// <summary>The substitutes of a lower-cased word; empty where there are none.</summary>
    public ReadOnlySpan<string> Of(string word) => _rows.GetValueOrDefault(word);
}
