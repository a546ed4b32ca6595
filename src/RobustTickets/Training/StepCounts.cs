namespace RobustTickets.Training;

/// <summary>Converts epochs to steps.</summary>
internal static class StepCounts
{
    /// <summary>Steps per epoch, including a smaller last batch.</summary>
    public static long PerEpoch(int batchSize, long examples) => (examples + batchSize - 1) / batchSize;

    /// <summary>Full batches per epoch, at least one.</summary>
    public static long FullBatches(int batchSize, int examples) => Math.Max(1, examples / batchSize);

    /// <summary>floor(examples * epochs / batch size), at least one.</summary>
    public static double FloorOfExamples(int batchSize, double epochs, int examples) =>
        Math.Max(1, Math.Floor(examples * epochs / batchSize));

    /// <summary>Number of whole steps in some epochs, at least one.</summary>
    public static long Of(int batchSize, double epochs, int examples) =>
        Math.Max(1, (long)Math.Floor(PerEpoch(batchSize, examples) * epochs));

    /// <summary>T of the schedule of some epochs, at least one.</summary>
    public static double Horizon(OptimizerOptions optimizer, int batchSize, double epochs, int examples)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        return optimizer.Horizon == ScheduleHorizon.Examples
            ? FloorOfExamples(batchSize, epochs, examples)
            : Of(batchSize, epochs, examples);
    }

    /// <summary>Number of first steps at a learning rate of 0: warm-up starts there.</summary>
    public static int AtZero(OptimizerOptions optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        return optimizer.WarmupFraction > 0 ? 1 : 0;
    }

    /// <summary>
    /// Number of steps at a nonzero learning rate: warm-up starts at 0, and the schedule ends at 0.
    /// </summary>
    /// <param name="optimizer">Optimiser options with the warm-up.</param>
    /// <param name="steps">Number of steps.</param>
    /// <param name="horizon">T of the schedule.</param>
    public static long AboveZero(OptimizerOptions optimizer, long steps, double horizon)
    {
        var made = Math.Min(steps, (long)Math.Ceiling(horizon));
        return Math.Max(0, made - AtZero(optimizer));
    }
}
