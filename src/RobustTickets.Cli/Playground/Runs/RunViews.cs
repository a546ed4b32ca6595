// What the page of runs is told, as JSON: no number that is not finite, no path of this machine.
using RobustTickets.Experiments;
using RobustTickets.Runs;
using RobustTickets.Runs.Live;

namespace RobustTickets.Cli.Playground.Runs;

/// <summary>An answer that a client may know already.</summary>
internal interface IVersioned<T>
{
    /// <summary>What tells one content from another.</summary>
    string Version { get; }

    /// <summary>The same with a version.</summary>
    T WithVersion(string version);
}

/// <summary>All runs and tables.</summary>
internal sealed record RunList(
    string Version,
    string Folder,
    IReadOnlyList<RunRow> Runs,
    IReadOnlyList<TableRow> Experiments,
    IReadOnlyList<string> Notes
) : IVersioned<RunList>
{
    /// <inheritdoc/>
    public RunList WithVersion(string version) => this with { Version = version };
}

/// <summary>What a ticket keeps in all.</summary>
internal sealed record KeptTotals(string Kind, long HeadsKept, long Heads, long NeuronsKept, long Neurons)
{
    /// <summary>Of a result; null without a ticket.</summary>
    public static KeptTotals? Of(TicketSummary? ticket) =>
        ticket switch
        {
            null => null,
            { Kind: "weights" } => new("weights", 0, 0, ticket.WeightsKept, ticket.WeightsTotal),
            _ => new("structured", ticket.HeadsKept, ticket.HeadsTotal, ticket.NeuronsKept, ticket.NeuronsTotal),
        };
}

/// <summary>One run.</summary>
internal sealed record RunRow(
    string Id,
    RunStatus Status,
    bool Active,
    string? Reason,
    RecipeFacts Recipe,
    string? Model,
    DateTimeOffset? Started,
    DateTimeOffset? Changed,
    string? Stage,
    long Step,
    long? MostSteps,
    double? Epoch,
    double? Loss,
    double? LearningRate,
    double? TokensPerSecond,
    double? SecondsLeft,
    double? Clean,
    string? Split,
    long? Parameters,
    double? TrainingSeconds,
    KeptTotals? Kept,
    IReadOnlyList<AttackLine> Attacks,
    bool HasReport,
    bool HasTicket,
    string? Cell
)
{
    /// <summary>Of a run that was looked at.</summary>
    public static RunRow Of(string id, string folder, RunLine line, string? cell)
    {
        var result = line.Result;
        return new RunRow(
            id,
            line.Status,
            line.IsActive,
            line.Reason,
            line.Recipe,
            line.Model,
            line.Started,
            line.Changed,
            line.Stage,
            line.Step,
            line.MostSteps,
            line.Epoch,
            line.Loss,
            line.LearningRate,
            line.TokensPerSecond,
            line.SecondsLeft,
            result?.Clean is { } c && double.IsFinite(c) ? c : null,
            result?.EvaluatedSplit,
            result?.Model.ParametersWithoutEmbeddings,
            Seconds(result),
            KeptTotals.Of(result?.Ticket),
            line.Attacks,
            result is not null && line.Status != RunStatus.Broken,
            File.Exists(Path.Combine(folder, "ticket", "ticket.json")),
            cell
        );
    }

    private static double? Seconds(RunResult? result)
    {
        var sum = result?.Stages.Where(s => s.Stage != StageName.Control).Sum(s => s.Seconds);
        return sum is { } seconds && double.IsFinite(seconds) ? seconds : null;
    }
}

/// <summary>
/// A cell of a table; <paramref name="Run"/> is null while there is none to show.
/// </summary>
internal sealed record CellRow(
    string Id,
    string? Run,
    CellState State,
    bool Active,
    int AttacksDone,
    int Attacks,
    string? Failure
);

/// <summary>A table of an experiment.</summary>
internal sealed record TableRow(
    string Id,
    string Name,
    string? Title,
    IReadOnlyList<CellRow> Cells,
    int Done,
    int AtWork,
    int Failed,
    bool HasReport,
    string? Problem
)
{
    /// <summary>Of a table that was looked at.</summary>
    /// <param name="id">Its place.</param>
    /// <param name="table">The table.</param>
    /// <param name="cells">Place of its cells' runs, with a slash.</param>
    /// <param name="isShown">Whether a run is among those found.</param>
    public static TableRow Of(string id, TableProgress table, string cells, Func<string, bool> isShown) =>
        new(
            id,
            table.Name,
            table.Title,
            [
                .. table.Cells.Select(c => new CellRow(
                    c.Id,
                    isShown(cells + c.Run) ? cells + c.Run : null,
                    c.State,
                    c.Active,
                    c.AttacksDone,
                    c.Attacks,
                    c.Failure
                )),
            ],
            table.Cells.Count(c => c.State == CellState.Done),
            table.Cells.Count(c => c.Active),
            table.Cells.Count(c => c.State == CellState.Failed),
            table.HasReport,
            table.Problem
        );
}

/// <summary>One run with its curves.</summary>
internal sealed record RunDetail(
    string Version,
    RunRow Run,
    IReadOnlyList<StageProgress> Stages,
    IReadOnlyList<double?[]> Loss,
    IReadOnlyList<double?[]> LearningRate,
    IReadOnlyList<double?[]> TokensPerSecond,
    IReadOnlyList<MaskProgress> Masks,
    IReadOnlyList<GateProgress> Gates,
    IReadOnlyList<EpochProgress> Epochs,
    StopProgress? Stop,
    IReadOnlyList<MaskLayer>? Layers,
    bool Drawn
) : IVersioned<RunDetail>
{
    /// <inheritdoc/>
    public RunDetail WithVersion(string version) => this with { Version = version };

    /// <summary>Of a run that was looked at closely.</summary>
    /// <param name="id">Its place.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="progress">How it stands.</param>
    /// <param name="drawn">The layers of its ticket; null or none without.</param>
    /// <param name="cell">The cell of a table that it is, or null.</param>
    public static RunDetail Of(
        string id,
        string folder,
        RunProgress progress,
        IReadOnlyList<MaskLayer>? drawn,
        string? cell
    )
    {
        var isDrawn = drawn is { Count: > 0 };
        return new RunDetail(
            "",
            RunRow.Of(id, folder, progress.Line, cell),
            progress.Stages,
            Pairs(progress.Loss),
            Pairs(progress.LearningRate),
            Pairs(progress.TokensPerSecond),
            progress.Masks,
            progress.Gates,
            progress.Epochs,
            progress.Stop,
            isDrawn ? drawn : progress.Layers,
            isDrawn
        );
    }

    private static double?[][] Pairs(IReadOnlyList<CurvePoint> points) =>
        [.. points.Select(p => (double?[])[p.X, p.Y])];
}
