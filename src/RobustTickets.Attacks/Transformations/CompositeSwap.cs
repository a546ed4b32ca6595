// TextAttack `CompositeTransformation`: the candidates of the first transformation, then of the
// second, and so on, without duplicates. Up to 0.3.4 two candidates are equal when text,
// bookkeeping and transformation agree; on the main branch only the text counts.

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Applies several transformations in sequence.</summary>
/// <param name="Parts">The transformations; their order affects random draws.</param>
public sealed record CompositeSwap(IReadOnlyList<Transformation> Parts) : Transformation
{
    /// <inheritdoc/>
    public override string Name => string.Join(" + ", Parts.Select(p => p.Name));

    /// <inheritdoc/>
    public override IEnumerable<SearchRequest> Apply(
        AttackedText current,
        IReadOnlyList<int> positions,
        List<Candidate> candidates
    )
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(candidates);
        var seen = new HashSet<(string, string)>();
        foreach (var part in Parts)
        {
            var made = new List<Candidate>();
            foreach (var request in part.Apply(current, positions, made))
                yield return request;
            if (current.Version != TextAttackVersion.Head)
                seen.Clear();
            foreach (var candidate in made)
            {
                if (seen.Add(Key(candidate.Text)))
                    candidates.Add(candidate);
            }
        }
    }

    /// <inheritdoc/>
    public override void Prepare(IReadOnlyCollection<string> words, CancellationToken stop)
    {
        foreach (var part in Parts)
            part.Prepare(words, stop);
    }

    private static (string Text, string Marks) Key(AttackedText text) =>
        (
            text.Text,
            text.Version == TextAttackVersion.Head
                ? ""
                : $"{string.Join(',', text.Modified)};{string.Join(',', text.NewPositions)}"
        );
}
