// Constraints on candidate texts (TextAttack `Constraint`). Word-level constraints need only a
// position and a new word, so all words of an example can be checked before any model call. Others
// may yield requests to models.

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Constraints;

/// <summary>A constraint that accepts or rejects candidate texts.</summary>
public abstract record CandidateConstraint
{
    /// <summary>Short name in settings and rejection counts.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// True: candidates are compared with the original text; false: with the text they were
    /// generated from.
    /// </summary>
    public abstract bool ComparesWithOriginal { get; }

    /// <summary>Removes rejected candidates, keeping the order of the others.</summary>
    public abstract IEnumerable<SearchRequest> Filter(AttackedText reference, List<Candidate> candidates);
}

/// <summary>A constraint on a single replaced word.</summary>
public abstract record WordConstraint : CandidateConstraint
{
    /// <summary>
    /// Whether <paramref name="word"/> is accepted at that position of the reference text.
    /// </summary>
    public abstract bool Accepts(AttackedText reference, int position, string word);

    /// <summary>
    /// Keeps candidates whose new words are all accepted. A new position beyond the end of either
    /// text rejects the candidate (TextAttack 0.3.0 throws there).
    /// </summary>
    public sealed override IEnumerable<SearchRequest> Filter(AttackedText reference, List<Candidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(candidates);
        candidates.RemoveAll(c => !Accepts(reference, c.Text));
        return [];
    }

    private bool Accepts(AttackedText reference, AttackedText candidate)
    {
        foreach (var p in (int[])candidate.NewPositions)
        {
            if (
                p >= reference.WordArray.Length
                || p >= candidate.WordArray.Length
                || !Accepts(reference, p, candidate.WordArray[p])
            )
                return false;
        }
        return true;
    }
}
