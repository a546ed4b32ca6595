// Checks that a search's learned numbers can rank parts of the network: if all lie within a small
// spread, or too many are equal at the threshold, the tie order would decide the ticket.
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Tickets;

/// <summary>Validates learned numbers before a ticket is drawn from them.</summary>
internal static class Movement
{
    /// <summary>
    /// Spread (largest minus smallest) below which numbers count as equal: about ten times the
    /// spacing of float32 numbers near 1, where coefficients and scores start.
    /// </summary>
    public const double LeastSpread = 1e-6;

    /// <summary>
    /// Maximum fraction of competing units that may be equal at the threshold; two units always
    /// may.
    /// </summary>
    public const double MostTies = 0.1;

    /// <summary>Why coefficients cannot be ranked, or null.</summary>
    public static string? Problem(CoefficientSnapshot coefficients, DrawOptions draw)
    {
        ArgumentNullException.ThrowIfNull(coefficients);
        ArgumentNullException.ThrowIfNull(draw);
        return Problem("head", coefficients.Heads, draw.HeadRatio, draw.HeadScope == HeadScope.Layerwise)
            ?? Problem("neuron", coefficients.Neurons, draw.NeuronRatio, draw.NeuronScope == NeuronScope.Layerwise);
    }

    /// <summary>Why the scores of single weights cannot be ranked, or null.</summary>
    /// <param name="scores">Scores of each matrix.</param>
    /// <param name="start">Initial value of all scores.</param>
    public static string? Problem(IEnumerable<ReadOnlyMemory<float>> scores, float start)
    {
        ArgumentNullException.ThrowIfNull(scores);
        var (low, high, all, unmoved) = (float.PositiveInfinity, float.NegativeInfinity, 0L, 0L);
        foreach (var matrix in scores)
        {
            all += matrix.Length;
            foreach (var score in matrix.Span)
            {
                (low, high) = (Math.Min(low, score), Math.Max(high, score));
                unmoved += score == start ? 1 : 0;
            }
        }
        if (!(high - low >= LeastSpread))
            return Text(
                $"all {all} mask scores lie within {high - low:0.#e+0} of one another (at least {LeastSpread} needed)"
            );
        return unmoved * 2 > all ? Text($"{unmoved} of {all} mask scores are unchanged") : null;
    }

    private static string? Problem(string what, float[][] layers, double ratio, bool layerwise)
    {
        if (ratio <= 0)
            return null;
        var all = layers.SelectMany(layer => layer).ToArray();
        if (all.Length == 0)
            return null;
        var spread = all.Max() - all.Min();
        if (!(spread >= LeastSpread))
            return Text(
                $"all {all.Length} {what} coefficients lie within {spread:0.#e+0} of one another (at least ",
                $"{LeastSpread} needed)"
            );
        foreach (var pool in layerwise ? layers : [all])
        {
            var pruned = DrawRule.PrunedCount(pool.Length, ratio);
            if (pruned <= 0 || pruned >= pool.Length)
                continue;
            var sorted = pool.Order().ToArray();
            var line = sorted[pruned - 1];
            var equal = pool.Count(value => value == line);
            if (sorted[pruned] == line && equal > Math.Max(2, MostTies * pool.Length))
                return Text(
                    $"{equal} of {pool.Length} {what} coefficients are equal at the threshold, so their order would ",
                    $"decide which are pruned"
                );
        }
        return null;
    }
}
