namespace RobustTickets.Torch.optim;

/// <summary>Learning-rate schedules as pure functions of the number of completed updates.</summary>
internal static class Schedule
{
    /// <summary>
    /// Linear warm-up from 0, then linear decay to 0: the factor on the peak learning rate for the
    /// update after <paramref name="done"/> updates. All three may be fractional; with warm-up the
    /// first update has learning rate 0.
    /// </summary>
    public static double Linear(double done, double warmup, double total) =>
        done < warmup ? done / Math.Max(1.0, warmup) : Math.Max(0.0, (total - done) / Math.Max(1.0, total - warmup));
}
