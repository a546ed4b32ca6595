// Selects the most probable tokens from a masked language model's scores.
namespace RobustTickets.Attacks.Engine;

/// <summary>Selects tokens by score.</summary>
internal static class TopTokens
{
    /// <summary>The top tokens in descending order of score, ties by index.</summary>
    /// <param name="scores">Scores of all tokens, <c>[V]</c>, finite.</param>
    /// <param name="question">Maximum count and minimum probability.</param>
    public static int[] Of(ReadOnlySpan<float> scores, MaskedQuestion question)
    {
        var least = double.NegativeInfinity;
        if (question.MinProbability > 0)
        {
            double top = double.NegativeInfinity,
                sum = 0;
            foreach (var s in scores)
                top = Math.Max(top, s);
            foreach (var s in scores)
                sum += Math.Exp(s - top);
            // p >= m exactly where score >= log(m) + log(sum exp(score)).
            least = Math.Log(question.MinProbability) + top + Math.Log(sum);
        }
        var best = new PriorityQueue<int, (float Score, int Order)>();
        var full = false;
        for (var v = 0; v < scores.Length; v++)
        {
            // Of equal scores the lower index is kept.
            if (scores[v] < least || (full && scores[v] <= scores[best.Peek()]))
                continue;
            if (full)
                best.DequeueEnqueue(v, (scores[v], -v));
            else
                best.Enqueue(v, (scores[v], -v));
            full = best.Count >= question.Count;
        }
        var result = new int[best.Count];
        for (var i = result.Length - 1; i >= 0; i--)
            result[i] = best.Dequeue();
        return result;
    }
}
