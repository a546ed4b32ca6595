// TextAttack `BeamSearch`: all candidates of all positions of all beam texts; stops on success,
// without candidates, or when the budget is spent. The result is the best candidate of the last
// step, which may score lower than an earlier one, as in TextAttack.

using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks.Searches;

/// <summary>Beam search; width 1 is the greedy search without ranking.</summary>
/// <param name="Width">Texts kept per step.</param>
public sealed record BeamSearch(int Width) : ISearch
{
    /// <inheritdoc/>
    public string Name => $"beam-search (width {Width})";

    /// <inheritdoc/>
    public IEnumerable<SearchRequest> Run(SearchContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        List<AttackedText> beam = [context.Original.Text];
        while (!context.Best.Verdict.Succeeded)
        {
            var next = new List<Candidate>();
            foreach (var text in beam)
            {
                var found = new List<Candidate>();
                foreach (
                    var request in context.Candidates(text, [.. Enumerable.Range(0, text.WordArray.Length)], found)
                )
                    yield return request;
                next.AddRange(found);
            }
            if (next.Count == 0)
                yield break;
            var step = new ScoreRequest([.. next.Select(c => c.Text)]);
            yield return step;
            if (step.Verdicts.Count == 0)
                yield break;
            var scores = step.Verdicts.Select(v => v.Score).ToArray();
            var top = scores.ArgMax();
            context.Best = new ScoredText(next[top].Text, next[top].Similarity, step.Verdicts[top]);
            if (step.BudgetSpent)
                yield break;
            beam = [.. NumpyArgsort.Sort([.. scores.Select(s => -s)]).Take(Width).Select(i => next[i].Text)];
        }
    }
}
