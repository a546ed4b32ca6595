// The runs and experiments below a folder, cached for all clients: files are read at most once per
// second, however many clients there are.
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using RobustTickets.Experiments;
using RobustTickets.Runs;
using RobustTickets.Runs.Live;

namespace RobustTickets.Cli.Playground.Runs;

/// <summary>Monitors the runs of a folder; thread-safe.</summary>
/// <param name="root">The folder.</param>
internal sealed class RunsBoard(string root)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(5);

    private readonly object _gate = new();
    private readonly Dictionary<string, Watched> _runs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ExperimentWatch> _tables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _cells = new(StringComparer.Ordinal);
    private IReadOnlyList<string> _notes = [];
    private TimeSpan? _looked;
    private TimeSpan? _discovered;
    private RunList? _list;

    private static TimeSpan Now => Stopwatch.GetElapsedTime(0);

    /// <summary>All runs and tables.</summary>
    public RunList List()
    {
        lock (_gate)
        {
            var now = Now;
            if (_list is not null && now - _looked < Fresh)
                return _list;
            Discover(now);
            foreach (var run in _runs.Values.Where(r => r.Line is not { IsActive: false } || now - r.Looked > Calm))
                (run.Line, run.Looked) = (run.Watch.Look(), now);
            _list = Versioned(Make());
            _looked = Now;
            return _list;
        }
    }

    /// <summary>One run with its curves.</summary>
    /// <param name="id">Its path below the folder.</param>
    /// <exception cref="RefusedException">There is no such run.</exception>
    public RunDetail Detail(string? id)
    {
        lock (_gate)
        {
            var now = Now;
            Discover(now);
            var run = Find(id);
            if (run.Detail is not null && now - run.Detailed < Fresh)
                return run.Detail;
            var progress = run.Watch.LookClosely();
            (run.Line, run.Looked) = (progress.Line, now);
            run.Detail = Versioned(
                RunDetail.Of(run.Id, run.Watch.Folder, progress, run.Ticket.Value, _cells.GetValueOrDefault(run.Id))
            );
            run.Detailed = Now;
            return run.Detail;
        }
    }

    /// <summary>The folder of a run among those found.</summary>
    /// <exception cref="RefusedException">There is no such run.</exception>
    public string FolderOf(string? id)
    {
        lock (_gate)
            return Find(id).Watch.Folder;
    }

    /// <summary>The report file of a table among those found.</summary>
    /// <exception cref="RefusedException">There is no such table.</exception>
    public string ReportOfTable(string? id)
    {
        lock (_gate)
        {
            Discover(Now);
            return id is not null && _tables.TryGetValue(id, out var table)
                ? table.ReportFile
                : throw RefusedException.NotFound("there is no such experiment");
        }
    }

    // Opens only what was found: no path of a client reaches the file system.
    private Watched Find(string? id)
    {
        if (id is null || !_runs.ContainsKey(id))
            Discover(Now);
        return id is not null && _runs.TryGetValue(id, out var run)
            ? run
            : throw RefusedException.NotFound("there is no such run; it may have been moved or removed");
    }

    private void Discover(TimeSpan now)
    {
        if (now - _discovered < Calm)
            return;
        var found = RunDiscovery.Below(root);
        Keep(_runs, found.Runs.Select(r => (r.Id, r.Path)), (id, path) => new Watched(id, new RunWatch(path)));
        var places = found.Experiments.ToDictionary(e => e.Id);
        Keep(
            _tables,
            found.Experiments.Select(e => (e.Id, e.Path)),
            (id, path) => new ExperimentWatch(path, places[id].Name)
        );
        (_notes, _discovered) = (found.Notes, Now);
    }

    private static void Keep<T>(
        Dictionary<string, T> known,
        IEnumerable<(string Id, string Path)> found,
        Func<string, string, T> make
    )
    {
        var now = found.ToArray();
        foreach (var gone in known.Keys.Except(now.Select(f => f.Id)).ToArray())
            known.Remove(gone);
        foreach (var (id, path) in now)
            if (!known.ContainsKey(id))
                known[id] = make(id, path);
    }

    private RunList Make()
    {
        var tables = _tables.Select(t => TableRow.Of(t.Key, t.Value.Look(), RunOf(t.Key), _runs.ContainsKey)).ToArray();
        // A run shared by several tables is named after the first.
        _cells.Clear();
        foreach (var table in tables)
        foreach (var cell in table.Cells)
            if (cell.Run is { } run)
                _cells.TryAdd(run, $"{table.Name}: {cell.Id}");
        return new RunList(
            "",
            Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root))),
            [
                .. _runs
                    .Values.Where(r => r.Line is not null)
                    .Select(r => RunRow.Of(r.Id, r.Watch.Folder, r.Line!, _cells.GetValueOrDefault(r.Id))),
            ],
            tables,
            _notes
        );
    }

    // The runs of the table NAME/ are in its cells/ folder.
    private static string RunOf(string table)
    {
        var cut = table.LastIndexOf('/');
        return cut < 0 ? "cells/" : table[..(cut + 1)] + "cells/";
    }

    private static T Versioned<T>(T value)
        where T : IVersioned<T>
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(value, Endpoint.Json);
        return value.WithVersion(Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
    }

    private sealed class Watched(string id, RunWatch watch)
    {
        public string Id => id;

        public RunWatch Watch => watch;

        public KnownFile<IReadOnlyList<MaskLayer>> Ticket { get; } =
            new(Path.Combine(watch.Folder, "ticket", "ticket.json"), DrawnTicket.LayersOf);

        public RunLine? Line { get; set; }

        public TimeSpan Looked { get; set; }

        public RunDetail? Detail { get; set; }

        public TimeSpan Detailed { get; set; }
    }
}
