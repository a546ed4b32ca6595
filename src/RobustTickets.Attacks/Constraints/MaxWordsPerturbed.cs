// TextAttack `MaxWordsPerturbed`: a candidate may differ from the original text at most at
// ceil(share x words of the shorter text) positions.

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Constraints;

/// <summary>Limits the positions whose words differ from the original text's.</summary>
/// <param name="Share">Maximum fraction of positions; the count is rounded up.</param>
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
