// Watches a table of an experiment while it is computed: which cells are done, running or waiting,
// from files only. It needs neither model nor data, and blocks no other process.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Experiments.Leases;
using RobustTickets.Runs;
using RobustTickets.Runs.Live;

namespace RobustTickets.Experiments;

/// <summary>Progress of a table's cell.</summary>
/// <param name="Id">Name of the cell: ROW.DATA.seed-N.</param>
/// <param name="Run">Name of its run's folder below <c>cells/</c>.</param>
/// <param name="State">State of the cell.</param>
/// <param name="Active">Whether a process is working on it.</param>
/// <param name="AttacksDone">Number of finished attacks.</param>
/// <param name="Attacks">Total number of attacks.</param>
/// <param name="Failure">Failure message, or null.</param>
internal sealed record CellProgress(
    string Id,
    string Run,
    CellState State,
    bool Active,
    int AttacksDone,
    int Attacks,
    string? Failure
);

/// <summary>Progress of a table.</summary>
/// <param name="Name">Name of the table.</param>
/// <param name="Title">Title; null if its definition is missing.</param>
/// <param name="Cells">Its cells, in file order.</param>
/// <param name="HasReport">Whether <c>report.html</c> exists.</param>
/// <param name="Problem">The error on reading, or null.</param>
internal sealed record TableProgress(
    string Name,
    string? Title,
    IReadOnlyList<CellProgress> Cells,
    bool HasReport,
    string? Problem
);

/// <summary>Watches one table; used from one thread at a time.</summary>
/// <param name="path">Folder of the experiments.</param>
/// <param name="name">Name of the table.</param>
internal sealed class ExperimentWatch(string path, string name)
{
    private const int MostCells = 5000;
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(5);

    private readonly KnownFile<CellIndex> _index = new(
        Path.Combine(path, name, "cells.json"),
        file => RunFile.Read(file, CellIndexJson.Default.CellIndex, CellIndex.CurrentSchema)
    );
    private readonly KnownFile<Experiment> _experiment = new(
        Path.Combine(path, name, "experiment.json"),
        ExperimentJson.ReadFile
    );

    private readonly Dictionary<string, (string Text, long Since)> _leases = new(StringComparer.Ordinal);

    /// <summary>File of the table's report.</summary>
    public string ReportFile => Path.Combine(path, name, "report.html");

    /// <summary>The current state.</summary>
    public TableProgress Look()
    {
        var (index, experiment, problem) = (default(CellIndex), default(Experiment), default(string));
        try
        {
            index = _index.Value;
            experiment = _experiment.Value;
        }
        catch (Exception e) when (e is DataException or RecipeException or IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
        }
        var controls = experiment?.Rows.Where(r => r.ControlOf is not null).Select(r => r.Name).ToHashSet() ?? [];
        return new TableProgress(
            name,
            experiment?.Title,
            [
                .. (index?.Cells ?? new Dictionary<string, CellPlace>())
                    .Where(c => IsPlain(c.Value.Run))
                    .Take(MostCells)
                    .Select(c => Cell(c.Key, c.Value, controls.Any(row => IsOf(c.Key, row)))),
            ],
            File.Exists(ReportFile),
            problem
        );
    }

    private CellProgress Cell(string id, CellPlace place, bool isControl)
    {
        var run = RunFolder.At(Path.Combine(path, ExperimentFolder.Cells, place.Run));
        var attacks = Path.Combine(run.Path, RunFolder.AttacksName(isControl));
        // Called frequently: checks only summary files, not the outcomes they count.
        var done = place.Attacks.Values.Count(a =>
            IsPlain(a) && File.Exists(Path.Combine(attacks, a, AttackFiles.Summary))
        );
        var failure = place
            .FailureFiles(isControl)
            .Where(IsPlain)
            .Select(name => Failure(Path.Combine(path, ExperimentFolder.Failed, name)))
            .FirstOrDefault(f => f is not null);
        var state =
            failure is not null ? CellState.Failed
            : run.IsFinished
                ? done == place.Attacks.Count ? CellState.Done
                    : CellState.Trained
            : Directory.Exists(run.Path) ? CellState.Begun
            : CellState.Open;
        var active = state is not (CellState.Done or CellState.Failed) && IsLeased(place.Run);
        return new CellProgress(id, place.Run, state, active, done, place.Attacks.Count, failure);
    }

    // A process renews its lease while it works: a lease that does not change while watched is not
    // counted.
    private bool IsLeased(string run)
    {
        try
        {
            var leases = new LeaseFolder(Path.Combine(path, "leases"), Silence);
            var (number, text) = leases.Newest(run);
            var said = $"{number} {text}";
            if (!_leases.TryGetValue(run, out var known) || known.Text != said)
                _leases[run] = known = (said, Stopwatch.GetTimestamp());
            return number > 0
                && LeaseHolder.Read(text) is { Free: false, HasEnded: false }
                && Stopwatch.GetElapsedTime(known.Since) < Silence;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? Failure(string file)
    {
        if (!File.Exists(file))
            return null;
        try
        {
            using var json = GuardedJson.Parse(file, File.ReadAllBytes(file));
            return json.RootElement.Member("message")?.Text() ?? "no reason recorded";
        }
        catch (Exception e) when (e is DataException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private static bool IsOf(string cell, string row) => cell.StartsWith(row + ".", StringComparison.Ordinal);

    // Names come from a file and must not lead out of the folder.
    private static bool IsPlain(string name) =>
        name.Length > 0 && name[0] != '.' && name.IndexOfAny(['/', '\\', '\0']) < 0;
}
