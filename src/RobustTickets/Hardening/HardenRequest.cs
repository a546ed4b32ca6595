using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Hardening;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets;

/// <summary>Selection goal among defences that keep the clean accuracy.</summary>
public enum HardenGoal
{
    /// <summary>The most accurate under attack.</summary>
    Robust,

    /// <summary>The smallest within two points of the most robust.</summary>
    Small,
}

/// <summary>
/// A request to find the best defence for a classifier and its data within a time budget.
/// </summary>
/// <param name="Model">A trained classifier, which becomes the baseline (a Hugging Face folder, or
/// a format of <paramref name="Loader"/>), or a pre-trained Hugging Face folder.</param>
/// <param name="Data">File or folder of the data set.</param>
/// <param name="Task">Task of the data set.</param>
/// <param name="Output">Output folder of the result and all runs.</param>
/// <param name="DataOptions">Columns and label map, if the task does not define them.</param>
/// <param name="Budget">Total time budget; null: half an hour. Only the stage running when it ends
/// may exceed it.</param>
/// <param name="Seeds">Number of seeds of the recommended defence and of fine-tuning, as the budget
/// allows.</param>
/// <param name="Attacks">Names of attack recipes, the primary one first; defences never train on
/// the dictionary of the last. Null: chosen by the available resources.</param>
/// <param name="Goal">The selection goal.</param>
/// <param name="Resume">Whether to resume the comparison in <paramref name="Output"/>.</param>
/// <param name="Resources">Resource files of attacks and training; null: the user's resource
/// folder.</param>
/// <param name="Execution">Device, precision, threads; null: the fastest on this machine's
/// CPU.</param>
/// <param name="Clock">The clock of the budget; null: the system's.</param>
/// <param name="Base">Hugging Face folder of the checkpoint that defences are trained from; null:
/// <paramref name="Model"/> itself.</param>
/// <param name="Loader">Loads models of other formats; null for none.</param>
/// <param name="CleanLoss">Allowed loss of clean accuracy against the baseline, on development rows
/// and again on reported rows, in [0, 1].</param>
public sealed record HardenRequest(
    string Model,
    string Data,
    string Task,
    string Output,
    DataOptions? DataOptions = null,
    TimeSpan? Budget = null,
    int Seeds = 1,
    IReadOnlyList<string>? Attacks = null,
    HardenGoal Goal = HardenGoal.Robust,
    bool Resume = false,
    ResourceFiles? Resources = null,
    Execution? Execution = null,
    TimeProvider? Clock = null,
    string? Base = null,
    IModelLoader? Loader = null,
    double CleanLoss = HardenSelection.MostLost
)
{
    /// <summary>Total time budget.</summary>
    internal TimeSpan Time => Budget ?? TimeSpan.FromMinutes(30);

    /// <summary>Execution of all models.</summary>
    internal Execution Running => Execution ?? RobustTickets.Execution.Fastest();

    /// <summary>The clock of the budget.</summary>
    public TimeProvider Clock { get; init; } = Clock ?? TimeProvider.System;

    /// <summary>
    /// Returns the command line that uses a model folder, for the report; null: only the folder is
    /// named.
    /// </summary>
    public Func<string, string>? CommandOf { get; init; }

    /// <summary>
    /// Measures and plans without saving anything; returns the plan, one sentence each.
    /// </summary>
    /// <param name="progress">Receives progress, or null.</param>
    /// <param name="stop">Cancels the work.</param>
    /// <exception cref="RequestException">An option or the budget is not possible.</exception>
    /// <exception cref="DataException">Data or resources are missing, or there are too few
    /// rows.</exception>
    /// <exception cref="Checkpoints.CheckpointException">A model is missing, corrupt, or cannot be
    /// trained.</exception>
    /// <exception cref="Torch.Native.TorchUnavailableException">libtorch is not available.</exception>
    public IReadOnlyList<string> Preview(
        IProgress<HardenProgress>? progress = null,
        CancellationToken stop = default
    ) => new HardenRun(this, progress, stop).Preview();

    /// <summary>Runs or resumes the comparison, and recommends a defence.</summary>
    /// <param name="progress">Receives progress, or null.</param>
    /// <param name="stop">Cancels the comparison; it can be resumed.</param>
    /// <inheritdoc cref="Preview" path="/exception"/>
    /// <exception cref="FolderInUseException">Another process writes to the folder.</exception>
    /// <exception cref="Runs.RunFolderException">The folder cannot be used for the
    /// comparison.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the same request with
    /// <see cref="HardenRequest.Resume"/> resumes it.</exception>
    public HardenResult Run(IProgress<HardenProgress>? progress = null, CancellationToken stop = default) =>
        new HardenRun(this, progress, stop).Run();

    /// <summary>Throws if a value is not possible.</summary>
    /// <exception cref="RequestException">Names the field, the value and the possible
    /// values.</exception>
    internal void Check()
    {
        if (Time <= TimeSpan.Zero)
            throw new RequestException(nameof(Budget), null, $"must be above 0, found {Time}");
        if (Seeds < 1)
            throw new RequestException(nameof(Seeds), null, $"must be 1 or more, found {Seeds}");
        if (CleanLoss is not (>= 0 and <= 1))
            throw new RequestException(
                nameof(CleanLoss),
                null,
                Text($"must be a fraction from 0 to 1, found {CleanLoss}")
            );
        if (Attacks is { Count: 0 })
            throw new RequestException(
                nameof(Attacks),
                null,
                "is empty; leave it out for the default, or choose from "
                    + string.Join(", ", AttackRecipe.All.Select(r => r.Name))
            );
        foreach (var name in Attacks ?? [])
            _ =
                AttackRecipe.TryFind(name)
                ?? throw new RequestException(
                    nameof(Attacks),
                    name,
                    $"no such attack; possible: {string.Join(", ", AttackRecipe.All.Select(r => r.Name))}"
                );
    }
}

/// <summary>A progress event of a comparison.</summary>
public abstract record HardenProgress;

/// <summary>A message to print on its own line.</summary>
/// <param name="Text">The message.</param>
public sealed record HardenNote(string Text) : HardenProgress;

/// <summary>Progress of a training.</summary>
/// <param name="Progress">The progress.</param>
public sealed record HardenTraining(RunEvent Progress) : HardenProgress;

/// <summary>Progress of an attack.</summary>
/// <param name="Progress">The progress.</param>
public sealed record HardenAttacking(AttackProgress Progress) : HardenProgress;

/// <summary>A stage ended; its progress bar can be closed.</summary>
public sealed record HardenStageEnded : HardenProgress;
