// Generates candidate texts with one change each (TextAttack `Transformation`).

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Generates candidate texts from the current one.</summary>
public abstract record Transformation
{
    /// <summary>
    /// Maximum UTF-16 units of a word that is edited at each of its characters: every edit is a
    /// copy of the text.
    /// </summary>
    internal const int LongestWord = 256;

    /// <summary>Short name in settings.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Whether every candidate replaces one word by one word, for any text: positions never shift.
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
    /// Precomputes data (e.g. neighbours) for the words of a whole run. Never changes a result.
    /// </summary>
    public virtual void Prepare(IReadOnlyCollection<string> words, CancellationToken stop) { }
}

/// <summary>A transformation whose substitutes depend only on the replaced word.</summary>
public abstract record WordSwap : Transformation
{
    /// <summary>
    /// The substitutes of a word, in order, in the word's letter case; may include the word itself,
    /// which gives no candidate.
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
