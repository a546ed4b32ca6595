// The folder of experiments: every cell is an ordinary run folder named by its content, so that it
// can be resumed, attacked, exported or reported by itself and serves every table that holds it
// (docs/decisions/015-cells-by-content.md).
using System.Text;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Experiments.Leases;
using RobustTickets.Pipeline;
using RobustTickets.Runs;

namespace RobustTickets.Experiments;

/// <summary>
/// How far a cell is, by files alone: result.json says that a run is finished, summary.json that an
/// attack is.
/// </summary>
public enum CellState
{
    /// <summary>Nothing is there.</summary>
    Open,

    /// <summary>The run was begun and not finished.</summary>
    Begun,

    /// <summary>The run is finished; attacks are missing.</summary>
    Trained,

    /// <summary>Run and attacks are there.</summary>
    Done,

    /// <summary>It ended in a failure that is written down.</summary>
    Failed,
}

/// <summary>
/// One experiment in a folder that several may share: <c>cells/HASH/</c> (run folders),
/// <c>failures/</c>, <c>leases/</c> (who is at which run), and <c>NAME/</c> with <c>cells.json</c>,
/// <c>results.*</c>, <c>report.html</c>
/// and <c>figures/</c> of the experiment of that name.
/// </summary>
public sealed class ExperimentFolder
{
    /// <summary>The folder of leases, beside the runs.</summary>
    internal const string Leased = "leases";

    /// <summary>The folder of the runs.</summary>
    internal const string Cells = "cells";

    /// <summary>Folder of what failed, and of what.</summary>
    internal const string Failed = "failures";

    private readonly Dictionary<string, CellPlace> _own = new(StringComparer.Ordinal);
    private CellIndex _index;

    /// <param name="path">The folder; need not be there yet.</param>
    /// <param name="plan">The experiment.</param>
    /// <exception cref="RunFolderException">The folder is of an earlier version.</exception>
    /// <exception cref="DataException">Its index of cells is broken.</exception>
    public ExperimentFolder(string path, ExperimentPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        (Path, Plan) = (System.IO.Path.GetFullPath(path), plan);
        if (File.Exists(System.IO.Path.Combine(Path, "experiment.json")))
            throw new RunFolderException(
                $"{Path}: holds an experiment of an earlier version, whose cells are named by row, data and seed and "
                    + "shared by nothing; its runs can still be reported one by one, but the table goes on in "
                    + "another folder only"
            )
            {
                Fields = ["Output"],
            };
        _index = CellIndex.Load(IndexFile, plan);
    }

    /// <summary>The folder itself, absolute.</summary>
    public string Path { get; }

    /// <summary>The experiment.</summary>
    public ExperimentPlan Plan { get; }

    /// <summary>Folder of the experiment's tables.</summary>
    public string Tables => In(Plan.Experiment.Name);

    /// <summary><c>experiment.json</c>: the experiment as it was last run.</summary>
    public string ExperimentFile => In(Plan.Experiment.Name, "experiment.json");

    /// <summary><c>cells.json</c>: which run each cell is.</summary>
    public string IndexFile => In(Plan.Experiment.Name, "cells.json");

    /// <summary><c>data.json</c>: SHA-256 of the data that its cells were made on.</summary>
    public string DataFile => In(Plan.Experiment.Name, "data.json");

    /// <summary><c>figures/</c>.</summary>
    public string FiguresFolder => In(Plan.Experiment.Name, "figures");

    /// <summary><c>report.html</c>: the table with its tests between methods.</summary>
    public string ReportFile => In(Plan.Experiment.Name, "report.html");

    /// <summary>A file of the results table, <c>results.csv</c> and so on.</summary>
    public string Results(string extension) => In(Plan.Experiment.Name, $"results.{extension}");

    /// <summary>Whether it is known which run a cell is: once the experiment was begun.</summary>
    public bool Knows(ExperimentCell cell) => _index.Cells.ContainsKey(cell.Id);

    /// <summary>Run folder of a cell.</summary>
    /// <exception cref="RunFolderException">It is not known yet.</exception>
    public string Run(ExperimentCell cell) => In(Cells, Place(cell).Run);

    /// <summary>The runs of all cells.</summary>
    internal string Runs => In(Cells);

    /// <summary>The final model of a cell.</summary>
    /// <inheritdoc cref="Run" path="/exception"/>
    public string Model(ExperimentCell cell) => System.IO.Path.Combine(Run(cell), cell.IsControl ? "control" : "model");

    /// <summary>Folder of one attack on a cell.</summary>
    /// <inheritdoc cref="Run" path="/exception"/>
    public string Attack(ExperimentCell cell, ExperimentAttack attack) =>
        System.IO.Path.Combine(Run(cell), RunFolder.AttacksName(cell.IsControl), Place(cell).Attacks[attack.Name]);

    /// <summary>Whether an attack on a cell is finished.</summary>
    public bool IsAttacked(ExperimentCell cell, ExperimentAttack attack) =>
        Knows(cell) && AttackLog.IsComplete(Attack(cell, attack));

    /// <summary>Whether the run of a cell is finished.</summary>
    public bool IsTrained(ExperimentCell cell) => Knows(cell) && File.Exists(RunFolder.At(Run(cell)).ResultFile);

    /// <summary>How a run or an attack that is finished and whose files are damaged is made
    /// again.</summary>
    internal static string Anew(string place) => $"remove {place}, and the same command makes it again";

    /// <summary>How far a cell is.</summary>
    public CellState State(ExperimentCell cell)
    {
        if (!Knows(cell))
            return CellState.Open;
        if (FailureFile(cell) is not null)
            return CellState.Failed;
        if (IsTrained(cell))
            return cell.Attacks.All(a => IsAttacked(cell, a)) ? CellState.Done : CellState.Trained;
        return Directory.Exists(Run(cell)) ? CellState.Begun : CellState.Open;
    }

    /// <summary>The process that is at a cell, or null.</summary>
    internal string? HeldBy(ExperimentCell cell) =>
        Knows(cell) ? new LeaseFolder(In(Leased), ExperimentRequest.ShortestLease).HolderOf(Place(cell).Run) : null;

    /// <summary>What a failed cell failed of, or null.</summary>
    public string? Failure(ExperimentCell cell)
    {
        if (FailureText(cell) is not { } text)
            return null;
        using var json = GuardedJson.Parse(In(Failed), Encoding.UTF8.GetBytes(text));
        return json.RootElement.Member("message")?.Text();
    }

    /// <summary>The failed cells, each with what it failed of.</summary>
    internal IEnumerable<string> Failures() =>
        Plan.Cells.Where(c => State(c) == CellState.Failed).Select(c => $"{c.Id}: {Failure(c)}");

    /// <summary>Writes down that a cell has not failed.</summary>
    internal void ClearFailure(ExperimentCell cell)
    {
        foreach (var file in FailureFiles(cell).Where(File.Exists))
            File.Delete(file);
    }

    /// <summary>Writes down why a cell failed.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="at">The attack that failed; null when it was the training.</param>
    /// <param name="message">Why.</param>
    /// <param name="exitCode">A number for whoever reads it.</param>
    /// <param name="attempt">Which attempt at the cell it was.</param>
    internal void SetFailure(ExperimentCell cell, ExperimentAttack? at, string message, int exitCode, long attempt)
    {
        ClearFailure(cell);
        WholeFile.CreateFolder(In(Failed));
        var place = Place(cell);
        AtomicFile.WriteAllText(
            In(Failed, place.FailureFile(cell.IsControl, at is null ? null : place.Attacks[at.Name])),
            new JsonObject
            {
                ["cell"] = cell.Id,
                ["exit_code"] = exitCode,
                ["message"] = message,
                ["attempt"] = attempt,
                ["process"] = $"process {Environment.ProcessId} on {Environment.MachineName}",
            }.ToJsonString() + "\n"
        );
    }

    /// <summary>What is written down of a cell's failure, as it stands there; null when nothing
    /// is.</summary>
    internal string? FailureText(ExperimentCell cell)
    {
        try
        {
            return Knows(cell) && FailureFile(cell) is { } file ? File.ReadAllText(file) : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The recipe of a cell's run: a shared ticket is named by its run's folder.</summary>
    internal Recipe RecipeOf(ExperimentCell cell)
    {
        return cell.TicketFrom is { } from && Knows(Plan.Cell(from))
            ? SharedTickets.In(cell.Recipe, Place(Plan.Cell(from)).Run)
            : cell.Recipe;
    }

    /// <summary>Where a cell lies.</summary>
    /// <exception cref="RunFolderException">It is not known yet.</exception>
    internal CellPlace Place(ExperimentCell cell) =>
        _index.Cells.GetValueOrDefault(cell.Id)
        ?? throw new RunFolderException(
            $"{IndexFile}: does not say which run {cell.Id} is; run the experiment, or the cell, first"
        );

    /// <summary>Says where cells lie, in memory until <see cref="Refresh"/>.</summary>
    internal void Take(IReadOnlyDictionary<string, CellPlace> places)
    {
        foreach (var (cell, place) in places)
            _own[cell] = place;
        _index = _index.With(Plan, places);
    }

    /// <summary>
    /// Takes up what other processes say of cells, and adds what is known here. For who holds the
    /// lease of the tables.
    /// </summary>
    internal void Refresh()
    {
        _index = CellIndex.Load(IndexFile, Plan).With(Plan, _own);
        _index.Save(IndexFile);
    }

    /// <summary>Makes the folder and writes down what the experiment is. For who holds the lease of
    /// the tables.</summary>
    /// <exception cref="RunFolderException">It cannot be used.</exception>
    internal void Begin()
    {
        if (File.Exists(Path))
            throw new RunFolderException($"{Path}: is a file; name a folder") { Fields = ["Output"] };
        WholeFile.CreateFolder(Tables);
        AtomicFile.WriteAllText(ExperimentFile, ExperimentJson.Write(Plan.Experiment));
        Refresh();
    }

    /// <summary>
    /// Refuses data that are not those of the cells before: one table would mix both.
    /// </summary>
    /// <param name="name">Name of the data set.</param>
    /// <param name="path">Where it lies now.</param>
    /// <param name="rows">What is trained on and reported now.</param>
    /// <exception cref="DataException">They have changed.</exception>
    internal void RequireSameData(string name, string path, TrainingRows rows)
    {
        if (KnownData()[name] is not JsonObject known)
            return;
        foreach (var (part, now) in Hashes(rows))
        {
            if ((string?)known[part] is { } before && before != now)
                throw new DataException(
                    $"data {name} ({path}): the {part} data have changed since {Tables} was begun: SHA-256 "
                        + $"{before} then, "
                        + $"{now} now; put the old data back, or name another folder for a table of the new ones"
                );
        }
    }

    /// <summary>Writes down what data the cells are made on.</summary>
    internal void KeepData(string name, TrainingRows rows)
    {
        var known = KnownData();
        if (known.ContainsKey(name))
            return;
        known[name] = new JsonObject(Hashes(rows).Select(p => KeyValuePair.Create(p.Part, (JsonNode?)p.Hash)));
        AtomicFile.WriteAllText(DataFile, known.ToJsonString() + "\n");
    }

    private static (string Part, string Hash)[] Hashes(TrainingRows rows) =>
        [("training", rows.Train.Sha256), ("reported", rows.Evaluation.Sha256)];

    private JsonObject KnownData()
    {
        if (!File.Exists(DataFile))
            return [];
        try
        {
            return JsonObject.Create(
                    GuardedJson.Parse(DataFile, File.ReadAllBytes(DataFile), GuardedJson.EachNameOnce).RootElement
                ) ?? throw new DataException($"{DataFile}: is no JSON object");
        }
        catch (InvalidOperationException e)
        {
            throw new DataException($"{DataFile}: {e.Message}", e);
        }
    }

    private IEnumerable<string> FailureFiles(ExperimentCell cell) =>
        Place(cell).FailureFiles(cell.IsControl).Select(name => In(Failed, name));

    private string? FailureFile(ExperimentCell cell) => FailureFiles(cell).FirstOrDefault(File.Exists);

    private string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);
}
