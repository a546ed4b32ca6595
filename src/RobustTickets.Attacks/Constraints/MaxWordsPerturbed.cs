// TextAttack `MaxWordsPerturbed`: a candidate may differ from the original text at ceil(share x
// words of the shorter text) places at most.

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Constraints;

/// <summary>Limits the places whose words differ from the original text's.</summary>
/// <param name="Share">Largest share of places, rounded up to a whole number of them.</param>
public sealed record MaxWordsPerturbed(double Share) : CandidateConstraint
{
    /// <inheritdoc/>
    public override string Name => "max-words-perturbed";

    /// <inheritdoc/>
    public override bool ComparesWithOriginal => true;

    /// <inheritdoc/>
    public override IEnumerable<SearchRequest> Filter(AttackedText reference, List<Candidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(candidates);
        candidates.RemoveAll(c =>
            c.Text.WordsChanged(reference)
            > Math.Ceiling(Math.Min(c.Text.WordArray.Length, reference.WordArray.Length) * Share)
        );
        return [];
    }
}
