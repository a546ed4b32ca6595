// State of a search: the example's original text, its best text so far, and the generation of
// acceptable candidates (TextAttack `Attack.get_transformations`).

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks.Searches;

/// <summary>One example's search. Not thread-safe; one per example.</summary>
public sealed class SearchContext
{
    private readonly Attack _attack;
    private readonly Func<int> _left;
    private readonly long[] _offered;
    private readonly long[] _rejected;
    private ScoredText? _kept;

    internal SearchContext(Attack attack, ScoredText original, Func<int> left)
    {
        _attack = attack;
        _left = left;
        Original = original;
        Best = original;
        _offered = new long[attack.Positions.Count + attack.Constraints.Count];
        _rejected = new long[_offered.Length];
    }

    /// <summary>The original text with its verdict.</summary>
    public ScoredText Original { get; }

    /// <summary>The result so far; its final value is the outcome.</summary>
    public ScoredText Best { get; set; }

    /// <summary>
    /// Remaining queries of the budget. Requests are truncated to it; a search that generates a
    /// text per word need not generate more.
    /// </summary>
    public int QueriesLeft => _left();

    /// <summary>The better of the current result and those before a restart.</summary>
    internal ScoredText Result =>
        _kept is { } kept && !Best.Verdict.Succeeded && kept.Verdict.Score > Best.Verdict.Score ? kept : Best;

    /// <summary>Restarts from the original text; the result so far is kept.</summary>
    internal void Restart() => (_kept, Best) = (Result, Original);

    /// <summary>
    /// Adds to <paramref name="found"/> the acceptable candidates of the current text at the given
    /// positions, sorted by text in code point order (stable). Positions beyond the end have no
    /// candidates.
    /// </summary>
    public IEnumerable<SearchRequest> Candidates(
        AttackedText current,
        IReadOnlyList<int> positions,
        List<Candidate> found
    )
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(positions);
        ArgumentNullException.ThrowIfNull(found);
        var allowed = positions.Where(p => p < current.WordArray.Length && MayChange(current, p)).ToList();
        if (allowed.Count == 0)
            yield break;
        foreach (var request in _attack.Transformation.Apply(current, allowed, found))
            yield return request;
        found.RemoveAll(c => c.Text.Text == current.Text);
        for (var i = 0; i < _attack.Constraints.Count && found.Count > 0; i++)
        {
            var constraint = _attack.Constraints[i];
            var offered = found.Count;
            foreach (var request in constraint.Filter(constraint.ComparesWithOriginal ? Original.Text : current, found))
                yield return request;
            _offered[_attack.Positions.Count + i] += offered;
            _rejected[_attack.Positions.Count + i] += offered - found.Count;
        }
        if (found.Count < 2)
            yield break;
        var sorted = found.OrderBy(c => c.Text.Text, CodePointOrder.Instance).ToList();
        found.Clear();
        found.AddRange(sorted);
    }

    /// <summary>
    /// Positions of the current text that may change, in the order of TextAttack's set operations.
    /// </summary>
    public int[] ChangeablePositions(AttackedText current)
    {
        ArgumentNullException.ThrowIfNull(current);
        var set = PythonIntSet.Range(0, current.WordArray.Length);
        foreach (var constraint in _attack.Positions)
            set = PythonIntSet.Intersect(set, constraint.AllowedSet(current));
        return set.ToArray();
    }

    /// <summary>
    /// For each position of the original text, whether it can ever have a candidate; null when that
    /// cannot be decided in advance. Decided only if every edit replaces one word by one word
    /// (positions never shift), from the position constraints and the word constraints against the
    /// original text. A position that cannot is counted here in the constraints' tallies and need
    /// not be visited or ranked.
    /// </summary>
    public bool[]? UsefulPositions()
    {
        var text = Original.Text;
        if (_attack.Positions.Any(p => !p.IsMonotone) || text.IsDamaged)
            return null;
        var words = text.WordArray;
        var guarded = text.Columns.Count > 1 && text.Version != TextAttackVersion.Head;
        // If substitutes are not known in advance they must be single words; in a text with a
        // column marker, such a word could later be found inside the marker.
        var swap = _attack.Transformation as WordSwap;
        if (swap is null && (guarded || !_attack.Transformation.KeepsWordCount))
            return null;
        var offered = new long[_offered.Length];
        var rejected = new long[_offered.Length];
        var useful = new bool[words.Length];
        var tally = new Tally(_attack.Constraints.Count);
        for (var i = 0; i < words.Length; i++)
        {
            var refusing = FirstRefusal(text, i);
            tally.Clear();
            if (refusing < 0 && swap is null)
                useful[i] = true;
            else if (refusing < 0)
            {
                foreach (var substitute in swap!.Substitutes(words[i]))
                {
                    if (substitute == words[i])
                        continue;
                    // A substitute of several words shifts positions; one that occurs in the marker
                    // may later be found inside it.
                    if (
                        !WordSplitter.IsOneWord(substitute, text.Version)
                        || (guarded && MarkedText.Marker.Contains(substitute, StringComparison.Ordinal))
                    )
                        return null;
                    useful[i] = useful[i] || IsAcceptable(text, i, substitute, tally);
                }
            }
            if (useful[i])
                continue;
            for (var c = 0; c < _attack.Positions.Count && (refusing < 0 || c <= refusing); c++)
                offered[c]++;
            if (refusing >= 0)
                rejected[refusing]++;
            for (var c = 0; c < _attack.Constraints.Count; c++)
            {
                offered[_attack.Positions.Count + c] += tally.Offered[c];
                rejected[_attack.Positions.Count + c] += tally.Rejected[c];
            }
        }
        for (var c = 0; c < offered.Length; c++)
        {
            _offered[c] += offered[c];
            _rejected[c] += rejected[c];
        }
        return useful;
    }

    /// <summary>Counts of each constraint so far, position constraints first.</summary>
    internal IReadOnlyList<ConstraintCount> Counts() =>
        [
            .. _attack
                .Positions.Select(p => p.Name)
                .Concat(_attack.Constraints.Select(c => c.Name))
                .Select((name, i) => new ConstraintCount(name, _offered[i], _rejected[i])),
        ];

    private bool MayChange(AttackedText current, int position)
    {
        var refusing = FirstRefusal(current, position);
        for (var c = 0; c < _attack.Positions.Count && (refusing < 0 || c <= refusing); c++)
            _offered[c]++;
        if (refusing >= 0)
            _rejected[refusing]++;
        return refusing < 0;
    }

    private int FirstRefusal(AttackedText current, int position)
    {
        for (var c = 0; c < _attack.Positions.Count; c++)
        {
            if (!_attack.Positions[c].Allows(current, position))
                return c;
        }
        return -1;
    }

    // Applies constraints in order up to the first that needs more than the original text; later
    // ones are evaluated when the position is visited.
    private bool IsAcceptable(AttackedText text, int position, string substitute, Tally tally)
    {
        for (var c = 0; c < _attack.Constraints.Count; c++)
        {
            if (_attack.Constraints[c] is not WordConstraint { ComparesWithOriginal: true } constraint)
                return true;
            tally.Offered[c]++;
            if (constraint.Accepts(text, position, substitute))
                continue;
            tally.Rejected[c]++;
            return false;
        }
        return true;
    }

    private sealed class Tally(int constraints)
    {
        public long[] Offered { get; } = new long[constraints];

        public long[] Rejected { get; } = new long[constraints];

        public void Clear()
        {
            Array.Clear(Offered);
            Array.Clear(Rejected);
        }
    }
}
