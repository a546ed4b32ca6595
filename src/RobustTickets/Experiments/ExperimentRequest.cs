using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Experiments;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>
/// Request to run experiments, with the paths of their model, data and resources.
/// </summary>
/// <param name="Plans">The experiments in the order of running; see <see cref="ExperimentFiles"/>.
/// Cells shared by several are run once.</param>
/// <param name="Model">Pre-trained Hugging Face folder that every run starts from, the name of a
/// model (<see cref="ModelStore"/>), or a run folder, whose model is trained further.</param>
/// <param name="Data">Path of each data set, by its name in the experiments; unused names give a
/// note.</param>
/// <param name="Output">Folder of the experiments; unfinished cells are resumed.</param>
/// <param name="Resources">Paths of the attacks' files by name (vectors, neighbours, stop-words,
/// tagger, tag-map, encoder, wordnet, masked-lm); null for none. The default encoder is the
/// checkpoint.</param>
/// <param name="Only">Patterns of the cells to run: an experiment, a row, a data set, or a cell,
/// with * as wildcard and EXPERIMENT/ as optional prefix; null for all.</param>
/// <param name="Execution">Execution options of models; null: this machine's CPU in
/// float32.</param>
/// <param name="CheckpointEverySteps">Steps between checkpoints of a run, as in
/// <see cref="TrainRequest"/>.</param>
/// <param name="Evidence">Source files of the evidence page; null for no page.</param>
/// <param name="Wait">Whether to wait for cells of other processes, and take them over when such a
/// process ends; otherwise they are left to them.</param>
/// <param name="LeaseTimeout">Time without a heartbeat after which a cell is taken over from
/// another process; null: two minutes.</param>
/// <param name="Metrics">Metric files that each run writes in addition to its log.</param>
public sealed record ExperimentRequest(
    IReadOnlyList<ExperimentPlan> Plans,
    string Model,
    IReadOnlyDictionary<string, string> Data,
    string Output,
    IReadOnlyDictionary<string, string>? Resources = null,
    IReadOnlyList<string>? Only = null,
    Execution? Execution = null,
    int CheckpointEverySteps = 500,
    EvidenceSources? Evidence = null,
    bool Wait = true,
    TimeSpan? LeaseTimeout = null,
    MetricFiles Metrics = MetricFiles.All
)
{
    /// <summary>Minimum of <see cref="LeaseTimeout"/>.</summary>
    internal static readonly TimeSpan ShortestLease = TimeSpan.FromSeconds(1);

    /// <summary>Execution options of models.</summary>
    public Execution Execution { get; init; } = Execution ?? new Execution();

    /// <summary>Converts a failure to a note; null: code 1 and the exception's message.</summary>
    public Func<Exception, FailureNote>? NoteOf { get; init; }

    /// <summary>Time without a heartbeat after which a cell is taken over.</summary>
    internal TimeSpan Lease => LeaseTimeout ?? TimeSpan.FromMinutes(2);

    /// <summary>This request with the model's name, or its run, resolved to its folder.</summary>
    /// <exception cref="RunFolderException">The run has no model yet.</exception>
    internal ExperimentRequest Located() => this with { Model = RunFolder.LocateModel(Model) };

    /// <summary>
    /// The cells of each experiment to run, in order. Seeds are the outermost loop: a table with
    /// one seed in every row is more informative than a few finished rows. Cells that use another's
    /// ticket come after it. Experiments without matching cells are omitted.
    /// </summary>
    /// <exception cref="RequestException">A pattern matches no cell, there is no experiment, or two
    /// have the same name.</exception>
    public IReadOnlyList<(ExperimentPlan Plan, IReadOnlyList<ExperimentCell> Cells)> Cells
    {
        get
        {
            if (Plans.Count == 0)
                throw new RequestException(nameof(Plans), null, "is empty; at least one experiment is needed");
            if (Plans.GroupBy(p => p.Experiment.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
                throw new RequestException(
                    nameof(Plans),
                    twice.Key,
                    "is the name of two experiments; names must be unique, since they name the folders of the tables"
                );
            var unknown = (Only ?? []).FirstOrDefault(pattern => !Plans.Any(p => p.Names(pattern)));
            if (unknown is not null)
                throw new RequestException(nameof(Only), unknown, $"matches no cell; possible: {Possible()}");
            return [.. Plans.Select(p => (Plan: p, Cells: p.InOrder(Only ?? []))).Where(p => p.Cells.Count > 0)];
        }
    }

    /// <summary>
    /// Checks everything that the cells need, before any compute: model, data and labels, attack
    /// options and their files. <see cref="Run"/> calls it.
    /// </summary>
    /// <param name="stop">Cancels the check.</param>
    /// <returns>Notes about unused paths and about the data of the cells, without
    /// duplicates.</returns>
    /// <exception cref="RequestException">A path is missing or unused.</exception>
    /// <exception cref="RecipeException">An option of an attack or of data is invalid.</exception>
    /// <exception cref="CheckpointException">The model is missing or corrupt, or is already a
    /// ticket although a cell searches for one.</exception>
    /// <exception cref="DataException">Data or a resource is missing or invalid.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public IReadOnlyList<string> Check(CancellationToken stop = default)
    {
        using var run = new ExperimentRun(this, stop: stop);
        run.Check();
        return [.. run.Notes()];
    }

    /// <summary>
    /// Runs unfinished cells and updates the tables after every cell
    /// (<see cref="ExperimentFolder"/>). Cells of other processes are waited for, or left to them
    /// (<see cref="Wait"/>).
    /// </summary>
    /// <param name="progress">Receives progress, or null.</param>
    /// <param name="stop">Cancels the current cell; running the same request again resumes
    /// it.</param>
    /// <returns>The cells that failed in this call.</returns>
    /// <inheritdoc cref="Check" path="/exception"/>
    /// <exception cref="OutputException">The folder cannot be written.</exception>
    public IReadOnlyList<CellFailure> Run(
        IProgress<ExperimentProgress>? progress = null,
        CancellationToken stop = default
    )
    {
        using var run = new ExperimentRun(this, progress, stop);
        return run.Run();
    }

    private string Possible()
    {
        var rows = Plans.SelectMany(p => p.Experiment.Rows).Select(r => r.Name).Distinct();
        var data = Plans.SelectMany(p => p.Experiment.Data).Select(d => d.Name).Distinct();
        var experiments =
            Plans.Count == 1 ? "" : $"experiments ({string.Join(", ", Plans.Select(p => p.Experiment.Name))}), ";
        return $"{experiments}rows ({string.Join(", ", rows)}), data ({string.Join(", ", data)}), "
            + $"cells such as {Plans[0].Cells[0].Id}, with * as a wildcard"
            + (
                Plans.Count == 1
                    ? ""
                    : $"; prefix {Plans[0].Experiment.Name}/ for the cells of {Plans[0].Experiment.Name} only"
            );
    }
}

/// <summary>A progress event of an experiment.</summary>
public abstract record ExperimentProgress;

/// <summary>A sentence to print on its own line.</summary>
/// <param name="Text">The sentence.</param>
public sealed record ExperimentNote(string Text) : ExperimentProgress;

/// <summary>Training or an attack of a cell starts or has ended.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Attack">Name of the attack; null: the training.</param>
/// <param name="Begins">Whether it starts; otherwise it has ended.</param>
public sealed record ExperimentPart(string Cell, string? Attack, bool Begins) : ExperimentProgress;

/// <summary>Progress of the training of a cell.</summary>
/// <param name="Progress">The progress.</param>
public sealed record ExperimentTraining(RunEvent Progress) : ExperimentProgress;

/// <summary>Progress of an attack on a cell.</summary>
/// <param name="Progress">The progress.</param>
public sealed record ExperimentAttacking(AttackProgress Progress) : ExperimentProgress;
