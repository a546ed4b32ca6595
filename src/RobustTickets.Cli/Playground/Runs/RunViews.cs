// JSON data of the page of runs: finite numbers only, no paths of this machine.
using RobustTickets.Experiments;
using RobustTickets.Runs;
using RobustTickets.Runs.Live;

namespace RobustTickets.Cli.Playground.Runs;

/// <summary>A response with a version, for conditional requests.</summary>
internal interface IVersioned<T>
{
    /// <summary>Identifies the content.</summary>
    string Version { get; }

    /// <summary>A copy with a version.</summary>
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

/// <summary>Total units that a ticket keeps.</summary>
internal sealed record KeptTotals(string Kind, long HeadsKept, long Heads, long NeuronsKept, long Neurons)
{
    /// <summary>The totals of a result; null without a ticket.</summary>
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
    /// <summary>The row of a run.</summary>
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

/// <summary>A cell of a table; <paramref name="Run"/> is null if it has no run to show.</summary>
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
    /// <summary>The row of a table.</summary>
    /// <param name="id">Its path below the folder.</param>
    /// <param name="table">The table.</param>
    /// <param name="cells">Path prefix of its cells' runs, with a trailing slash.</param>
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

    /// <summary>The details of a run.</summary>
    /// <param name="id">Its path below the folder.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="progress">Its progress.</param>
    /// <param name="drawn">The layers of its ticket; null or empty without one.</param>
    /// <param name="cell">Its cell of a table, or null.</param>
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
