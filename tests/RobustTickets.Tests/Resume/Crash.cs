namespace RobustTickets.Tests.Resume;

/// <summary>Breaks a run off right after a step of a stage.</summary>
internal sealed class Crash(string stage, long step) : IProgress<RunEvent>
{
    public void Report(RunEvent value)
    {
        if (value is StepDone && value.Stage == stage && value.Step == step)
            throw new TimeoutException("the crash of a test");
    }
}
