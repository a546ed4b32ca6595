using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Hardening;

namespace RobustTickets;

/// <summary>What is preferred among defences that keep the clean accuracy.</summary>
public enum HardenGoal
{
    /// <summary>The most accurate under attack.</summary>
    Robust,

    /// <summary>The smallest that is within two points of the most robust.</summary>
    Small,
}

/// <summary>
/// Which defence is best for a classifier and its data, within a time: what the command line and
/// programs make, and <see cref="HardenRun"/> runs.
/// </summary>
/// <param name="Model">A trained classifier, which is then the one to beat (a Hugging Face folder,
/// or what <paramref name="Loader"/> knows), or a pre-trained Hugging Face folder.</param>
/// <param name="Data">File or folder of the data set.</param>
/// <param name="Task">Task of the data set.</param>
/// <param name="Output">Folder of the result and of every run.</param>
/// <param name="DataOptions">Columns and label map, where the task does not know them.</param>
/// <param name="Budget">Time that everything together may take; null: half an hour. Only a stage
/// that is at work when it is spent goes over it.</param>
/// <param name="Seeds">Seeds of the recommended defence and of fine-tuning, as the budget
/// allows.</param>
/// <param name="Attacks">Names of attack recipes, the one that counts first; the defences never
/// train on the dictionary of the last. Null: by the resources that are there.</param>
/// <param name="Goal">What is preferred.</param>
/// <param name="Resume">Go on with what lies in <paramref name="Output"/>.</param>
/// <param name="Resources">Files of the attacks and of training; null: the user's resource
/// folder.</param>
/// <param name="Execution">Device, precision, threads; null: what is fastest on this machine's
/// CPU.</param>
/// <param name="Clock">The clock of the budget; null: the system's.</param>
/// <param name="Base">Hugging Face folder of the checkpoint that defences are trained from; null:
/// <paramref name="Model"/> itself.</param>
/// <param name="Loader">Loads models of other forms; null: there are none.</param>
/// <param name="CleanLoss">How much clean accuracy on development rows a defence may cost, as a
/// share in [0, 1].</param>
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
    /// <summary>Time that everything together may take.</summary>
    internal TimeSpan Time => Budget ?? TimeSpan.FromMinutes(30);

    /// <summary>How models run.</summary>
    internal Execution Running => Execution ?? RobustTickets.Execution.Fastest();

    /// <summary>The clock of the budget.</summary>
    public TimeProvider Clock { get; init; } = Clock ?? TimeProvider.System;

    /// <summary>Refuses values that no run can take.</summary>
    /// <exception cref="RequestException">Field, value found, values possible.</exception>
    internal void Check()
    {
        if (Time <= TimeSpan.Zero)
            throw new RequestException(nameof(Budget), null, $"must be above 0, found {Time}");
        if (Seeds < 1)
            throw new RequestException(nameof(Seeds), null, $"must be 1 or more, found {Seeds}");
        if (CleanLoss is not (>= 0 and <= 1))
            throw new RequestException(nameof(CleanLoss), null, $"must be a share from 0 to 1, found {CleanLoss}");
        if (Attacks is { Count: 0 })
            throw new RequestException(
                nameof(Attacks),
                null,
                "names no attack; leave it out for the default, or name some of "
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

/// <summary>Something that happened while defences are compared.</summary>
public abstract record HardenProgress;

/// <summary>A sentence worth a line of its own.</summary>
/// <param name="Text">The sentence.</param>
public sealed record HardenNote(string Text) : HardenProgress;

/// <summary>Progress of a training.</summary>
/// <param name="Progress">The progress.</param>
public sealed record HardenTraining(RunEvent Progress) : HardenProgress;

/// <summary>Progress of an attack.</summary>
/// <param name="Progress">The progress.</param>
public sealed record HardenAttacking(AttackProgress Progress) : HardenProgress;

/// <summary>A stage ended; a progress bar of it is over.</summary>
public sealed record HardenStageEnded : HardenProgress;
