// One recipe with several seeds: a row per seed, then mean and sample standard deviation. The best
// seed is selected on development data, because selecting it by the reported accuracy would be
// selection on the reported examples.
using RobustTickets.Runs;

namespace RobustTickets.Reports;

/// <summary>Summarises runs that differ in their seed.</summary>
public static class SeedTable
{
    private static readonly ReportColumn[] Columns =
    [
        new("seed", "Seed", "Seed, or mean and standard deviation over seeds", Numeric: false),
        new("development", "Development %", "Accuracy on the development part", Numeric: true),
        new("clean", "Clean %", "Accuracy on the reported split", Numeric: true),
        new("control", "Control %", "Accuracy of the equal-epoch dense control", Numeric: true),
        new("parameters", "Params", "Parameters without the embedding tables", Numeric: true),
        new(
            "seconds",
            "Seconds",
            "Search and retraining, excluding data loading, evaluation and checkpoints",
            Numeric: true
        ),
        new("forward_passes", "Forward", "Forward passes over batches", Numeric: true),
        new("backward_passes", "Backward", "Backward passes over batches", Numeric: true),
        new("gflop", "GFLOP", "Floating-point operations of the matrix products, counted", Numeric: true),
    ];

    private static readonly string[] Formats = ["0.00", "0.00", "0.00", "#,0", "0.0", "0", "0", "0.0"];

    private static readonly ReportColumn UnderAttack = new(
        "development_aua",
        "Development Aua %",
        "Accuracy under attack on development examples after the last whole epoch",
        Numeric: true
    );

    /// <summary>
    /// The table of some runs; with accuracy under attack on development examples if one of them
    /// was attacked after its epochs.
    /// </summary>
    public static ReportTable Of(IReadOnlyList<RunRecord> runs)
    {
        var attacked = runs.Any(r => DevelopmentAua(r) is not null);
        var formats = attacked ? Formats[..1].Append("0.0").Concat(Formats[1..]).ToArray() : Formats;
        var values = runs.Select(r =>
                attacked ? [.. Values(r)[..1], 100 * DevelopmentAua(r), .. Values(r)[1..]] : Values(r)
            )
            .ToArray();
        var rows = values
            .Select(
                (v, i) =>
                    Row(runs[i].Result.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture), v, formats)
            )
            .ToList();
        rows.Add(Row("mean", Column(values, v => v.Average()), formats));
        rows.Add(Row("sd", Column(values, v => Sample.Of(v).Deviation), formats));
        return new ReportTable(attacked ? [.. Columns[..2], UnderAttack, .. Columns[2..]] : Columns, rows);
    }

    /// <summary>
    /// The seed with the highest accuracy under attack on development examples after its last whole
    /// epoch, or its selected one, the first of equals; null unless every run was attacked after
    /// its epochs.
    /// </summary>
    public static int? BestUnderAttack(IReadOnlyList<RunRecord> runs) =>
        runs.All(r => DevelopmentAua(r) is not null) ? runs.MaxBy(r => DevelopmentAua(r)!.Value)?.Result.Seed : null;

    private static double? DevelopmentAua(RunRecord run) =>
        run.Events.OfType<SelectionEntry>().LastOrDefault(e => e.Stage == StageName.Retrain)?.Aua
        ?? run.Events.OfType<EpochAttackEntry>().LastOrDefault(e => e.Stage == StageName.Retrain)?.Aua;

    /// <summary>
    /// The seed with the best development accuracy, the first of equals; null when no run has any.
    /// </summary>
    public static int? BestOnDevelopment(IReadOnlyList<RunRecord> runs) =>
        runs.Where(r => r.Result.Development is not null).MaxBy(r => r.Result.Development!.Accuracy)?.Result.Seed;

    private static double?[] Values(RunRecord run)
    {
        var stages = run.Cost.ToArray();
        return
        [
            100 * run.Result.Development?.Accuracy,
            100 * run.Clean,
            100 * run.Result.Control?.Accuracy,
            run.Parameters,
            stages.Sum(s => s.Seconds),
            stages.Sum(s => s.ForwardPasses),
            stages.Sum(s => s.BackwardPasses),
            stages.Sum(s => s.Flops) / 1e9,
        ];
    }

    private static double?[] Column(double?[][] runs, Func<double[], double?> of) =>
        [
            .. Enumerable
                .Range(0, runs[0].Length)
                .Select(i => runs.All(r => r[i] is not null) ? of([.. runs.Select(r => r[i]!.Value)]) : null),
        ];

    private static ReportCell[] Row(string name, double?[] values, string[] formats) =>
        [new(name), .. values.Zip(formats, (value, format) => ReportCell.Of(value, format))];
}
