using RobustTickets.Models;
using RobustTickets.Torch.optim;

namespace RobustTickets.Training;

/// <summary>One stage at work.</summary>
/// <param name="Name">Name in logs.</param>
/// <param name="LastStep">Steps at most.</param>
/// <param name="Model">Network being trained.</param>
/// <param name="Optimizer">Its optimiser.</param>
/// <param name="Part">What its checkpoints hold beyond parameters and moments, or null.</param>
internal sealed record StageRun(
    string Name,
    long LastStep,
    BertForSequenceClassification Model,
    AdamW Optimizer,
    ICheckpointPart? Part
)
{
    internal StageTally Tally { get; set; } = StageTally.Zero;

    internal PaceMeter Pace { get; } = new();
}

/// <summary>Pace over the last steps of this process.</summary>
internal sealed class PaceMeter
{
    private readonly Queue<(double Seconds, long Tokens)> _recent = new();

    internal double TokensPerSecond(StepReport step)
    {
        _recent.Enqueue((step.Seconds, step.Tokens));
        if (_recent.Count > 50)
            _recent.Dequeue();
        return _recent.Sum(r => r.Tokens) / _recent.Sum(r => r.Seconds);
    }

    internal TimeSpan? Remaining(StepReport step, long lastStep) =>
        _recent.Count < 5 ? null : TimeSpan.FromSeconds((lastStep - step.Step) * _recent.Average(r => r.Seconds));
}
