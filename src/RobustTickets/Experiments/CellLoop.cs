// Processes the cells of experiments together with processes on any number of machines: takes free
// cells, resumes those whose process has ended or stalled, and finally waits for the others. The
// lease of its run shows which process works on a cell.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Experiments.Leases;

namespace RobustTickets.Experiments;

/// <summary>Runs cells until all are finished, here or elsewhere.</summary>
/// <param name="request">The experiments with their paths.</param>
/// <param name="set">The prepared experiments.</param>
/// <param name="progress">Receives progress, or null.</param>
/// <param name="stop">Cancels the current cell.</param>
internal sealed class CellLoop(
    ExperimentRequest request,
    ExperimentSet set,
    IProgress<ExperimentProgress>? progress,
    CancellationToken stop
)
{
    private const int NamedCells = 3;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly LeaseFolder _leases = new(Path.Combine(request.Output, ExperimentFolder.Leased), request.Lease);
    private readonly List<CellFailure> _failures = [];
    private readonly Dictionary<string, string> _elsewhere = new(StringComparer.Ordinal);
    private string _waiting = "";

    // An unfinished cell, and its failure text from before this process started.
    private sealed record Item(
        ExperimentSet.Table Table,
        ExperimentCell Cell,
        string Name,
        string Number,
        string? Failure
    )
    {
        public ExperimentFolder Folder => Table.Folder;

        public string Run => Folder.Place(Cell).Run;
    }

    /// <summary>Runs the cells and writes the tables.</summary>
    /// <returns>The cells that failed here.</returns>
    public IReadOnlyList<CellFailure> Run()
    {
        var tables = new SharedTables(request, set, _leases, Say, stop);
        tables.Begin();
        var open = Items();
        for (var first = true; ; first = false)
        {
            var before = open.Count;
            foreach (var table in set.Tables)
            {
                var here = open.Where(i => i.Table == table).ToArray();
                var settled = here.Where(i => IsSettled(i, open, tables)).ToArray();
                if (first || settled.Length > 0)
                    tables.Write([table], withEvidence: true);
            }
            if (open.Count == 0 || !request.Wait)
                break;
            if (open.Count == before)
                Pause(open);
        }
        tables.WriteAll();
        return _failures;
    }

    private List<Item> Items()
    {
        var cells = set.Tables.SelectMany(t => t.Cells.Select(c => (Table: t, Cell: c))).ToArray();
        return
        [
            .. cells.Select(
                (c, i) =>
                    new Item(
                        c.Table,
                        c.Cell,
                        set.NameOf(c.Table, c.Cell),
                        string.Create(CultureInfo.InvariantCulture, $"cell {i + 1} of {cells.Length}"),
                        c.Table.Folder.FailureText(c.Cell)
                    )
            ),
        ];
    }

    // Whether a cell needs no more work; it is then removed from the open ones.
    private bool IsSettled(Item item, List<Item> open, SharedTables tables)
    {
        stop.ThrowIfCancellationRequested();
        var settled = Turn(item, open, tables);
        if (settled)
            open.Remove(item);
        return settled;
    }

    private bool Turn(Item item, List<Item> open, SharedTables tables)
    {
        var (folder, cell) = (item.Folder, item.Cell);
        if (IsMadeOrFailed(item))
            return true;
        if (cell.TicketFrom is { } from && !folder.IsTrained(folder.Plan.Cell(from)))
        {
            if (request.Wait && open.Any(i => i.Table == item.Table && i.Cell.Id == from))
                return false;
            Say($"{item.Name}: needs the ticket of {from}, which is not finished; skipped for now");
            return true;
        }
        using var lease = _leases.TryTake(item.Run, out var holder);
        if (lease is null)
        {
            SayElsewhere(item, holder!);
            return false;
        }
        // Another process may have finished it between the check and the lease.
        if (IsMadeOrFailed(item))
            return true;
        if (lease.Takeover is { } takeover)
            Say(
                $"{item.Name}: {takeover.Who} "
                    + (
                        takeover.Ended
                            ? "exited without finishing it"
                            : $"has not renewed its lease for {Seconds(request.Lease)}"
                    )
                    + "; taking over"
            );
        Say($"{item.Number}: {item.Name}");
        try
        {
            return Make(item, lease);
        }
        finally
        {
            tables.Write(set.Sharing(item.Run), withEvidence: false);
        }
    }

    // A failure recorded since this process started, by another process or a table that shares the
    // run, is not retried here.
    private bool IsMadeOrFailed(Item item)
    {
        var state = item.Folder.State(item.Cell);
        if (state == CellState.Done)
            return true;
        if (state != CellState.Failed || item.Folder.FailureText(item.Cell) == item.Failure)
            return false;
        Say($"{item.Name}: its run has failed in the meantime: {item.Folder.Failure(item.Cell)}");
        return true;
    }

    private bool Make(Item item, Lease lease)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, lease.Lost);
        var work = new CellWork(set, lease, progress, either.Token);
        try
        {
            work.Run(item.Table, item.Cell);
            item.Folder.ClearFailure(item.Cell);
            Say($"done: {item.Name}");
            return true;
        }
        catch (Exception) when (lease.IsLost())
        {
            stop.ThrowIfCancellationRequested();
            Say(
                $"{item.Name}: "
                    + (
                        lease.Successor is { } other
                            ? $"was taken over by {other} while this process was stalled; leaving it to that process"
                            : $"could not renew its lease for {Seconds(request.Lease / 2)}; stopped"
                    )
            );
            return false;
        }
        catch (FolderInUseException e)
        {
            SayElsewhere(item, e.Holder);
            return false;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            var note = request.NoteOf?.Invoke(e) ?? new FailureNote(1, e.Message);
            item.Folder.SetFailure(item.Cell, work.At, note.Message, note.Code, lease.Number);
            Say($"failed: {item.Name}: {note.Message}");
            _failures.Add(new CellFailure(item.Name, e));
            return true;
        }
    }

    private void SayElsewhere(Item item, string holder)
    {
        if (_elsewhere.GetValueOrDefault(item.Name) == holder)
            return;
        _elsewhere[item.Name] = holder;
        Say($"{item.Name}: held by {holder}{(request.Wait ? "" : "; skipped")}");
    }

    private void Pause(List<Item> open)
    {
        var named = open.Take(NamedCells)
            .Select(i => _elsewhere.TryGetValue(i.Name, out var holder) ? $"{i.Name} ({holder})" : i.Name);
        var rest = open.Count > NamedCells ? $" and {open.Count - NamedCells} more" : "";
        var text = $"waiting for {open.Count} cells of other processes: {string.Join(", ", named)}{rest}";
        if (text != _waiting)
            Say(_waiting = text);
        var pause = _leases.Interval < LongestPause ? _leases.Interval : LongestPause;
        _ = stop.WaitHandle.WaitOne(pause);
        stop.ThrowIfCancellationRequested();
    }

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} seconds");

    private void Say(string text) => progress?.Report(new ExperimentNote(text));
}
