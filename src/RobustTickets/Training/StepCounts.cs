namespace RobustTickets.Training;

/// <summary>How many steps some epochs take.</summary>
internal static class StepCounts
{
    /// <summary>Steps of one epoch, the last and smaller batch included.</summary>
    public static long PerEpoch(int batchSize, int examples) => (examples + batchSize - 1L) / batchSize;

    /// <summary>Whole steps of some epochs, at least one.</summary>
    public static long Of(int batchSize, double epochs, int examples) =>
        Math.Max(1, (long)Math.Floor(PerEpoch(batchSize, examples) * epochs));
}
