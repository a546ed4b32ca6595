// The time that a comparison has spent, over all its calls: kept in clock.json, so that a kill does
// not give time back.
namespace RobustTickets.Hardening;

/// <summary>The clock of a budget.</summary>
internal sealed class BudgetClock
{
    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(2);
    private readonly HardenFolder _folder;
    private readonly TimeProvider _time;
    private readonly double _before;
    private readonly long _start;
    private long _kept;

    public BudgetClock(HardenFolder folder, TimeProvider time)
    {
        (_folder, _time) = (folder, time);
        State = folder.Clock();
        _before = State.Seconds;
        _start = _kept = time.GetTimestamp();
    }

    /// <summary>What was measured so far.</summary>
    public HardenClock State { get; private set; }

    /// <summary>Seconds spent, earlier calls included.</summary>
    public double Seconds => _before + _time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Changes what was measured, and writes it.</summary>
    public void Set(Func<HardenClock, HardenClock> change)
    {
        State = change(State) with { Seconds = Seconds };
        _folder.Save(State);
        _kept = _time.GetTimestamp();
    }

    /// <summary>Writes the time every now and then.</summary>
    public void Tick()
    {
        if (_time.GetElapsedTime(_kept) >= Keep)
            Set(s => s);
    }

    /// <summary>Writes down what is left out.</summary>
    public void LeaveOut(string name, string reason) =>
        Set(s => s with { LeftOut = [.. s.LeftOut.Where(l => l.Name != name), new LeftOutOfPlan(name, reason)] });
}
