// A finished cell, read from its run folder. The control of a run has its own stage and its own
// attacks; the run itself has all others.
using RobustTickets.Attacks;
using RobustTickets.Pipeline;
using RobustTickets.Reports;
using RobustTickets.Runs;

namespace RobustTickets.Experiments;

/// <summary>A finished cell.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Run">Its run.</param>
/// <param name="Stages">The stages that led to its model, including those of a search shared with
/// another row.</param>
/// <param name="Attacks">The attacks on it that judged an example.</param>
internal sealed record CellRecord(
    ExperimentCell Cell,
    RunRecord Run,
    IReadOnlyList<StageSummary> Stages,
    IReadOnlyList<AttackRecord> Attacks
)
{
    /// <summary>
    /// Names of finished attacks without any judged example, which have no figures.
    /// </summary>
    public IReadOnlyList<string> Unjudged { get; private init; } = [];

    /// <summary>
    /// Whether each reported row is classified correctly, by id; null in runs of earlier versions.
    /// </summary>
    public IReadOnlyDictionary<string, bool>? Correct { get; private init; }

    public double Clean => Cell.IsControl ? Run.Result.Control!.Accuracy : Run.Clean ?? 0;

    public string Split => Run.Result.EvaluatedSplit;

    public long Parameters => Cell.IsControl ? Run.Result.Control!.ParametersWithoutEmbeddings : Run.Parameters;

    public double Seconds => Stages.Sum(s => s.Seconds);

    public double Flops => Stages.Sum(s => s.Flops);

    public long Tokens => Stages.Sum(s => s.Tokens);

    public long Forward => Stages.Sum(s => s.ForwardPasses);

    public long Backward => Stages.Sum(s => s.BackwardPasses);

    public long WeightGradient => Stages.Sum(s => s.WeightGradientPasses);

    /// <summary>The cells with finished runs, in the order of the plan.</summary>
    public static IReadOnlyList<CellRecord> Finished(ExperimentFolder folder) =>
        [.. folder.Plan.Cells.Where(folder.IsTrained).Select(cell => Load(cell, folder))];

    private static T Read<T>(string place, Func<string, T> load)
    {
        try
        {
            return load(place);
        }
        catch (DataException e)
        {
            throw new DataException($"{e.Message}; {ExperimentFolder.Anew(place)}", e);
        }
    }

    private static string Predictions(RunRecord run, ExperimentCell cell)
    {
        var folder = RunFolder.At(run.Folder);
        return cell.IsControl ? folder.ControlPredictionsFile : folder.PredictionsFile;
    }

    private static CellRecord Load(ExperimentCell cell, ExperimentFolder folder)
    {
        var run = Read(folder.Run(cell), RunRecord.LoadWithoutAttacks);
        // An attack's folder is named by its content; the table uses its own name.
        var attacks = cell
            .Attacks.Where(a => folder.IsAttacked(cell, a))
            .Select(a => Read(folder.Attack(cell, a), AttackRecord.Load) with { Name = a.Name })
            .ToLookup(a => a.Count > 0);
        var stages = run.Result.Stages.Where(s => s.Stage == StageName.Control == cell.IsControl);
        // A search run by another row counts with its full cost.
        if (!cell.IsControl && cell.TicketFrom is { } from)
        {
            var source = folder.Plan.Cell(from);
            var searched = RunResult.Load(RunFolder.Open(folder.Run(source)).ResultFile).Stages;
            stages = SharedTickets.Used(cell.Recipe, source.Recipe, searched).Concat(stages);
        }
        return new CellRecord(cell, run, [.. stages], [.. attacks[true]])
        {
            Unjudged = [.. attacks[false].Select(a => a.Name)],
            Correct = Read(folder.Run(cell), _ => RowPrediction.LoadIfPresent(Predictions(run, cell)))
                ?.ToDictionary(r => r.Id, r => r.IsCorrect),
        };
    }
}
