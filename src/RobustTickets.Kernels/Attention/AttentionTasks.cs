namespace RobustTickets.Kernels.Attention;

/// <summary>Divides (sequence, head) tasks among threads.</summary>
internal static class AttentionTasks
{
    /// <summary>Splits the tasks into ranges of about equal work, for static scheduling.</summary>
    internal static int[] Balance(AttentionLayout layout, int heads)
    {
        const int wanted = 16;
        var tasks = layout.Count * heads;
        var total = 0L;
        for (var s = 0; s < layout.Count; s++)
            total += Cost(layout, s) * heads;
        var bounds = new List<int>(wanted + 1) { 0 };
        var sum = 0L;
        for (var t = 0; t < tasks; t++)
        {
            sum += Cost(layout, t / heads);
            if (sum * wanted >= total * bounds.Count && t + 1 < tasks)
                bounds.Add(t + 1);
        }
        bounds.Add(tasks);
        return [.. bounds];
    }

    private static long Cost(AttentionLayout layout, int s) =>
        (long)PackedAttentionKernel.Padded(layout.KeyOffsets[s + 1] - layout.KeyOffsets[s])
        * (layout.QueryOffsets[s + 1] - layout.QueryOffsets[s] + 8);
}
