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
        Largest = 9;

    /// <summary>The development rows of a result as one SVG element.</summary>
    public static string Render(HardenResult result)
    {
        var rows = result.Development;
        var whole = (double)(rows.Max(r => r.Parameters) ?? 1);
        var (xs, ys) = (Range(rows.Select(r => r.Clean)), Range(rows.Select(r => r.Score)));
        double X(double share) => Left + (share - xs.Low) / (xs.High - xs.Low) * (Width - Left - Right);
        double Y(double share) => Height - Bottom - (share - ys.Low) / (ys.High - ys.Low) * (Height - Top - Bottom);
        var svg = new Svg(
            Width,
            Height,
            "Accuracy under attack against clean accuracy",
            string.Join(
                " ",
                rows.Select(r => Text($"{r.Name}: {100 * r.Clean:0.0} % clean, {100 * r.Score:0.0} % under attack."))
            )
        );
        for (var i = 0; i <= 4; i++)
        {
            var (x, y) = (xs.Low + (xs.High - xs.Low) * i / 4, ys.Low + (ys.High - ys.Low) * i / 4);
            svg.Line(Left, Y(y), Width - Right, Y(y), Svg.Grid);
            svg.Text(Left - 8, Y(y) + 4, Text($"{100 * y:0.#}"), "end");
            svg.Text(X(x), Height - Bottom + 18, Text($"{100 * x:0.#}"), "middle");
        }
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
        foreach (var row in rows.OrderByDescending(r => r.Score))
        {
            var colour = Svg.Series(
                row.Name == result.Recommended ? 2
                : row.Name == result.Baseline ? 1
                : 5
            );
            var interval = WilsonInterval.Of(
                (long)Math.Round(row.Score * result.DevelopmentExamples),
                result.DevelopmentExamples
            );
            svg.Line(
                X(row.Clean),
                Y(Math.Clamp(interval.Low, ys.Low, ys.High)),
                X(row.Clean),
                Y(Math.Clamp(interval.High, ys.Low, ys.High)),
                colour
            );
            svg.Empty(
                "circle",
                ("cx", Svg.Number(X(row.Clean))),
                ("cy", Svg.Number(Y(row.Score))),
                ("r", Svg.Number(Largest * Math.Sqrt((row.Parameters ?? whole) / whole))),
                ("style", $"fill:{colour};fill-opacity:.85")
            );
            // Labels are next to their circles, stacked where circles are close.
            var at = Y(row.Score) + 4;
            while (labels.Exists(other => Math.Abs(other - at) < 13))
                at += 13;
            labels.Add(at);
            svg.Text(X(row.Clean) + 14, at, row.Name, colour: Svg.Ink, size: 11.5);
        }
        return svg.Finish();
    }

    // The range of the values plus a margin, in [0, 1].
    private static (double Low, double High) Range(IEnumerable<double> shares)
    {
        var all = shares.ToArray();
        var margin = Math.Max(0.02, 0.15 * (all.Max() - all.Min()));
        return (Math.Max(0, all.Min() - margin), Math.Min(1, all.Max() + margin));
    }
}
