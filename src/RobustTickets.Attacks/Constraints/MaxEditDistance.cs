// TextAttack `LevenshteinEditDistance`: a limit on the characters by which a candidate differs from
// the original text.

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Constraints;

/// <summary>
/// The whole text, columns joined with a line feed, stays within an edit distance of the original.
/// </summary>
/// <param name="Maximum">Most insertions, deletions and substitutions of characters.</param>
public sealed record MaxEditDistance(int Maximum) : CandidateConstraint
{
    /// <inheritdoc/>
    public override string Name => "edit-distance";

    /// <inheritdoc/>
    public override bool ComparesWithOriginal => true;

    /// <inheritdoc/>
    public override IEnumerable<SearchRequest> Filter(AttackedText reference, List<Candidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(candidates);
        candidates.RemoveAll(c => EditDistance.UpTo(reference.Text, c.Text.Text, Maximum) > Maximum);
        return [];
    }
}
