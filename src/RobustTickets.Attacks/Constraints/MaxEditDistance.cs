// TextAttack `LevenshteinEditDistance`: limits the character edit distance between a candidate and
// the original text.

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Constraints;

/// <summary>
/// Limits the edit distance of the full text (columns joined by a line feed) from the original.
/// </summary>
/// <param name="Maximum">Maximum insertions, deletions and substitutions of characters.</param>
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
