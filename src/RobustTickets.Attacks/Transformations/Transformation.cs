// Proposes candidate texts, one change each (TextAttack `Transformation`).

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Makes candidate texts from the current one.</summary>
public abstract record Transformation
{
    /// <summary>Short name for settings.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// True when every candidate has one word in the place of one, whatever the text: positions
    /// never shift.
    /// </summary>
    public virtual bool KeepsWordCount => false;

    /// <summary>
    /// Adds the candidates of the current text at the given positions, position by position.
    /// </summary>
    public abstract IEnumerable<SearchRequest> Apply(
        AttackedText current,
        IReadOnlyList<int> positions,
        List<Candidate> candidates
    );

    /// <summary>
    /// Does costly work for the words of a whole run at once (neighbours, say). Never changes a
    /// result.
    /// </summary>
    public virtual void Prepare(IReadOnlyCollection<string> words, CancellationToken stop) { }
}

/// <summary>
/// A transformation that replaces one word by strings which depend on that word alone.
/// </summary>
public abstract record WordSwap : Transformation
{
    /// <summary>
    /// The substitutes of a word, in order, in the word's letter case; may hold the word itself,
    /// which makes no candidate.
    /// </summary>
    public abstract IEnumerable<string> Substitutes(string word);

    /// <inheritdoc/>
    public sealed override IEnumerable<SearchRequest> Apply(
        AttackedText current,
        IReadOnlyList<int> positions,
        List<Candidate> candidates
    )
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(positions);
        ArgumentNullException.ThrowIfNull(candidates);
        foreach (var p in positions)
        {
            var word = current.WordArray[p];
            foreach (var substitute in Substitutes(word))
            {
                if (substitute != word)
                    candidates.Add(new Candidate(current.Replace(p, substitute)));
            }
        }
        return [];
    }
}
