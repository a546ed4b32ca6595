// A sweep (EarlyRobust Figs. 3 and 4, RobusT Fig. 2): Clean and Aua over a field of the recipe.
// Rows of one recipe form a curve, rows without the field a horizontal line; with several recipes,
// each quantity has its own plot.
using System.Globalization;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Experiments;

/// <summary>Draws a sweep from finished cells, with means over seeds.</summary>
internal static class SweepFigure
{
    private const string Clean = "clean";

    /// <summary>Writes the points and the plots.</summary>
    /// <param name="figure">The figure.</param>
    /// <param name="name">Name of its files, without extension.</param>
    /// <param name="data">The data set.</param>
    /// <param name="rows">The rows of the experiment.</param>
    /// <param name="cells">The finished cells in it.</param>
    public static void Write(
        ExperimentFigure figure,
        string name,
        string data,
        IReadOnlyList<ExperimentRow> rows,
        IReadOnlyList<CellRecord> cells
    )
    {
        var points = cells.Select(c => (X: Place(c, figure.Field!), Cell: c)).ToArray();
        var axis = points.Where(p => p.X is not null).Select(p => p.X!.Value).ToArray();
        if (axis.Length == 0)
            return;
        var (from, to) = (axis.Min(), axis.Max());
        // Rows with the same value of the field are merged into one point.
        var methods = points
            .GroupBy(p => p.X is null ? p.Cell.Cell.Row.Name : Method(p.Cell.Cell.Row))
            .Select(g =>
                (
                    Name: g.Key,
                    Places: g.GroupBy(p => p.X, p => p.Cell)
                        .OrderBy(p => p.Key)
                        .SelectMany(p =>
                            (p.Key is { } x ? [x] : (double[])[from, to])
                                .Distinct()
                                .Select(x => (X: x, Cells: p.ToArray()))
                        )
                        .ToArray()
                )
            )
            .ToArray();
        string[] quantities = [Clean, .. cells.SelectMany(c => c.Attacks.Select(a => a.Name)).Distinct()];
        var plots = quantities
            .Select(quantity =>
                (
                    quantity,
                    Lines: methods
                        .Select(m => new PlotSeries(
                            m.Name,
                            [.. m.Places.SelectMany(p => Point(p, quantity))],
                            Markers: true
                        ))
                        .Where(s => s.Points.Count > 0)
                        .ToArray()
                )
            )
            .ToArray();
        // Based on all rows, finished or not, so that file names do not change over time.
        if (rows.Where(r => figure.Rows?.Contains(r.Name) ?? true).Select(Method).Distinct().Count() == 1)
        {
            PlotSeries[] lines = [.. plots.SelectMany(p => p.Lines.Select(l => l with { Name = p.quantity }))];
            ExperimentFigures.WriteCsv(name, lines);
            Plot(name, $"{figure.Title} ({data})", figure.Field!, lines);
            return;
        }
        ExperimentFigures.WriteCsv(
            name,
            plots.SelectMany(p => p.Lines.Select(l => l with { Name = $"{l.Name} {p.quantity}" }))
        );
        foreach (var (quantity, lines) in plots)
            Plot(
                $"{name}.{quantity}",
                $"{figure.Title} ({data}, {(quantity == Clean ? quantity : $"under {quantity}")})",
                figure.Field!,
                lines
            );
    }

    private static string Method(ExperimentRow row) => Path.GetFileNameWithoutExtension(row.Recipe) ?? row.Name;

    // A control has the recipe of its ticket, but none of its search and draw fields.
    private static double? Place(CellRecord cell, string field) =>
        !cell.Cell.IsControl
        && double.TryParse(cell.Run.RecipeValue(field), CultureInfo.InvariantCulture, out var x)
        && double.IsFinite(x)
            ? x
            : null;

    private static IEnumerable<(double X, double Y)> Point((double X, CellRecord[] Cells) place, string quantity)
    {
        double[] values =
            quantity == Clean
                ? [.. place.Cells.Select(c => 100 * c.Clean)]
                : [.. place.Cells.SelectMany(c => c.Attacks.Where(a => a.Name == quantity)).Select(a => 100 * a.Aua)];
        return values.Length == 0 ? [] : [(place.X, values.Average())];
    }

    private static void Plot(string name, string title, string x, IReadOnlyList<PlotSeries> lines) =>
        AtomicFile.WriteAllText(name + ".svg", new SvgPlot(title, x, "%", lines).Render() + "\n");
}
