// The files written by all processes of an experiment: index of cells, data hashes, tables,
// figures, report, evidence. They depend only on finished cells, so all processes write the same
// bytes; a lease serialises the writers, so that the last one includes all cells.
using RobustTickets.Checkpoints.Files;
using RobustTickets.Experiments.Evidence;
using RobustTickets.Experiments.Leases;

namespace RobustTickets.Experiments;

/// <summary>Writes the shared files of an experiment's processes.</summary>
/// <param name="request">The experiments with their paths.</param>
/// <param name="set">The prepared experiments.</param>
/// <param name="leases">Leases of their folder.</param>
/// <param name="say">Receives a message on long waits.</param>
/// <param name="stop">Cancels waiting for another writer.</param>
internal sealed class SharedTables(
    ExperimentRequest request,
    ExperimentSet set,
    LeaseFolder leases,
    Action<string> say,
    CancellationToken stop
)
{
    private const string Subject = "tables";
    private const int Attempts = 6;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200),
        Unrest = TimeSpan.FromMilliseconds(100),
        Long = TimeSpan.FromSeconds(5);

    /// <summary>Creates the folders and writes the experiments' definitions.</summary>
    public void Begin()
    {
        using var lease = Take();
        foreach (var table in set.Tables)
        {
            table.Folder.Begin();
            request.Evidence?.Keep(table.Folder.Path);
            foreach (var cell in table.Cells.DistinctBy(c => c.Data.Name))
            {
                var rows = set.Data(table, cell).Rows;
                // Another process may have started with other data at the same moment.
                table.Folder.RequireSameData(cell.Data.Name, request.Data[cell.Data.Name], rows);
                table.Folder.KeepData(cell.Data.Name, rows);
            }
        }
    }

    /// <summary>Writes tables, unless another process is writing.</summary>
    public void Write(IEnumerable<ExperimentSet.Table> tables, bool withEvidence)
    {
        using var lease = leases.TryTake(Subject, out _);
        if (lease is null)
            return;
        foreach (var table in tables)
            Write(table.Folder);
        if (withEvidence)
            WriteEvidence();
    }

    /// <summary>Writes all tables, waiting for other writers.</summary>
    public void WriteAll()
    {
        for (; ; )
        {
            using var lease = Take();
            foreach (var table in set.Tables)
                Write(table.Folder);
            WriteEvidence();
            try
            {
                lease.Require();
                return;
            }
            catch (LeaseLostException)
            {
                // Another process has written in the meantime, and this one may have overwritten
                // its tables with older cells.
            }
        }
    }

    private Lease Take()
    {
        var (pause, begun, told) = (TimeSpan.FromMilliseconds(10), leases.Now, false);
        while (true)
        {
            if (leases.TryTake(Subject, out var holder) is { } lease)
                return lease;
            if (!told && leases.Now - begun > Long)
            {
                say($"waiting for {holder}, which is writing the tables");
                told = true;
            }
            _ = stop.WaitHandle.WaitOne(pause);
            stop.ThrowIfCancellationRequested();
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private static void Write(ExperimentFolder folder) =>
        Patiently(() =>
        {
            folder.Refresh();
            var finished = CellRecord.Finished(folder);
            var table = ExperimentTable.Of(folder, finished);
            AtomicFile.WriteAllText(folder.Results("csv"), table.ToCsv());
            AtomicFile.WriteAllText(folder.Results("md"), ExperimentTable.ToMarkdown(folder, table));
            AtomicFile.WriteAllText(
                folder.Results("json"),
                ExperimentTable.ToJson(folder, table).ToJsonString() + "\n"
            );
            ExperimentFigures.Write(folder, finished);
            ExperimentReport.Write(folder, finished, table);
        });

    // All experiments of the request, including those without selected cells.
    private void WriteEvidence()
    {
        if (request.Evidence is { } sources)
            Patiently(() =>
                new EvidencePage(
                    [.. request.Plans.Select(p => new ExperimentFolder(request.Output, p))],
                    sources
                ).Write()
            );
    }

    // A network file system may report a file that was just replaced as stale or missing.
    private static void Patiently(Action read)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                read();
                return;
            }
            catch (Exception e) when (attempt < Attempts && (e is IOException || e.InnerException is IOException))
            {
                Thread.Sleep(attempt * Unrest);
            }
        }
    }
}
