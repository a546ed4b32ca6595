// Line plots as SVG: axes with round ticks, a light grid, a legend above, thresholds and stop
// decisions as labelled lines. Series differ by colour and by dash pattern, so that they are
// distinguishable without colours.
namespace RobustTickets.Reports.Figures;

/// <summary>One line of a plot.</summary>
/// <param name="Name">Name in the legend.</param>
/// <param name="Points">Points; a value that is not finite interrupts the line.</param>
/// <param name="Markers">Whether each point has a dot (for few points).</param>
/// <param name="Colour">Index of its colour; null uses its position in the plot.</param>
/// <param name="Faint">Whether it is a background line (raw values behind their moving mean), not
/// in the legend.</param>
internal sealed record PlotSeries(
    string Name,
    IReadOnlyList<(double X, double Y)> Points,
    bool Markers = false,
    int? Colour = null,
    bool Faint = false
);

/// <summary>A labelled line across a plot.</summary>
/// <param name="Value">Position.</param>
/// <param name="Label">Label.</param>
/// <param name="Vertical">Vertical at an x (a stop decision), or horizontal at a y (a
/// threshold).</param>
internal sealed record PlotMark(double Value, string Label, bool Vertical);

/// <summary>A line plot.</summary>
/// <param name="Title">Title; also the figure's accessible name.</param>
/// <param name="XLabel">Name of the x axis.</param>
/// <param name="YLabel">Name of the y axis.</param>
/// <param name="Series">The lines.</param>
internal sealed record SvgPlot(string Title, string XLabel, string YLabel, IReadOnlyList<PlotSeries> Series)
{
    private static readonly string?[] Dashes = [null, "7 3", "2 3", "9 3 2 3"];

    /// <summary>Lines across the plot.</summary>
    public IReadOnlyList<PlotMark> Marks { get; init; } = [];

    /// <summary>Whether the y axis is logarithmic.</summary>
    public bool LogY { get; init; }

    /// <summary>Smallest y shown, or null to fit.</summary>
    public double? YMin { get; init; }

    /// <summary>Largest y shown, or null to fit.</summary>
    public double? YMax { get; init; }

    /// <summary>Smallest x shown, or null for the smallest of the points.</summary>
    public double? XMin { get; init; }

    /// <summary>Width in user units.</summary>
    public double Width { get; init; } = 640;

    /// <summary>Height in user units.</summary>
    public double Height { get; init; } = 320;

    /// <summary>Text alternative of the figure.</summary>
    public string Description { get; init; } = "";

    /// <summary>Renders the figure as one SVG element.</summary>
    public string Render()
    {
        const double Left = 66,
            Right = 18,
            Bottom = 44;
        var top = Series.Any(s => !s.Faint) ? 34.0 : 14.0;
        if (Marks.Any(m => m.Vertical))
            top += 16;
        var svg = new Svg(Width, Height, Title, Description);
        var xs = PlotAxis.Around(
            Series.SelectMany(s => s.Points).Select(p => p.X),
            log: false,
            XMin ?? Series.SelectMany(s => s.Points).Select(p => p.X).DefaultIfEmpty(0).Min(),
            null
        );
        var ys = PlotAxis.Around(
            Series
                .SelectMany(s => s.Points)
                .Select(p => p.Y)
                .Concat(Marks.Where(m => !m.Vertical).Select(m => m.Value)),
            LogY,
            YMin,
            YMax
        );
        double X(double v) => Left + (xs.At(v) * (Width - Left - Right));
        double Y(double v) =>
            !double.IsFinite(v)
                ? double.NaN
                : Height - Bottom - (Math.Clamp(ys.At(v), -0.02, 1.02) * (Height - Bottom - top));

        foreach (var (value, name) in ys.Ticks(5))
        {
            svg.Line(Left, Y(value), Width - Right, Y(value), Svg.Grid);
            svg.Text(Left - 8, Y(value) + 4, name, "end");
        }
        foreach (var (value, name) in xs.Ticks(7))
        {
            svg.Line(X(value), Height - Bottom, X(value), Height - Bottom + 4, Svg.Muted);
            svg.Text(X(value), Height - Bottom + 18, name, "middle");
        }
        svg.Line(Left, Height - Bottom, Width - Right, Height - Bottom, Svg.Muted);
        svg.Text(Left + ((Width - Left - Right) / 2), Height - 6, XLabel, "middle");
        svg.Text(
            0,
            0,
            YLabel,
            "middle",
            transform: $"translate(14 {Svg.Number(top + ((Height - Bottom - top) / 2))}) rotate(-90)"
        );

        for (var i = 0; i < Series.Count; i++)
            Draw(svg, Series[i], i, X, Y);
        DrawMarks(svg, X, Y, Left, Width - Right, top, Height - Bottom);
        Legend(svg, Left);
        return svg.Finish();
    }

    private static void Draw(Svg svg, PlotSeries series, int index, Func<double, double> x, Func<double, double> y)
    {
        var colour = Svg.Series(series.Colour ?? index);
        var path = new System.Text.StringBuilder();
        var pen = false;
        foreach (var point in series.Points)
        {
            var (px, py) = (x(point.X), y(point.Y));
            if (!double.IsFinite(px) || !double.IsFinite(py))
            {
                pen = false;
                continue;
            }
            path.Append(pen ? 'L' : 'M').Append(Svg.Number(px)).Append(' ').Append(Svg.Number(py));
            pen = true;
        }
        var dash = series.Faint ? null : Dashes[(series.Colour ?? index) % Dashes.Length];
        var look = series.Faint ? "stroke-width:1;stroke-opacity:.28" : "stroke-width:2";
        svg.Empty(
            "path",
            ("d", path.ToString()),
            (
                "style",
                $"fill:none;stroke:{colour};{look};stroke-linejoin:round"
                    + (dash is null ? "" : ";stroke-dasharray:" + dash)
            )
        );
        if (!series.Markers)
            return;
        foreach (var point in series.Points.Where(p => double.IsFinite(p.Y)))
        {
            svg.Open(
                "circle",
                ("cx", Svg.Number(x(point.X))),
                ("cy", Svg.Number(y(point.Y))),
                ("r", "3.2"),
                ("style", $"fill:{colour}")
            );
            svg.Element("title", $"{series.Name}: {PlotAxis.Name(point.Y)} at {PlotAxis.Name(point.X)}");
            svg.Close();
        }
    }

    // Labels of vertical lines are above the plot, on the side with more space; those of horizontal
    // lines at their right end, not overlapping vertical lines.
    private void DrawMarks(
        Svg svg,
        Func<double, double> x,
        Func<double, double> y,
        double left,
        double right,
        double top,
        double bottom
    )
    {
        foreach (var group in Marks.Where(m => m.Vertical).GroupBy(m => Svg.Number(x(m.Value))))
        {
            var at = x(group.First().Value);
            svg.Line(at, top - 4, at, bottom, Svg.Accent, 1.5, "4 3");
            var end = at > left + ((right - left) * 0.7);
            svg.Text(
                end ? right : Math.Max(at, left),
                top - 9,
                string.Join(", ", group.Select(m => m.Label)),
                end ? "end"
                    : at < left + 60 ? "start"
                    : "middle",
                Svg.Accent,
                11.5
            );
        }
        var free = Marks
            .Where(m => m.Vertical)
            .Select(m => x(m.Value) - 8)
            .Where(at => at > right - 120)
            .DefaultIfEmpty(right)
            .Min();
        foreach (var mark in Marks.Where(m => !m.Vertical))
        {
            svg.Line(left, y(mark.Value), right, y(mark.Value), Svg.Accent, 1.5, "4 3");
            svg.Text(free, y(mark.Value) - 6, mark.Label, "end", Svg.Accent, 11.5);
        }
    }

    private void Legend(Svg svg, double left)
    {
        var at = left;
        for (var i = 0; i < Series.Count; i++)
        {
            var series = Series[i];
            if (series.Faint)
                continue;
            var index = series.Colour ?? i;
            svg.Line(at, 13, at + 22, 13, Svg.Series(index), 2.5, Dashes[index % Dashes.Length]);
            svg.Text(at + 28, 17, series.Name, colour: Svg.Ink, size: 12.5);
            at += 28 + (series.Name.Length * 7.0) + 22;
        }
    }
}
