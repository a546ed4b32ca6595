// One recipe with several seeds: a row per seed, then mean and sample standard deviation. The seed that is best on development data is named, since a choice by the
// reported accuracy would be a choice on the reported examples.
namespace RobustTickets.Reports;

/// <summary>Sums up runs that differ in their seed.</summary>
public static class SeedTable
{
    private static readonly ReportColumn[] Columns =
    [
        new("seed", "Seed", "Seed, or mean and standard deviation over seeds", false),
        new("development", "Development %", "Accuracy on the development part", true),
        new("clean", "Clean %", "Accuracy on the reported split", true),
        new("control", "Control %", "Accuracy of the equal-epoch dense control", true),
        new("parameters", "Params", "Parameters without the embedding tables", true),
        new("seconds", "Seconds", "Search and retraining, without reading data, evaluation and checkpoints", true),
        new("forward_passes", "Forward", "Forward passes over batches", true),
        new("backward_passes", "Backward", "Backward passes over batches", true),
        new("gflop", "GFLOP", "Floating-point operations of the matrix products, counted", true),
    ];

    /// <summary>The table of some runs.</summary>
    public static ReportTable Of(IReadOnlyList<RunRecord> runs)
    {
        var values = runs.Select(Values).ToArray();
        var rows = values.Select((v, i) => Row(runs[i].Result.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture), v)).ToList();
        rows.Add(Row("mean", Column(values, v => v.Average())));
        rows.Add(Row("sd", Column(values, v => v.Length < 2 ? null : Math.Sqrt(v.Sum(x => (x - v.Average()) * (x - v.Average())) / (v.Length - 1)))));
        return new ReportTable(Columns, rows);
    }

    /// <summary>The seed with the best accuracy on development data, the first of equals; null when no run has any.</summary>
    public static int? BestOnDevelopment(IReadOnlyList<RunRecord> runs) => runs.Where(r => r.Result.Development is not null).MaxBy(r => r.Result.Development!.Accuracy)?.Result.Seed;

    private static double?[] Values(RunRecord run)
    {
        var stages = run.Result.Stages.Where(s => s.Stage != "control").ToArray();
        return
        [
            100 * run.Result.Development?.Accuracy, 100 * run.Clean, 100 * run.Result.Control?.Accuracy, run.Result.Model.ParametersWithoutEmbeddings, stages.Sum(s => s.Seconds),
            stages.Sum(s => s.ForwardPasses), stages.Sum(s => s.BackwardPasses), stages.Sum(s => s.Flops) / 1e9,
        ];
    }

    private static double?[] Column(double?[][] runs, Func<double[], double?> of) =>
        [.. Enumerable.Range(0, runs[0].Length).Select(i => runs.All(r => r[i] is not null) ? of([.. runs.Select(r => r[i]!.Value)]) : null)];

    private static ReportCell[] Row(string name, double?[] v) =>
    [
        new(name), ReportCell.Of(v[0], "0.00"), ReportCell.Of(v[1], "0.00"), ReportCell.Of(v[2], "0.00"), ReportCell.Of(v[3], "#,0"), ReportCell.Of(v[4], "0.0"), ReportCell.Of(v[5], "0"),
        ReportCell.Of(v[6], "0"), ReportCell.Of(v[7], "0.0"),
    ];
}
