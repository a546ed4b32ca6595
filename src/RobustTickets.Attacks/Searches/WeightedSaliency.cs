// PWWS (Ren et al., ACL 2019) as TextAttack's `GreedyWordSwapWIR` with `weighted-saliency`: softmax
// over words, in float32, of the scores with each word replaced by [UNK], times the best score of
// the word's candidates; words are then visited greedily in that order.

using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks.Searches;

/// <summary>Greedy word swap in order of probability-weighted word saliency.</summary>
public sealed record WeightedSaliency : ISearch
{
    /// <inheritdoc/>
    public string Name => "greedy-word-ranking (weighted-saliency)";

    /// <inheritdoc/>
    public IEnumerable<SearchRequest> Run(SearchContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var original = context.Original.Text;
        var positions =
            original.Version == TextAttackVersion.Head
                ? context.ChangeablePositions(original)
                : [.. Enumerable.Range(0, original.WordArray.Length)];
        var hidden = new ScoreRequest([
            .. positions.Take(context.QueriesLeft).Select(p => original.Replace(p, "[UNK]")),
        ]);
        yield return hidden;
        if (hidden.BudgetSpent)
            yield break;
        // The candidates of all words in one request: their scores do not depend on each other.
        var candidates = new List<AttackedText>();
        var ends = new int[positions.Length];
        for (var i = 0; i < positions.Length; i++)
        {
            var found = new List<Candidate>();
            foreach (var request in context.Candidates(original, [positions[i]], found))
                yield return request;
            candidates.AddRange(found.Take(context.QueriesLeft - candidates.Count).Select(c => c.Text));
            ends[i] = candidates.Count;
        }
        var swaps = new ScoreRequest(candidates);
        yield return swaps;
        if (swaps.BudgetSpent)
            yield break;
        var best = new double[positions.Length];
        for (int i = 0, start = 0; i < best.Length; start = ends[i++])
            best[i] = ends[i] == start ? 0 : swaps.Verdicts.Take(start..ends[i]).Max(v => v.Score);
        var visit = new GreedyVisit(context);
        foreach (var k in Order([.. hidden.Verdicts.Select(v => v.Score)], best))
        {
            foreach (var request in visit.At(positions[k]))
                yield return request;
            if (visit.IsOver)
                yield break;
        }
    }

    /// <summary>The order in which words are visited.</summary>
    /// <param name="hidden">Score of the text with each word replaced by [UNK].</param>
    /// <param name="best">Best score of each word's candidates; 0 without candidates.</param>
    internal static int[] Order(IReadOnlyList<double> hidden, IReadOnlyList<double> best)
    {
        var saliency = Softmax([.. hidden.Select(score => (float)score)]);
        return NumpyArgsort.Sort([.. saliency.Select((s, i) => -(s * best[i]))]);
    }

    private static float[] Softmax(float[] scores)
    {
        if (scores.Length == 0)
            return scores;
        var top = scores.Max();
        var result = Array.ConvertAll(scores, s => MathF.Exp(s - top));
        var sum = 0f;
        foreach (var e in result)
            sum += e;
        for (var i = 0; i < result.Length; i++)
            result[i] /= sum;
        return result;
    }
}
