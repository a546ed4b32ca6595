namespace RobustTickets.Training;

/// <summary>How many steps some epochs take.</summary>
internal static class StepCounts
{
    /// <summary>Steps of one epoch, the last and smaller batch included.</summary>
    public static long PerEpoch(int batchSize, int examples) => (examples + batchSize - 1L) / batchSize;

    /// <summary>Whole steps of some epochs, at least one.</summary>
    public static long Of(int batchSize, double epochs, int examples) =>
        Math.Max(1, (long)Math.Floor(PerEpoch(batchSize, examples) * epochs));

    /// <summary>
    /// Steps at a learning rate above 0: a warm-up begins at 0, and the horizon ends there.
    /// </summary>
    /// <param name="optimizer">Its warm-up.</param>
    /// <param name="steps">Steps that are made.</param>
    /// <param name="horizon">T of the schedule.</param>
    public static long AboveZero(OptimizerOptions optimizer, long steps, double horizon)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        var made = Math.Min(steps, (long)Math.Ceiling(horizon));
        return Math.Max(0, made - (optimizer.WarmupFraction > 0 ? 1 : 0));
    }
}
