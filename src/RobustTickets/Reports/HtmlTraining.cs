// Training curves and the cost of each stage.
using System.Globalization;
using System.Text;
using RobustTickets.Reports.Figures;
using RobustTickets.Runs;

namespace RobustTickets.Reports;

internal static class HtmlTraining
{
    private const int PointsPerLine = 400;

    public static void Append(StringBuilder html, IReadOnlyList<RunRecord> runs)
    {
        var body = new StringBuilder("<div class=\"side\">");
        body.Append(
            Loss(
                runs,
                StageName.Retrain,
                "Loss in the training of the final model",
                "Loss per step; the line is a moving mean."
            )
        );
        body.Append(Accuracy(runs));
        body.Append(UnderAttack(runs));
        body.Append(
            Loss(
                runs,
                StageName.Search,
                "Loss in the search",
                "Loss per step of the search, adversarial and with penalties as the objective reports it."
            )
        );
        body.Append(Rate(runs));
        body.Append("</div>\n<h3>Cost</h3>\n")
            .Append(SummaryTable.Cost(runs).ToHtml("What each stage did; seconds are compute only"));
        HtmlReport.Section(html, "training", "Training", "From the event logs of the runs.", body.ToString());
    }

    private static string Loss(IReadOnlyList<RunRecord> runs, string stage, string title, string caption)
    {
        var series = new List<PlotSeries>();
        for (var i = 0; i < runs.Count; i++)
        {
            var points = Steps(runs[i], stage).Select(s => (s.Epoch, s.Loss)).ToArray();
            if (points.Length == 0)
                continue;
            var raw = Smoothing.Buckets(points, PointsPerLine);
            series.Add(new PlotSeries(runs[i].Label, raw, Colour: i, Faint: true));
            series.Add(new PlotSeries(runs[i].Label, Smoothing.MovingMean(raw), Colour: i));
        }
        if (series.Count == 0)
            return "";
        var positive = series.SelectMany(s => s.Points).Where(p => double.IsFinite(p.Y)).ToArray();
        var log =
            positive.Length > 0 && positive.All(p => p.Y > 0) && positive.Max(p => p.Y) / positive.Min(p => p.Y) > 50;
        return HtmlReport.Figure(
            new SvgPlot(title, "epoch", log ? "loss (log scale)" : "loss", series)
            {
                LogY = log,
                XMin = 0,
                Width = 480,
                Height = 300,
            }.Render(),
            $"{title}. {caption}"
        );
    }

    private static string Accuracy(IReadOnlyList<RunRecord> runs)
    {
        var series = runs.Select(
                (run, i) =>
                    new PlotSeries(
                        run.Label,
                        [
                            .. run
                                .Events.OfType<EvaluationEntry>()
                                .Where(e => e.Stage == StageName.Retrain)
                                .Select(e => (e.Epoch, 100 * e.Accuracy)),
                        ],
                        Markers: true,
                        Colour: i
                    )
            )
            .Where(s => s.Points.Count > 0)
            .ToArray();
        if (series.Length == 0)
            return "";
        var rows = runs.SelectMany(r => r.Events.OfType<EvaluationEntry>())
            .Where(e => e.Stage == StageName.Retrain)
            .Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Split}, {e.Examples:N0} rows"))
            .Distinct();
        return HtmlReport.Figure(
            new SvgPlot("Accuracy after each epoch", "epoch", "accuracy, %", series)
            {
                XMin = 0,
                Width = 480,
                Height = 300,
            }.Render(),
            $"Accuracy after each epoch ({string.Join("; ", rows)}). {Reported(runs)}: this curve was not used for "
                + "selection."
        );
    }

    private static string UnderAttack(IReadOnlyList<RunRecord> runs)
    {
        var series = runs.SelectMany(
                (run, i) =>
                    run
                        .Events.OfType<EpochAttackEntry>()
                        .Where(e => e.Stage == StageName.Retrain)
                        .GroupBy(e => e.Attack)
                        .Select(g => new PlotSeries(
                            $"{run.Label}, {g.Key}",
                            [.. g.Select(e => (e.Epoch, 100 * e.Aua))],
                            Markers: true,
                            Colour: i
                        ))
            )
            .ToArray();
        if (series.Length == 0)
            return "";
        var examples = string.Join(
            ", ",
            runs.SelectMany(r => r.Events.OfType<EpochAttackEntry>()).Select(e => e.Examples).Distinct()
        );
        return HtmlReport.Figure(
            new SvgPlot("Accuracy under attack on development examples", "epoch", "accuracy under attack, %", series)
            {
                XMin = 0,
                YMin = 0,
                Width = 480,
                Height = 300,
            }.Render(),
            $"Accuracy under attack after each epoch, on {examples} development examples: not the examples that "
                + $"the results are reported on. {Reported(runs)}."
        );
    }

    private static string Reported(IReadOnlyList<RunRecord> runs)
    {
        var selected = runs.SelectMany(run =>
                run.Events.OfType<SelectionEntry>()
                    .Where(e => e.Stage == StageName.Retrain)
                    .Select(e => string.Create(CultureInfo.InvariantCulture, $"{run.Label}: {e.KeptEpoch:0.##}"))
            )
            .ToArray();
        return selected.Length == 0
            ? "The last epoch is reported, not the best one"
            : "Reported is the epoch with the highest accuracy under attack on development examples "
                + $"({string.Join(", ", selected)})"
                + (selected.Length < runs.Count ? ", and the last epoch of the other runs" : "");
    }

    private static string Rate(IReadOnlyList<RunRecord> runs)
    {
        var series = new List<PlotSeries>();
        for (var i = 0; i < runs.Count; i++)
        {
            foreach (var stage in new[] { StageName.Retrain, StageName.Search })
            {
                var points = Steps(runs[i], stage).Select(s => (s.Epoch, s.Lr)).ToArray();
                if (points.Length > 1)
                    series.Add(
                        new PlotSeries(
                            stage == StageName.Retrain ? runs[i].Label : $"{runs[i].Label}, search",
                            Smoothing.Buckets(points, PointsPerLine),
                            Colour: stage == StageName.Retrain ? i : runs.Count + i
                        )
                    );
            }
        }
        if (series.Count == 0)
            return "";
        return HtmlReport.Figure(
            new SvgPlot("Learning rate", "epoch of the stage", "learning rate", series)
            {
                XMin = 0,
                YMin = 0,
                Width = 480,
                Height = 300,
            }.Render(),
            "Learning rate. A search that stops early keeps the schedule of its full length."
        );
    }

    private static IEnumerable<StepEntry> Steps(RunRecord run, string stage) =>
        run.Events.OfType<StepEntry>().Where(s => s.Stage == stage);
}
