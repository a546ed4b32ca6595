namespace RobustTickets.Pipeline;

/// <summary>Progress of a run, reported after every step.</summary>
/// <param name="Stage">Stage at work.</param>
/// <param name="Step">Steps done in the stage.</param>
/// <param name="TotalSteps">Steps of the stage at most.</param>
/// <param name="Epoch">Epochs done in the stage.</param>
/// <param name="Loss">Loss of the step.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="TokensPerSecond">Real word pieces a second over the last steps, counted once per
/// step whatever the passes.</param>
/// <param name="Remaining">Time left in the stage at this pace, or null before a pace is
/// known.</param>
/// <param name="Note">A sentence worth a line of its own (evaluation, mask distance, decision), or
/// null.</param>
/// <param name="Figures">Figures of work that is no training (an attack after an epoch), in place
/// of loss and rates; null otherwise.</param>
public sealed record TrainProgress(
    string Stage,
    long Step,
    long TotalSteps,
    double Epoch,
    double Loss,
    double LearningRate,
    double TokensPerSecond,
    TimeSpan? Remaining,
    string? Note,
    string? Figures = null
);
