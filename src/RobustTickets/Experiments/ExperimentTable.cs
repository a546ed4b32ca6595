// The results table (EarlyRobust Tables 1-5, 7, 8; RobusT Tables 1-4): one row per data set, method
// and attack over all finished seeds. Columns: docs/experiments.md, The table.
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Reports;

namespace RobustTickets.Experiments;

/// <summary>Creates the tables of an experiment from its folder.</summary>
public static class ExperimentTable
{
    private static readonly ReportColumn[] Columns =
    [
        new("data", "Data", "Data set", Numeric: false),
        new("method", "Method", "Row of the experiment", Numeric: false),
        new("runs", "Seeds", "Finished runs", Numeric: true),
        new("failed", null, "Runs that failed", Numeric: true),
        new(
            "clean",
            "Clean %",
            "Accuracy on the reported split: mean and standard deviation over seeds",
            Numeric: true
        ),
        new("clean_sd", null, "Standard deviation over seeds", Numeric: true),
        new("clean_split", null, "The reported split", Numeric: false),
        new("attack", "Attack", "Attack", Numeric: false),
        new("n", "n", "Attacked examples, all seeds together", Numeric: true),
        new(
            "aua",
            "Aua %",
            "Accuracy under attack: mean and standard deviation over seeds; 95 % interval (Wilson) for the "
                + "effective number of independent examples, since seeds share examples",
            Numeric: true
        ),
        new("aua_sd", null, "Standard deviation over seeds", Numeric: true),
        new("aua_low", null, "Lower end of the interval", Numeric: true),
        new("aua_high", null, "Upper end of the interval", Numeric: true),
        new("suc", "Suc %", "Attack success rate", Numeric: true),
        new("suc_sd", null, "Standard deviation over seeds", Numeric: true),
        new("queries", "#Query", "Mean queries per attacked example, as TextAttack counts them", Numeric: true),
        new("queries_sd", null, "Standard deviation over seeds", Numeric: true),
        new("parameters", "Params", "Parameters without the embedding tables", Numeric: true),
        new(
            "seconds",
            "Seconds",
            "Search and retraining, excluding data loading, evaluation and checkpoints",
            Numeric: true
        ),
        new("seconds_sd", null, "Standard deviation over seeds", Numeric: true),
        new(
            "tokens_per_second",
            "Tokens/s",
            "Real tokens per second, each batch counted once regardless of its passes",
            Numeric: true
        ),
        new("forward_passes", "Forward", "Forward passes over batches", Numeric: true),
        new("backward_passes", "Backward", "Backward passes over batches", Numeric: true),
        new("weight_gradient_passes", null, "Backward passes that computed weight gradients", Numeric: true),
        new("gflop", "GFLOP", "Floating-point operations of the matrix products, counted", Numeric: true),
        new("speedup", "Speed-up", "Seconds of the baseline row / seconds", Numeric: true),
        new("work_ratio", "by FLOP", "GFLOP of the baseline row / GFLOP", Numeric: true),
    ];

    /// <summary>
    /// The table over all finished cells; a method without any has one row of dashes.
    /// </summary>
    public static ReportTable Of(ExperimentFolder folder) => Of(folder, CellRecord.Finished(folder));

    internal static ReportTable Of(ExperimentFolder folder, IReadOnlyList<CellRecord> finished)
    {
        var plan = folder.Plan;
        var rows = new List<IReadOnlyList<ReportCell>>();
        foreach (var data in plan.Experiment.Data)
        {
            var baseline = finished
                .Where(c => c.Cell.Data == data && c.Cell.Row.Name == plan.Experiment.Baseline)
                .ToArray();
            foreach (var row in plan.Experiment.Rows)
            {
                var cells = plan.Cells.Where(c => c.Row == row && c.Data == data).ToArray();
                if (cells.Length == 0)
                    continue;
                var runs = finished.Where(c => c.Cell.Row == row && c.Cell.Data == data).ToArray();
                var failed = cells.Count(c => folder.State(c) == CellState.Failed);
                var attacks = runs.Length == 0 ? [] : cells[0].Attacks.Select(a => a.Name);
                foreach (var attack in attacks.DefaultIfEmpty(null))
                    rows.Add(Row(data.Name, row.Name, attack, runs, failed, baseline));
            }
        }
        return new ReportTable(Columns, rows);
    }

    /// <summary>The table with its metadata, as JSON.</summary>
    public static JsonObject ToJson(ExperimentFolder folder, ReportTable table) =>
        new()
        {
            ["schema_version"] = 1,
            ["name"] = folder.Plan.Experiment.Name,
            ["title"] = folder.Plan.Experiment.Title,
            ["source"] = folder.Plan.Experiment.Source,
            ["baseline"] = folder.Plan.Experiment.Baseline,
            ["rows"] = table.ToJson(),
            ["cells"] = new JsonArray([
                .. folder.Plan.Cells.Select(c => new JsonObject
                {
                    ["cell"] = c.Id,
                    ["run"] = folder.Knows(c) ? Path.GetFileName(folder.Run(c)) : null,
                    ["state"] = folder.State(c).ToString().ToLowerInvariant(),
                    ["failure"] = folder.Failure(c),
                }),
            ]),
        };

    /// <summary>The table with title and source, as Markdown.</summary>
    public static string ToMarkdown(ExperimentFolder folder, ReportTable table)
    {
        var plan = folder.Plan;
        var failed = folder.Failures().Select(f => $"- failed: {f}\n");
        var open = plan.Cells.Count(c => folder.State(c) is CellState.Open or CellState.Begun or CellState.Trained);
        var rest = string.Concat(failed) + (open > 0 ? $"- {open} of {plan.Cells.Count} cells are not finished\n" : "");
        var text = $"# {plan.Experiment.Title}\n\n{plan.Experiment.Source}\n\n{table.ToMarkdown()}";
        return rest.Length > 0 ? $"{text}\n{rest}" : text;
    }

    private static ReportCell[] Row(
        string data,
        string method,
        string? attack,
        CellRecord[] runs,
        int failed,
        CellRecord[] baseline
    )
    {
        var attacked = runs.Select(r => r.Attacks.FirstOrDefault(a => a.Name == attack))
            .OfType<AttackRecord>()
            .ToArray();
        // 0 if an attack has run without judging an example, none if no attack has run.
        int? n =
            attacked.Length > 0 || runs.Any(r => attack is not null && r.Unjudged.Contains(attack))
                ? attacked.Sum(a => a.Count)
                : null;
        var interval = RepeatedShare.Interval(
            attacked.SelectMany(a => a.Examples.Select(e => (e.Id, e.Result == AttackResult.Failed)))
        );
        var clean = Sample.Of(runs.Select(r => 100 * r.Clean));
        var aua = Sample.Of(attacked.Select(a => 100 * a.Aua));
        var suc = Sample.Of(attacked.Select(a => 100 * a.Suc));
        var queries = Sample.Of(attacked.Select(a => a.MeanQueries));
        var seconds = Sample.Of(runs.Select(r => r.Seconds));
        var flops = Sample.Of(runs.Select(r => r.Flops));
        var parameters = Sample.Of(runs.Select(r => (double)r.Parameters));
        return
        [
            new(data),
            new(method),
            ReportCell.Of(runs.Length, "0"),
            ReportCell.Of(failed, "0"),
            clean.Cell("0.00"),
            clean.DeviationCell,
            new(runs.Length == 0 ? ReportCell.None.Text : runs[0].Split),
            attack is null ? ReportCell.None : new(attack),
            ReportCell.Of(n, "0"),
            aua.Cell("0.0", interval?.Percent),
            aua.DeviationCell,
            ReportCell.Of(100 * interval?.Low, "0.0"),
            ReportCell.Of(100 * interval?.High, "0.0"),
            suc.Cell("0.0"),
            suc.DeviationCell,
            queries.Cell("0.0"),
            queries.DeviationCell,
            parameters.Mean is { } p ? new(p.ToString("#,0", CultureInfo.InvariantCulture), p) : ReportCell.None,
            seconds.Cell("0.0"),
            seconds.DeviationCell,
            ReportCell.Of(Sample.Of(runs.Select(r => r.Tokens / r.Seconds)).Mean, "0"),
            ReportCell.Of(Sample.Of(runs.Select(r => (double)r.Forward)).Mean, "0"),
            ReportCell.Of(Sample.Of(runs.Select(r => (double)r.Backward)).Mean, "0"),
            ReportCell.Of(Sample.Of(runs.Select(r => (double)r.WeightGradient)).Mean, "0"),
            ReportCell.Of(flops.Mean / 1e9, "0"),
            ReportCell.Of(Sample.Of(baseline.Select(r => r.Seconds)).Mean / seconds.Mean, "0.00"),
            ReportCell.Of(Sample.Of(baseline.Select(r => r.Flops)).Mean / flops.Mean, "0.00"),
        ];
    }
}
