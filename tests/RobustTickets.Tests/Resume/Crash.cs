using RobustTickets.Pipeline;

namespace RobustTickets.Tests.Resume;

/// <summary>Breaks a run off right after a step of a stage.</summary>
internal sealed class Crash(string stage, long step) : IProgress<TrainProgress>
{
    public void Report(TrainProgress p)
    {
        if (p.Stage == stage && p.Step == step && p.Note is null)
            throw new TimeoutException("the crash of a test");
    }
}
