namespace RobustTickets.Training;

/// <summary>
/// Throughput over the last steps of this process. The remaining time includes the time between
/// steps (evaluations, attacks after epochs, checkpoints), extrapolated from its share so far.
/// </summary>
internal sealed class PaceMeter(TimeProvider? clock = null)
{
    private readonly Queue<(double Seconds, long Tokens)> _recent = new();
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private long? _begin;
    private double _steps;

    internal double TokensPerSecond => _recent.Sum(r => r.Tokens) / _recent.Sum(r => r.Seconds);

    internal void Add(StepReport step)
    {
        _begin ??= _clock.GetTimestamp() - (long)(step.Seconds * _clock.TimestampFrequency);
        _steps += step.Seconds;
        _recent.Enqueue((step.Seconds, step.Tokens));
        if (_recent.Count > 50)
            _recent.Dequeue();
    }

    internal TimeSpan? Remaining(StepReport step, long lastStep)
    {
        if (_recent.Count < 5)
            return null;
        var between = Math.Max(1, _clock.GetElapsedTime(_begin!.Value).TotalSeconds / _steps);
        return TimeSpan.FromSeconds((lastStep - step.Step) * _recent.Average(r => r.Seconds) * between);
    }
}
