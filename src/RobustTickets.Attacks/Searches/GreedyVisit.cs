// One step of the greedy searches (TextAttack `GreedyWordSwapWIR`): query all candidates at a
// position, accept the best if it raises the score, stop on success.

namespace RobustTickets.Attacks.Searches;

/// <summary>Visits words in sequence, improving the context's best text.</summary>
internal sealed class GreedyVisit(SearchContext context)
{
    /// <summary>Whether the search has ended: a success, or the budget is spent.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Visits the word at a position of the best text so far.</summary>
    public IEnumerable<SearchRequest> At(int position)
    {
        var found = new List<Candidate>();
        foreach (var request in context.Candidates(context.Best.Text, [position], found))
            yield return request;
        if (found.Count == 0)
            yield break;
        var step = new ScoreRequest([.. found.Select(c => c.Text)]);
        yield return step;
        var scored = found
            .Take(step.Verdicts.Count)
            .Select((c, i) => new ScoredText(c.Text, c.Similarity, step.Verdicts[i]))
            .OrderByDescending(s => s.Verdict.Score)
            .ToList();
        IsOver = step.BudgetSpent;
        if (scored.Count == 0 || !(scored[0].Verdict.Score > context.Best.Verdict.Score))
            yield break;
        context.Best = scored[0].Verdict.Succeeded ? MostSimilar(scored) : scored[0];
        IsOver |= scored[0].Verdict.Succeeded;
    }

    // The most similar of the successes at the top of the list (the first of equals, or without
    // similarities). Successes ranked below an unsuccessful candidate are ignored, as in
    // TextAttack.
    private static ScoredText MostSimilar(List<ScoredText> scored)
    {
        var best = scored[0];
        foreach (var s in scored.TakeWhile(s => s.Verdict.Succeeded))
        {
            if (s.Similarity is null)
                break;
            if (s.Similarity > best.Similarity)
                best = s;
        }
        return best;
    }
}
