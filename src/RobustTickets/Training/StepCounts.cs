namespace RobustTickets.Training;

/// <summary>Converts epochs to steps.</summary>
internal static class StepCounts
{
    /// <summary>Steps per epoch, including a smaller last batch.</summary>
    public static long PerEpoch(int batchSize, int examples) => (examples + batchSize - 1L) / batchSize;

    /// <summary>Number of whole steps in some epochs, at least one.</summary>
    public static long Of(int batchSize, double epochs, int examples) =>
        Math.Max(1, (long)Math.Floor(PerEpoch(batchSize, examples) * epochs));

    /// <summary>T of the schedule of some epochs, at least one.</summary>
    public static double Horizon(OptimizerOptions optimizer, int batchSize, double epochs, int examples)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        return optimizer.Horizon == ScheduleHorizon.Examples
            ? Math.Max(1, Math.Floor(examples * epochs / batchSize))
            : Of(batchSize, epochs, examples);
    }

    /// <summary>
    /// Number of steps at a nonzero learning rate: warm-up starts at 0, and the schedule ends at 0.
    /// </summary>
    /// <param name="optimizer">Optimiser options with the warm-up.</param>
    /// <param name="steps">Number of steps.</param>
    /// <param name="horizon">T of the schedule.</param>
    public static long AboveZero(OptimizerOptions optimizer, long steps, double horizon)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        var made = Math.Min(steps, (long)Math.Ceiling(horizon));
        return Math.Max(0, made - (optimizer.WarmupFraction > 0 ? 1 : 0));
    }
}
