using RobustTickets.Models;
using RobustTickets.Torch.optim;

namespace RobustTickets.Training;

/// <summary>A running stage.</summary>
/// <param name="Name">Name in logs.</param>
/// <param name="LastStep">Maximum steps.</param>
/// <param name="Model">Network being trained.</param>
/// <param name="Optimizer">Its optimiser.</param>
/// <param name="Part">The stage's own checkpoint state, or null.</param>
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
