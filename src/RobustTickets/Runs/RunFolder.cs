// The folder of a run: everything needed to resume it, to recompute every table and to audit it is
// at a fixed path.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Runs;

/// <summary>
/// A run folder cannot be used: it is a file, is not writable, already contains a run, or contains
/// none to resume.
/// </summary>
public sealed class RunFolderException : Exception
{
    /// <summary>Creates the exception with a message.</summary>
    public RunFolderException(string message)
        : base(message) { }

    /// <summary>Creates the exception with a message and its cause.</summary>
    public RunFolderException(string message, Exception inner)
        : base(message, inner) { }

    /// <summary>
    /// Fields of the request for which another value would help, e.g. <c>Output</c>; may be empty.
    /// </summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>Whether something to be read is missing, rather than a place to write.</summary>
    internal bool OfInput { get; init; }
}

/// <summary>Paths in a run folder; rejects unusable folders before any compute.</summary>
public sealed class RunFolder
{
    /// <summary>Name of the folder of attacks on the model, and on the dense control.</summary>
    internal const string Attacks = "attacks",
        ControlAttacks = "attacks-control";

    /// <summary>Name of the table of metrics, and of the TensorBoard event file.</summary>
    internal const string MetricTable = "metrics.csv",
        TensorBoardEvents = "events.out.tfevents.0000000000.robust-tickets";

    private const int NamedRuns = 6;

    private RunFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
    }

    /// <summary>Absolute path of the folder.</summary>
    public string Path { get; }

    /// <summary><c>recipe.json</c>: the recipe of the run, with overrides applied.</summary>
    public string RecipeFile => In("recipe.json");

    /// <summary>
    /// <c>environment.json</c>: program, machine and libraries (<see cref="EnvironmentStamp"/>).
    /// </summary>
    public string EnvironmentFile => In("environment.json");

    /// <summary>
    /// <c>events.jsonl</c>: one object per step, mask comparison, stop and evaluation
    /// (<see cref="EventLog"/>).
    /// </summary>
    public string EventsFile => In("events.jsonl");

    /// <summary>
    /// <c>splits.json</c>: the examples used for training, development and test
    /// (<see cref="RunSplits"/>).
    /// </summary>
    public string SplitsFile => In("splits.json");

    /// <summary><c>ticket/</c>: masks, and coefficient snapshots.</summary>
    public string TicketFolder => In("ticket");

    /// <summary><c>checkpoints/</c>, parent of <c>checkpoint-N/</c>.</summary>
    public string CheckpointsFolder => In("checkpoints");

    /// <summary><c>model/</c>: the final model as a Hugging Face folder.</summary>
    public string ModelFolder => In("model");

    /// <summary>
    /// <c>control/</c>: the equal-epoch dense control as a Hugging Face folder, if the recipe
    /// requests it.
    /// </summary>
    public string ControlFolder => In("control");

    /// <summary><c>attacks/</c>, parent of one folder per attack recipe.</summary>
    public string AttacksFolder => In(Attacks);

    /// <summary>
    /// <c>result.json</c> (<see cref="RunResult"/>); present exactly when the run is finished.
    /// </summary>
    public string ResultFile => In("result.json");

    /// <summary>
    /// <c>predictions.jsonl</c>: the model's class of every reported row
    /// (<see cref="RowPrediction"/>); absent in runs of earlier versions.
    /// </summary>
    internal string PredictionsFile => In("predictions.jsonl");

    /// <summary>The same of the dense control.</summary>
    internal string ControlPredictionsFile => In("predictions-control.jsonl");

    /// <summary><c>report.html</c>, written by <c>report</c>.</summary>
    public string ReportFile => In("report.html");

    /// <summary>Whether the folder contains a finished run.</summary>
    internal bool IsFinished => File.Exists(ResultFile);

    /// <summary>Whether the folder contains a run, finished or not.</summary>
    public bool HoldsRun => File.Exists(RecipeFile) || File.Exists(EventsFile) || IsFinished;

    /// <summary>
    /// <c>attacks/NAME/</c>: examples.jsonl, results.csv, summary.json of one attack.
    /// </summary>
    public string AttackFolder(string name) => System.IO.Path.Combine(AttacksFolder, name);

    /// <summary>Creates the folder (and its parents) and checks that it is writable.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="allowExisting">Whether the folder may already contain a run, to be
    /// resumed.</param>
    /// <exception cref="RunFolderException">The path is a file, is not writable, or already
    /// contains a run.</exception>
    public static RunFolder Create(string path, bool allowExisting = false)
    {
        var folder = new RunFolder(path);
        if (File.Exists(folder.Path))
            throw new RunFolderException($"{path}: is a file; name a folder that does not exist yet")
            {
                Fields = ["Output"],
            };
        if (!allowExisting && folder.HoldsRun)
        {
            throw new RunFolderException($"{path}: already holds a run; resume it, or name another folder")
            {
                Fields = ["Resume", "Output"],
            };
        }
        if (!allowExisting)
            folder.RequireFree(path);
        if (!folder.HoldsRun && folder.SeedRuns().ToArray() is { Length: > 0 } seeds)
            throw new RunFolderException(
                $"{path}: holds {string.Join(", ", seeds)}, the runs of several seeds; name another folder"
            )
            {
                Fields = ["Output"],
            };
        try
        {
            Disk.CreateFolder(folder.Path);
            var probe = folder.In($".write-probe-{Environment.ProcessId}");
            File.WriteAllBytes(probe, [0]);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException($"{path}: cannot write into this folder: {e.Message}", e);
        }
        return folder;
    }

    /// <summary>Throws if a new run would replace or remove something as its own.</summary>
    /// <param name="path">The folder as the user named it.</param>
    /// <exception cref="RunFolderException">The folder contains such files or folders; the message
    /// names them.</exception>
    internal void RequireFree(string path)
    {
        string[] folders = [TicketFolder, CheckpointsFolder, ModelFolder, ControlFolder];
        string[] files =
        [
            SplitsFile,
            EnvironmentFile,
            PredictionsFile,
            ControlPredictionsFile,
            In(MetricTable),
            In(TensorBoardEvents),
        ];
        var others = folders
            .Concat(files)
            .Where(System.IO.Path.Exists)
            .Select(place => System.IO.Path.GetFileName(place) + (Directory.Exists(place) ? "/" : ""))
            .ToArray();
        var it = others.Length == 1 ? "it" : "them";
        if (others.Length > 0)
            throw new RunFolderException(
                $"{path}: holds {string.Join(", ", others)} but no run, and a run would overwrite {it}; "
                    + $"name another folder, or remove {it}"
            )
            {
                Fields = ["Output"],
            };
    }

    private IEnumerable<string> SeedRuns() =>
        Directory.Exists(Path)
            ? Directory
                .EnumerateDirectories(Path, "seed-*")
                .Where(IsRun)
                .Select(run => System.IO.Path.GetFileName(run) + "/")
                .Order(StringComparer.Ordinal)
                .Take(NamedRuns)
            : [];

    /// <summary>Opens the folder of an existing run for reading.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="RunFolderException">The folder contains no run.</exception>
    public static RunFolder Open(string path)
    {
        var folder = new RunFolder(path);
        if (!Directory.Exists(folder.Path))
            throw new RunFolderException($"{path}: no such run folder");
        if (!folder.HoldsRun)
            throw new RunFolderException(
                Around(path) is { } run
                    ? $"{path}: is part of the run {run.Path}; name that folder"
                    : $"{path}: holds no run; expected recipe.json, events.jsonl or result.json in it{Below(folder)}"
            );
        return folder;
    }

    // The user may have given a folder of runs or of an experiment instead of one run.
    private static string Below(RunFolder folder)
    {
        var below = new[] { "", "runs", "cells" }
            .Select(name => System.IO.Path.Combine(folder.Path, name))
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .Where(IsRun)
            .Select(run => System.IO.Path.GetRelativePath(folder.Path, run))
            .Order(StringComparer.Ordinal)
            .ToArray();
        return below.Length == 0
            ? ""
            : "; runs below it: "
                + $"{string.Join(", ", below.Take(NamedRuns))}{(below.Length > NamedRuns ? ", ..." : "")}";
    }

    /// <summary>The paths of a folder, without checking it.</summary>
    internal static RunFolder At(string path) => new(path);

    /// <summary>Name of the folder of attacks.</summary>
    /// <param name="control">Whether the attacks are on the dense control.</param>
    internal static string AttacksName(bool control) => control ? ControlAttacks : Attacks;

    /// <summary>Whether a folder contains a run.</summary>
    internal static bool IsRun(string path) => new RunFolder(path).HoldsRun;

    /// <summary>Whether a folder contains a run, or the runs of several seeds.</summary>
    internal static bool IsRunOrSeeds(string path) => IsRun(path) || new RunFolder(path).SeedRuns().Any();

    /// <summary>The run that contains a model; null if its parent folder is no run.</summary>
    /// <param name="model">A model folder.</param>
    internal static RunFolder? Around(string model)
    {
        var parent = System.IO.Path.GetDirectoryName(
            System.IO.Path.GetFullPath(System.IO.Path.TrimEndingDirectorySeparator(model))
        );
        if (parent is null || !Directory.Exists(parent))
            return null;
        var folder = new RunFolder(parent);
        return folder.HoldsRun ? folder : null;
    }

    /// <summary>
    /// The checkpoint that the run started from; null if it is unknown or no longer exists.
    /// </summary>
    internal string? BaseModel =>
        File.Exists(EnvironmentFile) ? EnvironmentStamp.Load(EnvironmentFile).BaseFolder() : null;

    /// <summary>
    /// Resolves a path to a model folder: for a run folder its model, otherwise the path itself.
    /// </summary>
    /// <param name="path">A model folder, a run folder, or any other path.</param>
    /// <exception cref="RunFolderException">The run folder has no model yet.</exception>
    public static string ModelOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!Directory.Exists(path) || File.Exists(System.IO.Path.Combine(path, "config.json")))
            return path;
        var run = new RunFolder(path);
        if (!run.HoldsRun)
            return path;
        var model = System.IO.Path.Combine(path, System.IO.Path.GetFileName(run.ModelFolder));
        return Directory.Exists(model)
            ? model
            : throw new RunFolderException(
                $"{path}: this run has no model yet; resume it until it is finished, or name a model folder"
            )
            {
                Fields = ["Model"],
                OfInput = true,
            };
    }

    /// <summary>
    /// Resolves what a user may name as a model: a model folder, a run folder, or the name of a
    /// model (<see cref="ModelStore"/>).
    /// </summary>
    /// <inheritdoc cref="ModelOf"/>
    internal static string LocateModel(string path) => ModelOf(ModelStore.OfUser().Locate(path));

    /// <summary>Locks the folder for writing by this process.</summary>
    /// <param name="claim">A claim that overrides the folder's lock, or null.</param>
    /// <exception cref="FolderInUseException">Another process is writing to the folder; the message
    /// names it.</exception>
    /// <exception cref="RunFolderException">The folder is not writable.</exception>
    internal WriterLock Hold(IWriterClaim? claim = null)
    {
        try
        {
            return WriterLock.Take(Path, claim);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException($"{Path}: cannot write into this folder: {e.Message}", e);
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
