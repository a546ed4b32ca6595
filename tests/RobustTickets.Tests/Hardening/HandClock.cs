namespace RobustTickets.Tests.Hardening;

/// <summary>A clock that is set by hand.</summary>
internal sealed class HandClock : TimeProvider
{
    public double Seconds { get; set; }

    public override long TimestampFrequency => 1000;

    /// <summary>Seconds that pass whenever it is looked at.</summary>
    public double Tick { get; set; }

    /// <summary>The same, the first times; then as <see cref="Tick"/> says.</summary>
    public Queue<double> First { get; } = new();

    public override long GetTimestamp() => (long)(1000 * (Seconds += First.TryDequeue(out var first) ? first : Tick));
}
