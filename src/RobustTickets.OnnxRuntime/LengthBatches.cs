using RobustTickets.Attacks.Tokens;

namespace RobustTickets.OnnxRuntime;

/// <summary>Batches texts of similar length, longest first, to minimise padding.</summary>
internal static class LengthBatches
{
    /// <summary>Runs all texts; returns one row per text, in input order.</summary>
    /// <param name="network">The network.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="cells">Maximum tokens per batch, padding included.</param>
    /// <param name="stop">Cancels the call between batches.</param>
    public static float[][] Run(
        OnnxNetwork network,
        IReadOnlyList<TokenEncoding> texts,
        int cells,
        CancellationToken stop = default
    )
    {
        var rows = new float[texts.Count][];
        foreach (var group in Groups(texts, network.DependsOnBatch ? 0 : cells))
        {
            stop.ThrowIfCancellationRequested();
            var outputs = network.Run([.. group.Select(i => texts[i])]);
            for (var i = 0; i < group.Length; i++)
                rows[group[i]] = outputs[i];
        }
        return rows;
    }

    /// <summary>
    /// Indices of texts in groups of at most <paramref name="cells"/> tokens, padding included,
    /// with at least one text each.
    /// </summary>
    internal static IEnumerable<int[]> Groups(IReadOnlyList<TokenEncoding> texts, int cells)
    {
        int[] order = [.. Enumerable.Range(0, texts.Count).OrderByDescending(i => texts[i].Length)];
        for (var first = 0; first < order.Length; )
        {
            // Sorted: the first is the longest.
            var most = Math.Max(1, cells / Math.Max(1, texts[order[first]].Length));
            var last = Math.Min(order.Length, first + most);
            yield return order[first..last];
            first = last;
        }
    }
}
