using RobustTickets.Attacks;
using RobustTickets.Experiments;
using RobustTickets.Models;
using RobustTickets.Pipeline;

namespace RobustTickets;

/// <summary>
/// An experiment and the places of what its file only names: what the command line and programs
/// make, and <see cref="ExperimentRun"/> runs.
/// </summary>
/// <param name="Plan">The experiment and its cells.</param>
/// <param name="Model">Pre-trained Hugging Face folder that every run starts from.</param>
/// <param name="Data">Path of each data set, by its name in the experiment.</param>
/// <param name="Output">Folder of the experiment; one that was begun goes on.</param>
/// <param name="Resources">Paths of the attacks' files by their names (vectors, neighbours,
/// stop-words, tagger, tag-map, encoder, wordnet, masked-lm); null for none. The encoder that
/// nobody
/// names is the checkpoint.</param>
/// <param name="Only">Cells that are run: a row, a data set, or a cell, * standing for anything;
/// null for all.</param>
/// <param name="Execution">How models run; null: this machine's CPU in float32.</param>
/// <param name="CheckpointEverySteps">Steps between checkpoints of a run.</param>
public sealed record ExperimentRequest(
    ExperimentPlan Plan,
    string Model,
    IReadOnlyDictionary<string, string> Data,
    string Output,
    IReadOnlyDictionary<string, string>? Resources = null,
    IReadOnlyList<string>? Only = null,
    Execution? Execution = null,
    int CheckpointEverySteps = 500
)
{
    /// <summary>How models run.</summary>
    public Execution Execution { get; init; } = Execution ?? new Execution();

    /// <summary>
    /// The cells to be run, in the order of running. Seeds come outermost: a table with one seed in
    /// every row says more than a few finished rows. Cells that take another's ticket come after
    /// it.
    /// </summary>
    /// <exception cref="RequestException">A pattern names no cell.</exception>
    public IReadOnlyList<ExperimentCell> Cells => Plan.InOrder(Only ?? []);
}

/// <summary>Something that happened in an experiment.</summary>
public abstract record ExperimentProgress;

/// <summary>A sentence worth a line of its own.</summary>
/// <param name="Text">The sentence.</param>
internal sealed record ExperimentNote(string Text) : ExperimentProgress;

/// <summary>Training or an attack of a cell begins (true) or has ended (false).</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Attack">Name of the attack, or null for the training.</param>
/// <param name="Begins">Whether it begins.</param>
internal sealed record ExperimentPart(string Cell, string? Attack, bool Begins) : ExperimentProgress;

/// <summary>Progress of the training of a cell.</summary>
/// <param name="Progress">The progress.</param>
internal sealed record ExperimentTraining(RunEvent Progress) : ExperimentProgress;

/// <summary>Progress of an attack on a cell.</summary>
/// <param name="Progress">The progress.</param>
internal sealed record ExperimentAttacking(AttackProgress Progress) : ExperimentProgress;
