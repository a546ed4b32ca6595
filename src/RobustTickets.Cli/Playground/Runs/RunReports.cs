// Reports of runs as pages: the file in the run folder, else one generated in memory. The folder is
// read-only.
using RobustTickets.Attacks;
using RobustTickets.Reports;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Playground.Runs;

/// <summary>Finds or generates reports, one at a time.</summary>
internal sealed class RunReports : IDisposable
{
    /// <summary>
    /// Content security policy of all reports: no scripts, no loading, isolated from the
    /// playground.
    /// </summary>
    public const string Policy =
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'; sandbox allow-popups";

    private const long MostBytes = 64 << 20;

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>The report of a run.</summary>
    /// <exception cref="RefusedException">The run is incomplete, or its report is too
    /// large.</exception>
    /// <exception cref="DataException">A file of the run is corrupt.</exception>
    public async Task<string> OfRunAsync(string folder, CancellationToken stop)
    {
        var run = RunFolder.Open(folder);
        if (File.Exists(run.ReportFile))
            return await ReadAsync(run.ReportFile, stop);
        if (!run.IsFinished)
            throw RefusedException.NotFound("the run is not finished: it has no report yet");
        await _turn.WaitAsync(stop);
        try
        {
            return await Task.Run(() => HtmlReport.Render([RunRecord.Load(folder)]), stop);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A report file.</summary>
    /// <exception cref="RefusedException">The file is missing or too large.</exception>
    public static async Task<string> ReadAsync(string file, CancellationToken stop)
    {
        var info = new FileInfo(file);
        // A link may point outside the folder.
        if (!info.Exists || info.LinkTarget is not null)
            throw RefusedException.NotFound("there is no report yet");
        if (info.Length > MostBytes)
            throw RefusedException.NotFound($"the report has more than {MostBytes} bytes");
        return await File.ReadAllTextAsync(file, stop);
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();
}
