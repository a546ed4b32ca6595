// Constraints on candidate texts (TextAttack `Constraint`). Word-level ones look at one position
// and one new word and need nothing from outside; they can be decided for every word of an example
// before any model call. Others may yield requests.

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Constraints;

/// <summary>Says which candidate texts are acceptable.</summary>
public abstract record CandidateConstraint
{
    /// <summary>Short name for settings and rejection counts.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// True: candidates are compared with the original text; false: with the text they were made
    /// from.
    /// </summary>
    public abstract bool ComparesWithOriginal { get; }

    /// <summary>
    /// Removes the candidates that are not acceptable, keeping the order of the others.
    /// </summary>
    public abstract IEnumerable<SearchRequest> Filter(AttackedText reference, List<Candidate> candidates);
}

/// <summary>A constraint on one changed word in its place.</summary>
public abstract record WordConstraint : CandidateConstraint
{
    /// <summary>
    /// True when <paramref name="word"/> may stand at that position of the reference text.
    /// </summary>
    public abstract bool Accepts(AttackedText reference, int position, string word);

    /// <summary>
    /// Keeps candidates all of whose new words are accepted. A new position beyond the end of
    /// either text fails the candidate (TextAttack 0.3.0 stops there with
    /// an exception).
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
