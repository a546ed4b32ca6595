// TextAttack `GreedyWordSwapWIR`: ranks words by the score of the text without each, visits them in
// that order and accepts a candidate that raises the score, until the attack succeeds. Words
// without candidates are scored only when the search reaches words tied in rank.

using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks.Searches;

/// <summary>How a word is removed to measure its importance.</summary>
public enum WordRanking
{
    /// <summary>The word is deleted.</summary>
    Delete,

    /// <summary>The word is replaced by the literal [UNK].</summary>
    Unknown,
}

/// <summary>Greedy word swap with word importance ranking.</summary>
/// <param name="Ranking">How importance is measured.</param>
/// <param name="SkipIdleQueries">
/// Skip forwarding ranking queries whose answer cannot affect the result (they are still counted).
/// Never changes a result; if false, unique forwards equal queries except for repeats.
/// </param>
public sealed record GreedyWordRanking(WordRanking Ranking, bool SkipIdleQueries = true) : ISearch
{
    private const int StableUpTo = 16;

    /// <inheritdoc/>
    public string Name => Ranking == WordRanking.Delete ? "greedy-word-ranking (delete)" : "greedy-word-ranking (unk)";

    /// <inheritdoc/>
    public IEnumerable<SearchRequest> Run(SearchContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var original = context.Original.Text;
        var positions =
            original.Version == TextAttackVersion.Head
                ? context.ChangeablePositions(original)
                : [.. Enumerable.Range(0, original.WordArray.Length)];
        var useful = SkipIdleQueries ? context.UsefulPositions() : null;
        bool Needed(int p) => useful is null || useful[p];

        var ranking = new ScoreRequest([
            .. positions.Take(context.QueriesLeft).Select(p => Needed(p) ? Hide(original, p) : null),
        ]);
        yield return ranking;
        if (ranking.BudgetSpent)
            yield break;
        var keys = ranking.Verdicts.Select(v => -v.Score).ToArray();
        int[] order = positions.All(Needed)
            ? NumpyArgsort.Sort(keys)
            : [.. Enumerable.Range(0, keys.Length).Where(i => Needed(positions[i])).OrderBy(i => keys[i])];
        var settled = keys.Length <= StableUpTo || order.Length == keys.Length;
        var visit = new GreedyVisit(context);
        for (var k = 0; k < order.Length; k++)
        {
            if (!settled && k + 1 < order.Length && keys[order[k]] == keys[order[k + 1]])
            {
                var rest = new ScoreRequest(
                    [.. positions.Where(p => !Needed(p)).Select(p => Hide(original, p))],
                    counted: false
                );
                yield return rest;
                Settle(order.AsSpan(k), keys, positions, Needed, rest.Verdicts);
                settled = true;
            }
            foreach (var request in visit.At(positions[order[k]]))
                yield return request;
            if (visit.IsOver)
                yield break;
        }
    }

    private AttackedText Hide(AttackedText text, int position) => Hide(Ranking, text, position);

    /// <summary>The text with one word hidden.</summary>
    internal static AttackedText Hide(WordRanking ranking, AttackedText text, int position) =>
        ranking == WordRanking.Delete ? text.Delete(position) : text.Replace(position, "[UNK]");

    // Orders the rest of the visit by numpy's argsort of all keys, once all are known.
    private static void Settle(
        Span<int> order,
        double[] keys,
        int[] positions,
        Func<int, bool> needed,
        IReadOnlyList<Verdict> rest
    )
    {
        for (int i = 0, r = 0; i < keys.Length; i++)
        {
            if (!needed(positions[i]))
                keys[i] = -rest[r++].Score;
        }
        var permutation = NumpyArgsort.Sort(keys);
        var place = new int[keys.Length];
        for (var i = 0; i < permutation.Length; i++)
            place[permutation[i]] = i;
        order.Sort((a, b) => place[a].CompareTo(place[b]));
    }
}
