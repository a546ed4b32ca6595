// Wraps a search to observe it: requests pass through unchanged, and their results are reported.
// The attack is unaffected.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Searches;

namespace RobustTickets.Cli.Playground.Attacks;

/// <summary>Observes a search.</summary>
internal interface ISearchWatcher
{
    /// <summary>The search starts with this text.</summary>
    void Begins(ScoredText original);

    /// <summary>Words were ranked by hiding each; gives the score of each position.</summary>
    void Ranked(IReadOnlyList<(int Position, Verdict Verdict)> words);

    /// <summary>Candidates that change this text were scored.</summary>
    void Scored(AttackedText current, IReadOnlyList<(AttackedText Text, Verdict Verdict)> candidates);

    /// <summary>The search continued with another text.</summary>
    void Took(ScoredText best);

    /// <summary>Queries so far, as TextAttack counts them.</summary>
    void Asked(int queries);
}

/// <summary>Wraps another search to observe it.</summary>
/// <param name="Inner">The search.</param>
/// <param name="Watcher">The observer.</param>
internal sealed record WatchedSearch(ISearch Inner, ISearchWatcher Watcher) : ISearch
{
    /// <inheritdoc/>
    public string Name => Inner.Name;

    /// <inheritdoc/>
    public IEnumerable<SearchRequest> Run(SearchContext context)
    {
        var queries = 1;
        var best = context.Original.Text;
        Watcher.Begins(context.Original);
        foreach (var request in Inner.Run(context))
        {
            Took();
            yield return request;
            if (request is not ScoreRequest { Verdicts.Count: > 0 } scored)
                continue;
            queries += scored.Counted ? scored.Verdicts.Count : 0;
            Watcher.Asked(queries);
            Tell(context, scored);
        }
        Took();

        void Took()
        {
            if (ReferenceEquals(best, context.Best.Text))
                return;
            best = context.Best.Text;
            Watcher.Took(context.Best);
        }
    }

    private void Tell(SearchContext context, ScoreRequest scored)
    {
        var original = context.Original.Text;
        var ranked = new List<(int, Verdict)>();
        var candidates = new List<(AttackedText, Verdict)>();
        foreach (var (text, verdict) in scored.Texts.Zip(scored.Verdicts))
        {
            if (text is null)
                continue;
            if (Hidden(original, text) is { } position)
                ranked.Add((position, verdict));
            else
                candidates.Add((text, verdict));
        }
        if (ranked.Count > 0)
            Watcher.Ranked(ranked);
        if (candidates.Count > 0)
            Watcher.Scored(context.Best.Text, candidates);
    }

    // The position of the single word that is deleted or replaced by [UNK].
    private static int? Hidden(AttackedText original, AttackedText text)
    {
        var (before, after) = TextDifference.Marks(original, text);
        if (before.Length != 1)
            return null;
        return after.Length == 0 || (after.Length == 1 && text.Words[after[0]] == "UNK") ? before[0] : null;
    }
}
