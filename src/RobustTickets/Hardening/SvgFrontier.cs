// Plot of robust against clean accuracy: a circle per model, its area proportional to the encoder's
// size, with the 95 % interval of its accuracy under attack.
using RobustTickets.Attacks.Metrics;
using RobustTickets.Reports;
using RobustTickets.Reports.Figures;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Hardening;

/// <summary>Draws the plot of a comparison.</summary>
internal static class SvgFrontier
{
    private const double Width = 640,
        Height = 400,
        Left = 60,
        Right = 130,
        Top = 18,
        Bottom = 46,
        Largest = 9,
        Air = 0.01;

    private const int Ticks = 6;

    /// <summary>The development rows of a result as one SVG element.</summary>
    public static string Render(HardenResult result)
    {
        var rows = result.Development;
        var whole = (double)(rows.Max(r => r.Parameters) ?? 1);
        WilsonInterval[] intervals =
        [
            .. rows.Select(r => (long)Math.Round(r.Score * result.DevelopmentExamples))
                .Select(n => WilsonInterval.Of(n, result.DevelopmentExamples)),
        ];
        var xs = Axis(rows.SelectMany(r => new[] { r.Clean - Air, r.Clean + Air }));
        var ys = Axis(intervals.SelectMany(i => new[] { i.Low, i.High }));
        double X(double percent) => Left + (xs.At(percent) * (Width - Left - Right));
        double Y(double percent) => Height - Bottom - (ys.At(percent) * (Height - Top - Bottom));
        var svg = new Svg(
            Width,
            Height,
            "Accuracy under attack against clean accuracy",
            string.Join(
                " ",
                rows.Select(r => Text($"{r.Name}: {100 * r.Clean:0.0} % clean, {100 * r.Score:0.0} % under attack."))
            )
        );
        foreach (var (y, name) in ys.Ticks(Ticks))
        {
            svg.Line(Left, Y(y), Width - Right, Y(y), Svg.Grid);
            svg.Text(Left - 8, Y(y) + 4, name, "end");
        }
        foreach (var (x, name) in xs.Ticks(Ticks))
            svg.Text(X(x), Height - Bottom + 18, name, "middle");
        svg.Line(Left, Height - Bottom, Width - Right, Height - Bottom, Svg.Muted);
        svg.Text((Left + Width - Right) / 2, Height - 8, "clean accuracy, %", "middle");
        svg.Text(
            0,
            0,
            "accuracy under attack, %",
            "middle",
            transform: $"translate(14 {Svg.Number((Top + Height - Bottom) / 2)}) rotate(-90)"
        );
        var labels = new List<double>();
        foreach (var (row, interval) in rows.Zip(intervals).OrderByDescending(r => r.First.Score))
        {
            var (x, y) = (X(100 * row.Clean), Y(100 * row.Score));
            var colour = Svg.Series(
                row.Name == result.Recommended ? 2
                : row.Name == result.Baseline ? 1
                : 5
            );
            svg.Line(x, Y(100 * interval.Low), x, Y(100 * interval.High), colour);
            svg.Empty(
                "circle",
                ("cx", Svg.Number(x)),
                ("cy", Svg.Number(y)),
                ("r", Svg.Number(Largest * Math.Sqrt((row.Parameters ?? whole) / whole))),
                ("style", $"fill:{colour};fill-opacity:.85")
            );
            // Labels are next to their circles, stacked where circles are close.
            var at = y + 4;
            while (labels.Exists(other => Math.Abs(other - at) < 13))
                at += 13;
            labels.Add(at);
            svg.Text(x + 14, at, row.Name, colour: Svg.Ink, size: 11.5);
        }
        return svg.Finish();
    }

    // Axis of fractions, in percent.
    private static PlotAxis Axis(IEnumerable<double> shares) =>
        PlotAxis.Around(shares.Select(s => 100 * Math.Clamp(s, 0, 1)), log: false, min: null, max: null);
}
