// TextAttack `WordSwapEmbedding`: the K nearest neighbours of the lower-cased word, in the word's
// letter case; a word without neighbours has no candidates.

using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Replaces a word by its nearest neighbours in an embedding.</summary>
/// <param name="Neighbours">Source of neighbours, nearest first.</param>
/// <param name="Count">Maximum number of neighbours.</param>
public sealed record EmbeddingSwap(INeighbourSource Neighbours, int Count) : WordSwap
{
    /// <inheritdoc/>
    public override string Name => "embedding-swap";

    /// <inheritdoc/>
    public override IEnumerable<string> Substitutes(string word)
    {
        foreach (var neighbour in Neighbours.Nearest(PythonText.Lower(word), Count))
            yield return LetterCase.Restore(neighbour, word);
    }

    /// <inheritdoc/>
    public override void Prepare(IReadOnlyCollection<string> words, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(words);
        Neighbours.Prepare([.. words.Select(PythonText.Lower).Distinct(StringComparer.Ordinal)], Count, stop);
    }
}
