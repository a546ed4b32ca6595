// report.html of an experiment: its table, accuracy before and under attack, and tests between
// methods: the exact test over the examples that seeds share, and the paired t-test over seeds.
using System.Globalization;
using System.Text;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Experiments.Evidence;
using RobustTickets.Reports;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Experiments;

/// <summary>Writes the report of an experiment from its finished cells.</summary>
internal static class ExperimentReport
{
    private static readonly ReportColumn[] TestColumns =
    [
        new("method", "Method", "Row of the experiment", Numeric: false),
        new(
            "aua",
            "Aua",
            "Difference in accuracy under attack to the reference, points, with its 95 % interval",
            Numeric: true
        ),
        new("exact", "exact p", "Sign-flip test over examples; McNemar's test with one seed", Numeric: true),
        new("seeds", "each seed", "The difference of each seed", Numeric: false),
        new(
            "t",
            "t over seeds p",
            "Paired t-test over seeds: could the variation between training runs explain it?",
            Numeric: true
        ),
        new(
            "detectable",
            "detectable",
            "Smallest difference detectable with 80 % power at the 5 % level",
            Numeric: true
        ),
        new("clean", "Clean", "Difference in accuracy on the reported rows, points, mean over seeds", Numeric: true),
        new("clean_t", "t over seeds p", "Paired t-test over seeds", Numeric: true),
    ];

    /// <summary>Writes the report.</summary>
    public static void Write(ExperimentFolder folder, IReadOnlyList<CellRecord> finished, ReportTable table) =>
        AtomicFile.WriteAllText(folder.ReportFile, Render(folder, finished, table));

    private static string Render(ExperimentFolder folder, IReadOnlyList<CellRecord> finished, ReportTable table)
    {
        var experiment = folder.Plan.Experiment;
        var body = new StringBuilder();
        foreach (var data in experiment.Data)
        {
            var cells = finished.Where(c => c.Cell.Data == data).ToArray();
            foreach (var attack in cells.SelectMany(c => c.Attacks).Select(a => a.Name).Distinct())
                Under(body, experiment, data.Name, attack, cells);
        }
        HtmlReport.Section(
            body,
            "results",
            "Results",
            $"{Rows(finished)} ± is the standard deviation over seeds; small figures are 95 % intervals "
                + "(Wilson) for the effective number of independent examples, since seeds share examples.",
            table
                .Leading("method", "aua", "data", "attack")
                .ToHtml("Accuracy, accuracy under attack and cost of each method")
        );
        var figures = ExperimentFigures.Drawn(folder);
        if (figures.Count > 0)
        {
            var drawn = figures.Select(f =>
                HtmlReport.Figure(File.ReadAllText(f), Path.GetFileNameWithoutExtension(f))
            );
            HtmlReport.Section(body, "figures", "Figures", "", $"<div class=\"side\">{string.Concat(drawn)}</div>\n");
        }
        string[] open =
        [
            .. folder
                .Plan.Cells.Where(c => folder.State(c) != CellState.Done)
                .Select(c => $"{c.Id} ({folder.State(c).ToString().ToLowerInvariant()})"),
        ];
        var failed = folder.Failures().Select(f => $"<p>failed: {Svg.Escape(f)}</p>\n");
        if (open.Length > 0)
            HtmlReport.Section(
                body,
                "open",
                "Not finished",
                "",
                $"<p>{Svg.Escape(string.Join(", ", open))}</p>\n{string.Concat(failed)}"
            );
        return HtmlPage.Render(
            experiment.Title,
            experiment.Source,
            body.ToString(),
            $"Made from the run folders of experiment <code>{Svg.Escape(experiment.Name)}</code>. This file is "
                + "self-contained: it loads nothing and runs no script."
        );
    }

    // States which rows Clean refers to, and which the accuracies before and under attack.
    private static string Rows(IReadOnlyList<CellRecord> finished)
    {
        var clean = finished
            .GroupBy(c => c.Cell.Data.Name)
            .Select(g =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{g.Key}: {g.First().Split}, {g.First().Run.Result.EvaluatedExamples:N0} rows"
                )
            );
        return finished.Count == 0
            ? "Nothing is finished yet."
            : $"Clean is measured on the reported rows ({string.Join("; ", clean)}), Aua on the n attacked ones "
                + "among them.";
    }

    private static void Under(
        StringBuilder body,
        Experiment experiment,
        string data,
        string attack,
        IReadOnlyList<CellRecord> cells
    )
    {
        var methods = experiment
            .Rows.Select(r =>
                (
                    r.Name,
                    Seeds: cells
                        .Where(c => c.Cell.Row.Name == r.Name && c.Attacks.Any(a => a.Name == attack))
                        .Select(c => ClaimCells.Of(c, c.Attacks.First(a => a.Name == attack)))
                        .ToArray()
                )
            )
            .Where(m => m.Seeds.Length > 0)
            .ToArray();
        if (methods.Length == 0)
            return;
        var rows = methods
            .Select(m =>
            {
                var (n, kept) = (
                    m.Seeds.Sum(s => s.Outcomes!.Count),
                    m.Seeds.Sum(s => s.Outcomes!.Values.Count(o => o.After))
                );
                return new RobustnessRow(
                    m.Name,
                    (double)m.Seeds.Sum(s => s.Outcomes!.Values.Count(o => o.Before)) / n,
                    (double)kept / n,
                    RepeatedShare
                        .Interval(m.Seeds.SelectMany(s => s.Outcomes!.Select(o => (o.Key, o.Value.After))))
                        .GetValueOrDefault()
                );
            })
            .ToArray();
        var examples = methods[0].Seeds[0].Outcomes!.Count;
        var figure = HtmlReport.Robustness(
            $"Accuracy before and under {attack} on {data}",
            rows,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Accuracy of the {examples:N0} attacked examples before and under {attack}, all seeds together."
            )
        );
        var tests =
            methods.Length < 2
                ? ""
                : Tests(methods).ToHtml($"Differences to {methods[0].Name} under {attack} on {data}");
        HtmlReport.Section(
            body,
            HtmlReport.Id($"{data}-{attack}"),
            $"{data} under {attack}",
            methods.Length < 2
                ? ""
                : $"Below, each method minus {methods[0].Name}, on the same examples and seeds. "
                    + HeadlineText.Uncorrected,
            figure + tests
        );
    }

    private static ReportTable Tests(IReadOnlyList<(string Name, SeedCell[] Seeds)> methods)
    {
        var own = methods[0].Seeds;
        return new ReportTable(
            TestColumns,
            [
                .. methods
                    .Skip(1)
                    .Select(m =>
                    {
                        var pairs = m.Seeds.Join(own, s => s.Seed, s => s.Seed, (a, b) => (a, b)).ToArray();
                        if (
                            PairedExamples.Of(pairs.Select(p => (p.a.Judged(Measure.Aua)!, p.b.Judged(Measure.Aua)!)))
                            is not { } found
                        )
                            return [new(m.Name), .. Enumerable.Repeat(ReportCell.None, TestColumns.Length - 1)];
                        var clean = pairs.Select(p => p.a.Clean - p.b.Clean).ToArray();
                        var (t, cleanT) = (PairedStatistics.Seeds(found.PerSeed), PairedStatistics.Seeds(clean));
                        return (ReportCell[])
                            [
                                new(m.Name),
                                Signed(found.Test.Estimate, Interval(found.Test)),
                                P(found.Test.PValue),
                                new(string.Join(", ", found.PerSeed.Select(d => Signed(d).Text))),
                                P(t?.PValue),
                                ReportCell.Of(found.Test.Detectable, "0.0"),
                                Signed(clean.Average()),
                                P(cleanT?.PValue),
                            ];
                    }),
            ]
        );
    }

    private static string Interval(PairedTest test) =>
        string.Create(CultureInfo.InvariantCulture, $"{test.Low:0.0} to {test.High:0.0}");

    private static ReportCell Signed(double value, string? note = null) =>
        new(value.ToString("+0.0;−0.0;0.0", CultureInfo.InvariantCulture), value, note);

    private static ReportCell P(double? p) =>
        p is { } value ? new(PairedComparison.Bare(value), value) : ReportCell.None;
}
