// The folder of experiments: every cell is an ordinary run folder named by its content hash, so
// that it can be resumed, attacked, exported or reported separately and is shared by all tables
// that contain it (docs/decisions/015-cells-by-content.md).
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
/// State of a cell, from its files: a finished run has result.json, a finished attack summary.json.
/// </summary>
public enum CellState
{
    /// <summary>Not started.</summary>
    Open,

    /// <summary>The run was started but is not finished.</summary>
    Begun,

    /// <summary>The run is finished; attacks are missing.</summary>
    Trained,

    /// <summary>Run and attacks are finished.</summary>
    Done,

    /// <summary>It ended in a recorded failure.</summary>
    Failed,
}

/// <summary>
/// One experiment in a folder shared by several: <c>cells/HASH/</c> (run folders),
/// <c>failures/</c>, <c>leases/</c> (the process working on each run), and <c>NAME/</c> with
/// <c>cells.json</c>, <c>results.*</c>, <c>report.html</c> and <c>figures/</c> of the experiment of
/// that name.
/// </summary>
public sealed class ExperimentFolder
{
    /// <summary>The folder of leases, next to the runs.</summary>
    internal const string Leased = "leases";

    /// <summary>The folder of the runs.</summary>
    internal const string Cells = "cells";

    /// <summary>The folder of recorded failures.</summary>
    internal const string Failed = "failures";

    private readonly Dictionary<string, CellPlace> _own = new(StringComparer.Ordinal);
    private readonly ExperimentPlan _planned;
    private ExperimentPlan _all;
    private CellIndex _index;

    /// <param name="path">The folder; need not exist yet.</param>
    /// <param name="plan">The experiment.</param>
    /// <exception cref="RunFolderException">The path is the folder of a single table.</exception>
    /// <exception cref="DataException">The index of cells is corrupt.</exception>
    public ExperimentFolder(string path, ExperimentPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        (Path, Plan, _planned, _all) = (System.IO.Path.GetFullPath(path), plan, plan, plan);
        if (File.Exists(System.IO.Path.Combine(Path, "experiment.json")))
            throw new RunFolderException(
                $"{Path}: is the folder of a single table; use its parent folder, which contains all tables"
            )
            {
                Fields = ["Output"],
            };
        _index = Read();
    }

    /// <summary>Absolute path of the folder.</summary>
    public string Path { get; }

    /// <summary>
    /// The experiment, with the finished cells of seeds that were run earlier and are not planned
    /// now.
    /// </summary>
    public ExperimentPlan Plan { get; private set; }

    /// <summary>Folder of the experiment's tables.</summary>
    public string Tables => In(Plan.Experiment.Name);

    /// <summary><c>experiment.json</c>: the experiment as last run.</summary>
    public string ExperimentFile => In(Plan.Experiment.Name, "experiment.json");

    /// <summary><c>cells.json</c>: the run of each cell.</summary>
    public string IndexFile => In(Plan.Experiment.Name, "cells.json");

    /// <summary><c>data.json</c>: SHA-256 of the data of its cells.</summary>
    public string DataFile => In(Plan.Experiment.Name, "data.json");

    /// <summary><c>figures/</c>.</summary>
    public string FiguresFolder => In(Plan.Experiment.Name, "figures");

    /// <summary><c>report.html</c>: the table with tests between methods.</summary>
    public string ReportFile => In(Plan.Experiment.Name, "report.html");

    /// <summary>A file of the results table, e.g. <c>results.csv</c>.</summary>
    public string Results(string extension) => In(Plan.Experiment.Name, $"results.{extension}");

    /// <summary>Whether the run of a cell is known, i.e. the experiment was started.</summary>
    public bool Knows(ExperimentCell cell) => _index.Cells.ContainsKey(cell.Id);

    /// <summary>Run folder of a cell.</summary>
    /// <exception cref="RunFolderException">The run is not known yet.</exception>
    public string Run(ExperimentCell cell) => In(Cells, Place(cell).Run);

    /// <summary>The folder of all runs.</summary>
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
        Knows(cell) && FinishedAttack.Exists(Attack(cell, attack));

    /// <summary>Whether the run of a cell is finished.</summary>
    public bool IsTrained(ExperimentCell cell) => Knows(cell) && RunFolder.At(Run(cell)).IsFinished;

    /// <summary>Instruction for repeating a finished run or attack with damaged files.</summary>
    internal static string Anew(string place) => $"delete {place} and run the same command again";

    /// <summary>State of a cell.</summary>
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

    /// <summary>The process working on a cell, or null.</summary>
    internal string? HeldBy(ExperimentCell cell) =>
        Knows(cell) ? new LeaseFolder(In(Leased), ExperimentRequest.ShortestLease).HolderOf(Place(cell).Run) : null;

    /// <summary>Failure message of a cell, or null.</summary>
    public string? Failure(ExperimentCell cell)
    {
        if (FailureText(cell) is not { } text)
            return null;
        using var json = GuardedJson.Parse(In(Failed), Encoding.UTF8.GetBytes(text));
        return json.RootElement.Member("message")?.Text();
    }

    /// <summary>The failed cells with their failure messages.</summary>
    internal IEnumerable<string> Failures() =>
        Plan.Cells.Where(c => State(c) == CellState.Failed).Select(c => $"{c.Id}: {Failure(c)}");

    /// <summary>Removes a cell's failure records.</summary>
    internal void ClearFailure(ExperimentCell cell)
    {
        foreach (var file in FailureFiles(cell).Where(File.Exists))
            File.Delete(file);
    }

    /// <summary>Records a cell's failure.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="at">The attack that failed; null for the training.</param>
    /// <param name="message">Failure message.</param>
    /// <param name="exitCode">A code for programs.</param>
    /// <param name="attempt">Number of the attempt.</param>
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

    /// <summary>The text of a cell's failure record; null if there is none.</summary>
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

    /// <summary>
    /// The recipe of a cell's run, with a shared ticket named by its run's folder.
    /// </summary>
    internal Recipe RecipeOf(ExperimentCell cell)
    {
        return cell.TicketFrom is { } from && Knows(Plan.Cell(from))
            ? SharedTickets.In(cell.Recipe, Place(Plan.Cell(from)).Run)
            : cell.Recipe;
    }

    /// <summary>The run of a cell.</summary>
    /// <exception cref="RunFolderException">The run is not known yet.</exception>
    internal CellPlace Place(ExperimentCell cell) =>
        _index.Cells.GetValueOrDefault(cell.Id)
        ?? throw new RunFolderException(
            $"{IndexFile}: lists no run for {cell.Id}; run the experiment, or the cell, first"
        );

    /// <summary>Sets the runs of cells, in memory until <see cref="Refresh"/>.</summary>
    internal void Take(IReadOnlyDictionary<string, CellPlace> places)
    {
        foreach (var (cell, place) in places)
            _own[cell] = place;
        _index = _index.With(_all, places);
    }

    /// <summary>
    /// Merges the index with the cells recorded by other processes, and writes it. Requires the
    /// lease of the tables.
    /// </summary>
    internal void Refresh()
    {
        _index = Read();
        _index.Save(IndexFile);
    }

    // The index as written, with the cells of this process; the plan follows it.
    private CellIndex Read()
    {
        var written = CellIndex.Load(IndexFile);
        _all = _planned.With(written.Seeds);
        _index = written.In(_all).With(_all, _own);
        var planned = _planned.Cells.Select(c => c.Id).ToHashSet(StringComparer.Ordinal);
        Plan = _planned with { Cells = [.. _all.Cells.Where(c => planned.Contains(c.Id) || IsFinished(c))] };
        return _index;
    }

    private bool IsFinished(ExperimentCell cell) =>
        IsTrained(cell) && (cell.TicketFrom is not { } from || IsTrained(_all.Cell(from)));

    /// <summary>
    /// Creates the folder and writes the experiment's definition. Requires the lease of the tables.
    /// </summary>
    /// <exception cref="RunFolderException">The folder cannot be used.</exception>
    internal void Begin()
    {
        if (File.Exists(Path))
            throw new RunFolderException($"{Path}: is a file; name a folder") { Fields = ["Output"] };
        WholeFile.CreateFolder(Tables);
        AtomicFile.WriteAllText(ExperimentFile, ExperimentJson.Write(Plan.Experiment));
        Refresh();
    }

    /// <summary>
    /// Throws if the data differ from those of earlier cells: a table must not mix both.
    /// </summary>
    /// <param name="name">Name of the data set.</param>
    /// <param name="path">Its current path.</param>
    /// <param name="rows">Its current training and reported rows.</param>
    /// <exception cref="DataException">The data have changed.</exception>
    internal void RequireSameData(string name, string path, TrainingRows rows)
    {
        if (KnownData()[name] is not JsonObject known)
            return;
        foreach (var (part, now) in Hashes(rows))
        {
            if ((string?)known[part] is { } before && before != now)
                throw new DataException(
                    $"data {name} ({path}): the {part} data have changed since {Tables} was started: SHA-256 "
                        + $"{before} before, "
                        + $"{now} now; restore the old data, or use another folder for the new data"
                );
        }
    }

    /// <summary>Records the data that the cells use.</summary>
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
                ) ?? throw new DataException($"{DataFile}: is not a JSON object");
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
