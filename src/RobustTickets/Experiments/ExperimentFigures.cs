// Figures of an experiment (EarlyRobust Figures 2-5, RobusT Figures 1-5; docs/experiments.md): each
// as series (CSV) and as SVG, one per data set, from finished cells only.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Pipeline;
using RobustTickets.Reports;
using RobustTickets.Reports.Figures;
using RobustTickets.Runs;

namespace RobustTickets.Experiments;

/// <summary>Draws the figures of an experiment.</summary>
public static class ExperimentFigures
{
    // EarlyRobust 3.3.2; used to mark distances of a search that ends at a fixed step.
    private const double PaperGamma = 0.1;

    private static readonly ReportColumn[] Columns =
    [
        new("series", "Series", "Name of the line", Numeric: false),
        new("x", "x", "Place on the x axis", Numeric: true),
        new("y", "y", "Value", Numeric: true),
    ];

    /// <summary>
    /// The existing figures that the experiment defines: an earlier version may have drawn others.
    /// </summary>
    internal static IReadOnlyList<string> Drawn(ExperimentFolder folder) =>
        Directory.Exists(folder.FiguresFolder)
            ?
            [
                .. Directory
                    .GetFiles(folder.FiguresFolder, "*.svg")
                    .Where(file =>
                        folder.Plan.Experiment.Figures?.Any(f =>
                            Path.GetFileName(file).StartsWith(f.Name + ".", StringComparison.Ordinal)
                        ) == true
                    )
                    .Order(StringComparer.Ordinal),
            ]
            : [];

    /// <summary>Writes the figures that have finished cells.</summary>
    public static void Write(ExperimentFolder folder) => Write(folder, CellRecord.Finished(folder));

    internal static void Write(ExperimentFolder folder, IReadOnlyList<CellRecord> finished)
    {
        var plan = folder.Plan;
        if (plan.Experiment.Figures is not { Count: > 0 } figures)
            return;
        foreach (var figure in figures)
        {
            foreach (var data in plan.Experiment.Data)
            {
                var cells = finished
                    .Where(c => c.Cell.Data == data && (figure.Rows?.Contains(c.Cell.Row.Name) ?? true))
                    .ToArray();
                if (cells.Length == 0)
                    continue;
                WholeFile.CreateFolder(folder.FiguresFolder);
                var name = Path.Combine(folder.FiguresFolder, $"{figure.Name}.{data.Name}");
                if (figure.Kind == FigureKind.Distances)
                    Distances(figure, name, cells);
                else if (figure.Kind == FigureKind.Sweep)
                    SweepFigure.Write(figure, name, data.Name, plan.Experiment.Rows, cells);
                else if (figure.Kind == FigureKind.Pattern)
                    Pattern(figure, name, data.Name, cells);
                else
                    Lines(figure, name, data.Name, cells);
            }
        }
    }

    private static void Lines(ExperimentFigure figure, string name, string data, CellRecord[] cells)
    {
        var (x, y, series) = figure.Kind switch
        {
            FigureKind.Epochs => (
                "epoch",
                "accuracy %",
                [
                    .. PerRow(cells, c => Final<EvaluationEntry>(c).Select(e => (e.Epoch, 100 * e.Accuracy))),
                    .. PerRow(
                        cells,
                        c => Final<EpochAttackEntry>(c).Select(e => (e.Epoch, 100 * e.Aua)),
                        " under attack"
                    ),
                ]
            ),
            FigureKind.Layers => (
                "layer",
                "kept %",
                (IReadOnlyList<PlotSeries>)
                    [
                        .. PerRow(cells, c => Kept(c, heads: true), " heads"),
                        .. PerRow(cells, c => Kept(c, heads: false), " neurons"),
                    ]
            ),
            FigureKind.Masks => (
                "epoch",
                "share",
                [.. First(cells, g => g.Penalty, " R"), .. First(cells, g => g.Binary, " settled")]
            ),
            _ => throw new NotSupportedException($"no lines for {figure.Kind}"),
        };
        series = [.. series.Where(s => s.Points.Count > 0)];
        if (series.Count == 0)
            return;
        WriteCsv(name, series);
        AtomicFile.WriteAllText(name + ".svg", new SvgPlot($"{figure.Title} ({data})", x, y, series).Render() + "\n");
    }

    /// <summary>Writes the points of a figure.</summary>
    internal static void WriteCsv(string name, IEnumerable<PlotSeries> series) =>
        AtomicFile.WriteAllText(
            name + ".csv",
            new ReportTable(
                Columns,
                [
                    .. series.SelectMany(s =>
                        s.Points.Select(p =>
                            (ReportCell[])[new(s.Name), ReportCell.Of(p.X, "R"), ReportCell.Of(p.Y, "R")]
                        )
                    ),
                ]
            ).ToCsv()
        );

    /// <summary>One line per row: the mean over seeds at every x.</summary>
    private static IReadOnlyList<PlotSeries> PerRow(
        CellRecord[] cells,
        Func<CellRecord, IEnumerable<(double X, double Y)>> points,
        string suffix = ""
    ) =>
        [
            .. cells
                .GroupBy(c => c.Cell.Row.Name)
                .Select(row => new PlotSeries(
                    row.Key + suffix,
                    [
                        .. row.SelectMany(points)
                            .GroupBy(p => Math.Round(p.X, 6))
                            .OrderBy(g => g.Key)
                            .Select(g => (g.Key, g.Average(p => p.Y))),
                    ],
                    Markers: true
                )),
        ];

    /// <summary>Events of the training of a cell's model.</summary>
    private static IEnumerable<T> Final<T>(CellRecord cell)
        where T : LogEntry =>
        cell
            .Run.Events.OfType<T>()
            .Where(e => e.Stage == (cell.Cell.IsControl ? StageName.Control : StageName.Retrain));

    // First seed only, as for distances: snapshots of different runs do not correspond.
    private static IEnumerable<PlotSeries> First(CellRecord[] cells, Func<GateEntry, double> value, string suffix) =>
        cells
            .GroupBy(c => c.Cell.Row.Name)
            .Select(row => new PlotSeries(
                row.Key + suffix,
                [.. row.First().Run.Events.OfType<GateEntry>().Select(g => (g.Epoch, value(g)))]
            ));

    private static IEnumerable<(double X, double Y)> Kept(CellRecord cell, bool heads)
    {
        if (cell.Cell.IsControl || cell.Run.Result.Ticket is not { } ticket)
            return [];
        var (kept, total) = heads
            ? (ticket.HeadsPerLayer, cell.Run.Result.Model.Heads)
            : (ticket.NeuronsPerLayer, cell.Run.Result.Model.Intermediate);
        return kept.Select((n, layer) => ((double)layer, 100.0 * n / total));
    }

    private static void Pattern(ExperimentFigure figure, string name, string data, CellRecord[] cells)
    {
        foreach (var row in cells.Where(c => !c.Cell.IsControl).GroupBy(c => c.Cell.Row.Name))
        {
            var grids = row.Select(c => TicketGrid.Of(c.Run)).OfType<TicketGrid>().ToArray();
            if (grids.Length == 0)
                continue;
            var grid = TicketGrid.Mean(grids);
            var lines = grid.Kept.Select(
                (shares, l) =>
                    $"{l},{string.Join(',', shares.Select(s => s.ToString("R", CultureInfo.InvariantCulture)))}\n"
            );
            AtomicFile.WriteAllText(
                $"{name}.{row.Key}.csv",
                string.Concat(lines.Prepend($"layer,{string.Join(',', grid.Columns)}\n"))
            );
            AtomicFile.WriteAllText(
                $"{name}.{row.Key}.svg",
                new SvgTicketGrid($"{figure.Title} ({data}, {row.Key})", grid).Render() + "\n"
            );
        }
    }

    private static string? Exact(double? value) => value?.ToString("R", CultureInfo.InvariantCulture);

    private static void Distances(ExperimentFigure figure, string name, CellRecord[] cells)
    {
        foreach (
            var row in cells
                .Where(c => !c.Cell.IsControl && c.Run.Distances is { Steps.Count: > 0 })
                .GroupBy(c => c.Cell.Row.Name)
        )
        {
            var (run, distances) = (row.First().Run, row.First().Run.Distances!);
            string[] steps = [.. distances.Steps.Select(s => s.ToString(CultureInfo.InvariantCulture))];
            var maps = DistanceMaps.Of(run, PaperGamma);
            foreach (
                var (kind, values, map) in new[]
                {
                    ("heads", distances.Heads, maps?.Heads),
                    ("neurons", distances.Neurons, maps?.Neurons),
                }
            )
            {
                var place = $"{name}.{row.Key}.{kind}";
                AtomicFile.WriteAllText(
                    place + ".csv",
                    string.Concat(
                        values
                            .Select((line, i) => $"{steps[i]},{string.Join(',', line.Select(Exact))}\n")
                            .Prepend($"step,{string.Join(',', steps)}\n")
                    )
                );
                if (map is not null)
                    AtomicFile.WriteAllText(
                        place + ".svg",
                        (map with { Title = $"{figure.Title}: {kind}, {row.Key}" }).Render() + "\n"
                    );
            }
        }
    }
}
