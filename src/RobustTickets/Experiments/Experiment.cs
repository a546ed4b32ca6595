// An experiment defines a table: rows (recipes) x data x seeds, with the same attacks on each
// finished run. It contains no paths: data, model and lexical resources are given when it is run,
// so that a file has the same meaning on every machine.
namespace RobustTickets.Experiments;

/// <summary>A table of runs, serialisable to JSON.</summary>
/// <param name="Name">Name of the experiment, and of its folder.</param>
/// <param name="Title">One-line description of the table.</param>
/// <param name="Source">Its source (paper and table), and differences from it.</param>
/// <param name="Rows">The methods, in the order of the table.</param>
/// <param name="Data">The data sets, in the order of the table.</param>
/// <param name="Seeds">Seeds of each row on each data set.</param>
/// <param name="Attacks">Attacks on every finished run; empty for experiments on training
/// only.</param>
/// <param name="Baseline">Row with training time 1.0 in the speed-up column; null for no such
/// column.</param>
/// <param name="Set">Settings <c>path=value</c> for every recipe; applied before those of data and
/// row.</param>
/// <param name="Figures">Figures drawn from the finished runs.</param>
/// <param name="Reproduces">The reproduced table or figure of a paper, e.g.
/// <c>early-robust/table-1</c>, used by evidence and claims; null for none.</param>
public sealed record Experiment(
    string Name,
    string Title,
    string Source,
    IReadOnlyList<ExperimentRow> Rows,
    IReadOnlyList<ExperimentData> Data,
    IReadOnlyList<int> Seeds,
    IReadOnlyList<ExperimentAttack> Attacks,
    string? Baseline = null,
    IReadOnlyList<string>? Set = null,
    IReadOnlyList<ExperimentFigure>? Figures = null,
    string? Reproduces = null
);

/// <summary>One method of an experiment.</summary>
/// <param name="Name">Name in the table and of its cells.</param>
/// <param name="Recipe">A preset's name, or a recipe file relative to the experiment file; omitted
/// for a control.</param>
/// <param name="Set">Settings <c>path=value</c> of this row.</param>
/// <param name="On">Names of its data sets; null for all.</param>
/// <param name="ControlOf">Name of a row with <c>evaluate.equal-epoch-control</c>: this row is the
/// dense control trained in those runs.</param>
/// <param name="TicketOf">
/// Name of a row whose ticket this row uses: one search shared by rows with the same search, or the
/// per-matrix counts for a random ticket. Null: its own search.
/// </param>
/// <param name="SetOn">Additional settings of this row by data set.</param>
public sealed record ExperimentRow(
    string Name,
    string? Recipe = null,
    IReadOnlyList<string>? Set = null,
    IReadOnlyList<string>? On = null,
    string? ControlOf = null,
    string? TicketOf = null,
    IReadOnlyDictionary<string, IReadOnlyList<string>>? SetOn = null
);

/// <summary>A data set of an experiment. Its path is given separately, by its name.</summary>
/// <param name="Name">Name in the table and of its cells.</param>
/// <param name="Task">Task, which selects published hyperparameters and the file layout.</param>
/// <param name="Set">Settings <c>path=value</c> for every recipe on this data set.</param>
/// <param name="Options">Data options <c>name=value</c> as on the command line of <c>train</c>,
/// e.g. <c>text-column=body</c>.</param>
/// <param name="AttackExamples">Number of attacked examples on this data set, overriding the
/// attack's; null for the attack's.</param>
public sealed record ExperimentData(
    string Name,
    string Task,
    IReadOnlyList<string>? Set = null,
    IReadOnlyList<string>? Options = null,
    int? AttackExamples = null
);

/// <summary>An attack of an experiment. Paths of its files are given separately, by name.</summary>
/// <param name="Name">Name in the table and of its folder.</param>
/// <param name="Recipe">Name of the attack recipe.</param>
/// <param name="Examples">Number of attacked examples, a seeded stratified sample; null for
/// all.</param>
/// <param name="Resources">Resource options of <c>attack</c> that it uses, e.g. <c>neighbours</c>,
/// <c>tagger</c>, <c>encoder</c>.</param>
/// <param name="Options">Further options <c>name=value</c> of <c>attack</c>, e.g.
/// <c>similarity-threshold=0.9</c>; a flag without value.</param>
/// <param name="On">Names of its data sets; null for all.</param>
public sealed record ExperimentAttack(
    string Name,
    string Recipe,
    int? Examples = null,
    IReadOnlyList<string>? Resources = null,
    IReadOnlyList<string>? Options = null,
    IReadOnlyList<string>? On = null
);

/// <summary>Kind of figure.</summary>
public enum FigureKind
{
    /// <summary>
    /// Clean accuracy and accuracy under each attack over a field of the recipe (gamma, sparsity,
    /// epochs): one point per row.
    /// </summary>
    Sweep,

    /// <summary>
    /// Development accuracy after each epoch, and accuracy under attack if measured, one line per
    /// row.
    /// </summary>
    Epochs,

    /// <summary>
    /// Distances between the masks of all snapshots of a search, as a heat map per row.
    /// </summary>
    Distances,

    /// <summary>Fraction of heads and neurons kept in each layer, one line per row.</summary>
    Layers,

    /// <summary>
    /// Mean sparsity penalty and fraction of settled gates during a mask search, one line per row.
    /// </summary>
    Masks,

    /// <summary>
    /// Fraction kept in every head and in the FFN of each layer, mean over seeds, as a heat map per
    /// row; for tickets of single weights also in every matrix.
    /// </summary>
    Pattern,
}

/// <summary>A figure of an experiment.</summary>
/// <param name="Name">Name of its files.</param>
/// <param name="Title">Title of the figure.</param>
/// <param name="Kind">Kind of figure.</param>
/// <param name="Field">For a sweep: path of the recipe field on the x axis.</param>
/// <param name="Rows">Names of its rows; null for all.</param>
public sealed record ExperimentFigure(
    string Name,
    string Title,
    FigureKind Kind,
    string? Field = null,
    IReadOnlyList<string>? Rows = null
);
