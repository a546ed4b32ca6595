using RobustTickets.Attacks.Data;
using RobustTickets.Recipes;

namespace RobustTickets.Pipeline;

/// <summary>Everything a run needs to start or to go on.</summary>
/// <param name="Recipe">The method and its numbers.</param>
/// <param name="ModelFolder">Hugging Face folder of the pre-trained checkpoint.</param>
/// <param name="DataPath">File or folder of the data set.</param>
/// <param name="Data">Columns and label map, where the task does not know them.</param>
/// <param name="OutFolder">Run folder.</param>
/// <param name="Resume">Go on from the newest checkpoint in <paramref name="OutFolder"/>.</param>
/// <param name="Execution">Device, precision, threads, kernels.</param>
/// <param name="CheckpointEverySteps">A checkpoint is written each time this many steps are done; 0
/// only at stage borders and on request.</param>
/// <param name="Cache">Data that runs of this process share, or null.</param>
/// <param name="EpochAttack">The attack that the recipe's <c>evaluate.epoch-attack</c> names, with
/// its resources; null when it names none.</param>
public sealed record TrainRequest(
    Recipe Recipe,
    string ModelFolder,
    string DataPath,
    DataOptions? Data,
    string OutFolder,
    bool Resume,
    ExecutionOptions Execution,
    int CheckpointEverySteps = 500,
    RunDataCache? Cache = null,
    EpochAttack? EpochAttack = null
);

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
