// An experiment is a table as a value: rows (recipes) x data x seeds, each finished run attacked by
// the same attacks. It holds no path: where data, model and lexical resources lie is said when it
// is run, so that the same file means the same on every machine.
namespace RobustTickets.Experiments;

/// <summary>A table of runs with a JSON form.</summary>
/// <param name="Name">Name of the experiment, and of its folder.</param>
/// <param name="Title">What the table shows, in one line.</param>
/// <param name="Source">Where it comes from (paper and table), and what differs from it.</param>
/// <param name="Rows">The methods, in the order of the table.</param>
/// <param name="Data">The data sets, in the order of the table.</param>
/// <param name="Seeds">Seeds of each row on each data set.</param>
/// <param name="Attacks">What every finished run is attacked by; empty for experiments about
/// training alone.</param>
/// <param name="Baseline">Row whose training time is 1.0 in the speed-up column; null for no such
/// column.</param>
/// <param name="Set">Settings <c>path=value</c> of every recipe; applied
/// before those of data and row.</param>
/// <param name="Figures">Figures drawn from the finished runs.</param>
/// <param name="Reproduces">The table or figure of a paper that it stands for, as
/// <c>early-robust/table-1</c>: what evidence and claims find it by; null for none.</param>
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
/// <param name="Recipe">A preset's name, or a recipe file beside the experiment file; of a control,
/// left out.</param>
/// <param name="Set">Settings <c>path=value</c> of this row.</param>
/// <param name="On">Names of the data sets it is run on; null for all.</param>
/// <param name="ControlOf">Name of a row with <c>evaluate.equal-epoch-control</c>: this row is the
/// dense control that those runs trained along the way.</param>
/// <param name="TicketOf">
/// Name of a row whose ticket this row takes: one search for all rows that search alike, or the
/// counts by matrix that a random ticket matches. Null: a search of its own.
/// </param>
/// <param name="SetOn">More settings of this row, by the name of the data set that they are
/// for.</param>
public sealed record ExperimentRow(
    string Name,
    string? Recipe = null,
    IReadOnlyList<string>? Set = null,
    IReadOnlyList<string>? On = null,
    string? ControlOf = null,
    string? TicketOf = null,
    IReadOnlyDictionary<string, IReadOnlyList<string>>? SetOn = null
);

/// <summary>One data set of an experiment. Its path is given by its name.</summary>
/// <param name="Name">Name in the table and of its cells.</param>
/// <param name="Task">Task, which selects published numbers and the layout of the files.</param>
/// <param name="Set">Settings <c>path=value</c> of every recipe on this data set.</param>
/// <param name="Options">Data options <c>name=value</c> as on the command line of <c>train</c>,
/// e.g. <c>text-column=body</c>.</param>
/// <param name="AttackExamples">Examples attacked on this data set, whatever the attack says; null
/// for what it says.</param>
public sealed record ExperimentData(
    string Name,
    string Task,
    IReadOnlyList<string>? Set = null,
    IReadOnlyList<string>? Options = null,
    int? AttackExamples = null
);

/// <summary>
/// One attack of an experiment. Files it needs are given by their names.
/// </summary>
/// <param name="Name">Name in the table and of its folder.</param>
/// <param name="Recipe">Name of the attack recipe.</param>
/// <param name="Examples">Examples attacked, a seeded sample with the file's class shares; null for
/// all.</param>
/// <param name="Resources">Resource options of <c>attack</c> that it takes, e.g. <c>neighbours</c>,
/// <c>tagger</c>, <c>encoder</c>.</param>
/// <param name="Options">Further options <c>name=value</c> of <c>attack</c>, e.g.
/// <c>similarity-threshold=0.9</c>; a flag without value.</param>
/// <param name="On">Names of the data sets it is run on; null for all.</param>
public sealed record ExperimentAttack(
    string Name,
    string Recipe,
    int? Examples = null,
    IReadOnlyList<string>? Resources = null,
    IReadOnlyList<string>? Options = null,
    IReadOnlyList<string>? On = null
);

/// <summary>What a figure shows.</summary>
public enum FigureKind
{
    /// <summary>
    /// Clean accuracy and accuracy under each attack over a field of the recipe (gamma, sparsity,
    /// epochs): one point per row.
    /// </summary>
    Sweep,

    /// <summary>
    /// Accuracy on the development part after each epoch, and accuracy under attack where it was
    /// measured, one line per row.
    /// </summary>
    Epochs,

    /// <summary>
    /// Distances between the masks of all snapshots of a search, as a heat map per row.
    /// </summary>
    Distances,

    /// <summary>Share of heads and neurons kept in each layer, one line per row.</summary>
    Layers,

    /// <summary>
    /// Mean sparsity penalty and share of settled masks along a mask search, one line per row.
    /// </summary>
    Masks,

    /// <summary>
    /// Share kept in every head and in the FFN of each layer, the mean over seeds, as a heat map
    /// per row; of tickets of single weights in every matrix too.
    /// </summary>
    Pattern,
}

/// <summary>A figure of an experiment.</summary>
/// <param name="Name">Name of its files.</param>
/// <param name="Title">What it shows.</param>
/// <param name="Kind">Kind of figure.</param>
/// <param name="Field">Of a sweep: path of the recipe's field on the x axis.</param>
/// <param name="Rows">Names of the rows in it; null for all.</param>
public sealed record ExperimentFigure(
    string Name,
    string Title,
    FigureKind Kind,
    string? Field = null,
    IReadOnlyList<string>? Rows = null
);
