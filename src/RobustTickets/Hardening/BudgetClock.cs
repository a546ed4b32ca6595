// Time spent by a comparison over all its calls, saved to clock.json so that an interrupted
// comparison does not get its time back.
using RobustTickets.Attacks;

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

    /// <summary>Saves the elapsed time when a call ends, for whatever reason.</summary>
    public void Save()
    {
        try
        {
            Set(s => s);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OutputException)
        {
            // The error that ended the call is reported, such as a full disk.
        }
    }

    /// <summary>
    /// Clock seconds at which a stage began, in this call or, if interrupted, in an earlier one.
    /// </summary>
    public double Began(string stage)
    {
        if (State.Stage?.Name != stage)
            Set(s => s with { Stage = new HardenStage(stage, Seconds) });
        return State.Stage!.Seconds;
    }

    /// <summary>Whether a stage was interrupted in an earlier call.</summary>
    public bool IsOpen(string stage) => State.Stage?.Name == stage;

    /// <summary>Records a defence or stage that is skipped, with the reason.</summary>
    public void LeaveOut(string name, string reason) =>
        Set(s => s with { LeftOut = [.. s.LeftOut.Where(l => l.Name != name), new LeftOutOfPlan(name, reason)] });
}
