// The folder of an experiment. Every cell is an ordinary run folder, so that a cell can be resumed,
// attacked, exported or reported by itself, and what is done is seen from files alone: result.json
// says that a run is finished, summary.json that an attack is.
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;

namespace RobustTickets.Experiments;

/// <summary>How far a cell is.</summary>
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
/// Places of an experiment: <c>cells/CELL/</c> (run folders), <c>attacks/NAME.DATA.json</c>,
/// <c>failures/CELL.json</c>, <c>results.*</c>, <c>figures/</c>.
/// </summary>
/// <param name="path">The folder.</param>
public sealed class ExperimentFolder(string path)
{
    /// <summary>The folder itself, absolute.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary><c>experiment.json</c>: the experiment as it was last run.</summary>
    public string ExperimentFile => In("experiment.json");

    /// <summary><c>data.json</c>: SHA-256 of the data that its cells were made on.</summary>
    public string DataFile => In("data.json");

    /// <summary><c>figures/</c>.</summary>
    public string FiguresFolder => In("figures");

    /// <summary>A file of the results table, <c>results.csv</c> and so on.</summary>
    public string Results(string extension) => In($"results.{extension}");

    /// <summary>Run folder of a cell.</summary>
    public string Run(ExperimentCell cell) => Run(cell.RunId);

    /// <summary>Run folder by the name of the cell whose run it is.</summary>
    public string Run(string cell) => In("cells", cell);

    /// <summary>The final model of a cell.</summary>
    public string Model(ExperimentCell cell) => In("cells", cell.RunId, cell.IsControl ? "control" : "model");

    /// <summary>Folder of the attacks on a cell.</summary>
    public string Attacks(ExperimentCell cell) =>
        In("cells", cell.RunId, cell.IsControl ? "attacks-control" : "attacks");

    /// <summary>Folder of one attack on a cell.</summary>
    public string Attack(ExperimentCell cell, ExperimentAttack attack) =>
        System.IO.Path.Combine(Attacks(cell), attack.Name);

    /// <summary>Whether an attack on a cell is finished.</summary>
    public bool IsAttacked(ExperimentCell cell, ExperimentAttack attack) =>
        File.Exists(System.IO.Path.Combine(Attack(cell, attack), "summary.json"));

    /// <summary>Whether the run of a cell is finished.</summary>
    public bool IsTrained(ExperimentCell cell) => File.Exists(System.IO.Path.Combine(Run(cell), "result.json"));

    /// <summary>How far a cell is.</summary>
    public CellState State(ExperimentCell cell)
    {
        if (File.Exists(FailureFile(cell)))
            return CellState.Failed;
        if (IsTrained(cell))
            return cell.Attacks.All(a => IsAttacked(cell, a)) ? CellState.Done : CellState.Trained;
        return Directory.Exists(Run(cell)) ? CellState.Begun : CellState.Open;
    }

    /// <summary>What a failed cell failed of, or null.</summary>
    public string? Failure(ExperimentCell cell) =>
        File.Exists(FailureFile(cell))
            ? GuardedJson
                .Parse(FailureFile(cell), File.ReadAllBytes(FailureFile(cell)))
                .RootElement.Member("message")
                ?.Text()
            : null;

    /// <summary>Writes down why a cell failed, or with null that it did not.</summary>
    public void SetFailure(ExperimentCell cell, string? message, int exitCode = 0)
    {
        if (message is null)
        {
            if (File.Exists(FailureFile(cell)))
                File.Delete(FailureFile(cell));
            return;
        }
        Directory.CreateDirectory(In("failures"));
        AtomicFile.WriteAllText(
            FailureFile(cell),
            new JsonObject
            {
                ["cell"] = cell.Id,
                ["exit_code"] = exitCode,
                ["message"] = message,
            }.ToJsonString() + "\n"
        );
    }

    /// <summary>
    /// Keeps another process out of a cell while it is at work here; null when one is in it.
    /// </summary>
    /// <param name="cell">The cell.</param>
    /// <param name="who">The process that is in it, or null.</param>
    public IDisposable? TryLock(ExperimentCell cell, out string? who)
    {
        Directory.CreateDirectory(In("locks"));
        who = null;
        try
        {
            return WriterLock.Take(In("locks"), cell.RunId);
        }
        catch (FolderInUseException e)
        {
            who = e.Holder;
            return null;
        }
    }

    /// <summary>
    /// Makes the folder and refuses one whose finished parts were made by other recipes or attacks
    /// than the plan's.
    /// </summary>
    /// <exception cref="RunFolderException">It cannot be used, or holds something else.</exception>
    public void Begin(ExperimentPlan plan)
    {
        if (File.Exists(Path))
            throw new RunFolderException($"{Path}: is a file; name a folder") { Fields = ["Output"] };
        foreach (var cell in plan.Cells)
        {
            var recipe = System.IO.Path.Combine(Run(cell), "recipe.json");
            if (File.Exists(recipe) && File.ReadAllText(recipe) != RecipeJson.Write(cell.Recipe))
            {
                throw new RunFolderException(
                    $"{recipe}: the run of this cell has another recipe than the experiment gives it now; "
                        + $"remove {Run(cell)} to run it again, or name another folder"
                )
                {
                    Fields = ["Output"],
                };
            }
        }
        Directory.CreateDirectory(In("attacks"));
        foreach (
            var (data, attack) in plan
                .Cells.SelectMany(c => c.Attacks.Select(a => (c.Data, a)))
                .DistinctBy(p => (p.Data.Name, p.a.Name))
        )
        {
            var file = In("attacks", $"{attack.Name}.{data.Name}.json");
            var text = ExperimentJson.Write(attack);
            if (!File.Exists(file))
                AtomicFile.WriteAllText(file, text);
            else if (File.ReadAllText(file) != text)
            {
                throw new RunFolderException(
                    $"{file}: attack \"{attack.Name}\" on {data.Name} was made with other settings than the "
                        + "experiment gives it now; give it another name, or name another folder"
                )
                {
                    Fields = ["Output"],
                };
            }
        }
        AtomicFile.WriteAllText(ExperimentFile, ExperimentJson.Write(plan.Experiment));
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
                    $"data {name} ({path}): the {part} data have changed since {Path} was begun: SHA-256 "
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
            return JsonObject.Create(GuardedJson.Parse(DataFile, File.ReadAllBytes(DataFile)).RootElement)
                ?? throw new DataException($"{DataFile}: is no JSON object");
        }
        catch (InvalidOperationException e)
        {
            throw new DataException($"{DataFile}: {e.Message}", e);
        }
    }

    private string FailureFile(ExperimentCell cell) => In("failures", cell.Id + ".json");

    private string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);
}
