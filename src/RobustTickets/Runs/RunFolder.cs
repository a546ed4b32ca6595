// One folder a run. Everything needed to resume, to recompute every table and to audit
// lies at a fixed place below it.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Runs;

/// <summary>
/// An output folder cannot be used: it is a file, cannot be written, already holds a run, or holds
/// none to go on with.
/// </summary>
public sealed class RunFolderException : Exception
{
    /// <summary>Creates the exception from its finished message.</summary>
    public RunFolderException(string message)
        : base(message) { }

    /// <summary>Creates the exception from its finished message and the cause.</summary>
    public RunFolderException(string message, Exception inner)
        : base(message, inner) { }

    /// <summary>
    /// Fields of the request that another value of would help, e.g. <c>Output</c>; may be empty.
    /// </summary>
    public IReadOnlyList<string> Fields { get; init; } = [];
}

/// <summary>
/// Names the places of a run folder and refuses unusable folders before any compute.
/// </summary>
public sealed class RunFolder
{
    /// <summary>Name of the folder of attacks on the model, and on the dense control.</summary>
    internal const string Attacks = "attacks",
        ControlAttacks = "attacks-control";

    private const int NamedRuns = 6;

    private RunFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
    }

    /// <summary>The folder itself, absolute.</summary>
    public string Path { get; }

    /// <summary><c>recipe.json</c>: the recipe as it is run, overrides applied.</summary>
    public string RecipeFile => In("recipe.json");

    /// <summary>
    /// <c>environment.json</c>: program, machine and libraries (<see cref="EnvironmentStamp"/>).
    /// </summary>
    public string EnvironmentFile => In("environment.json");

    /// <summary>
    /// <c>events.jsonl</c>: one object a step, mask comparison, stop and evaluation
    /// (<see cref="EventLog"/>).
    /// </summary>
    public string EventsFile => In("events.jsonl");

    /// <summary>
    /// <c>splits.json</c>: which examples were trained on, developed on and reported
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
    /// <c>control/</c>: the equal-epoch dense control as a Hugging Face folder, when the recipe
    /// asks for one.
    /// </summary>
    public string ControlFolder => In("control");

    /// <summary><c>attacks/</c>, parent of one folder per attack recipe.</summary>
    public string AttacksFolder => In(Attacks);

    /// <summary>
    /// <c>result.json</c> (<see cref="RunResult"/>); present exactly when the run is finished.
    /// </summary>
    public string ResultFile => In("result.json");

    /// <summary><c>report.html</c>.</summary>
    public string ReportFile => In("report.html");

    /// <summary>Whether this folder holds the beginning of a run.</summary>
    public bool HoldsRun => File.Exists(RecipeFile) || File.Exists(EventsFile) || File.Exists(ResultFile);

    /// <summary>
    /// <c>attacks/NAME/</c>: examples.jsonl, results.csv, summary.json of one attack.
    /// </summary>
    public string AttackFolder(string name) => System.IO.Path.Combine(AttacksFolder, name);

    /// <summary>Makes the folder (and its parents) and tries that it can be written to.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="allowExisting">Whether a run that already lies there is acceptable, because it
    /// is resumed.</param>
    /// <exception cref="RunFolderException">It is a file, cannot be written, or already holds a
    /// run.</exception>
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
        // What a run replaces or removes as its own.
        var others = new[] { folder.TicketFolder, folder.CheckpointsFolder, folder.ModelFolder, folder.ControlFolder }
            .Where(System.IO.Path.Exists)
            .Select(place => System.IO.Path.GetFileName(place) + "/")
            .ToArray();
        if (!allowExisting && others.Length > 0)
            throw new RunFolderException(
                $"{path}: holds {string.Join(", ", others)} and no run; a run would put its own in their place, so "
                    + "name another folder, or remove them"
            )
            {
                Fields = ["Output"],
            };
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
    /// <exception cref="RunFolderException">There is no run in it.</exception>
    public static RunFolder Open(string path)
    {
        var folder = new RunFolder(path);
        if (!Directory.Exists(folder.Path))
            throw new RunFolderException($"{path}: no such run folder");
        if (!folder.HoldsRun)
            throw new RunFolderException(
                Around(path) is { } run
                    ? $"{path}: is a part of the run {run.Path}; name that"
                    : $"{path}: holds no run; expected recipe.json, events.jsonl or result.json in it{Below(folder)}"
            );
        return folder;
    }

    // A folder of runs, or one of an experiment, was meant for one of them.
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
            : "; runs below it are "
                + $"{string.Join(", ", below.Take(NamedRuns))}{(below.Length > NamedRuns ? ", ..." : "")}";
    }

    /// <summary>Names the places of a folder that nobody looks at.</summary>
    internal static RunFolder At(string path) => new(path);

    /// <summary>Name of the folder of attacks.</summary>
    /// <param name="control">Whether they are on the dense control.</param>
    internal static string AttacksName(bool control) => control ? ControlAttacks : Attacks;

    /// <summary>Whether a folder holds a run.</summary>
    internal static bool IsRun(string path) => new RunFolder(path).HoldsRun;

    /// <summary>The run that a model lies in; null when the folder around it holds none.</summary>
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
    /// The checkpoint that the run started from; null when it is not known or no longer there.
    /// </summary>
    internal string? BaseModel =>
        File.Exists(EnvironmentFile) ? EnvironmentStamp.Load(EnvironmentFile).BaseFolder() : null;

    /// <summary>
    /// The model folder that a path means: of a run folder its model, else itself.
    /// </summary>
    /// <param name="path">A model folder, a run folder, or whatever else a user names.</param>
    /// <exception cref="RunFolderException">It is a run folder that has no model yet.</exception>
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
            };
    }

    /// <summary>Takes the folder for writing; one process at a time may.</summary>
    /// <param name="claim">A right that goes before the folder's lock, or null.</param>
    /// <exception cref="FolderInUseException">Another process is writing to it; named.</exception>
    /// <exception cref="RunFolderException">It cannot be written.</exception>
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
