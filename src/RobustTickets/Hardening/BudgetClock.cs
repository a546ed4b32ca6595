// Time spent by a comparison over all its calls, saved to clock.json so that an interrupted
// comparison does not get its time back.
namespace RobustTickets.Hardening;

/// <summary>Clock of a comparison's time budget.</summary>
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

    /// <summary>Measurements so far.</summary>
    public HardenClock State { get; private set; }

    /// <summary>Seconds spent, including earlier calls.</summary>
    public double Seconds => _before + _time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Updates the measurements and saves them.</summary>
    public void Set(Func<HardenClock, HardenClock> change)
    {
        State = change(State) with { Seconds = Seconds };
        _folder.Save(State);
        _kept = _time.GetTimestamp();
    }

    /// <summary>Saves the elapsed time periodically.</summary>
    public void Tick()
    {
        if (_time.GetElapsedTime(_kept) >= Keep)
            Set(s => s);
    }

    /// <summary>Records a defence or stage that is skipped, with the reason.</summary>
    public void LeaveOut(string name, string reason) =>
        Set(s => s with { LeftOut = [.. s.LeftOut.Where(l => l.Name != name), new LeftOutOfPlan(name, reason)] });
}
