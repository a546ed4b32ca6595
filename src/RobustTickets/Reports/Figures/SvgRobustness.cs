// The main figure: accuracy before and under attack. One row per run and attack, with a dot for the
// accuracy before the attack and a dot with its 95 % interval for the accuracy under attack.
using System.Globalization;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Reports.Figures;

/// <summary>One row of the figure; fractions in [0, 1].</summary>
/// <param name="Label">The run (and attack).</param>
/// <param name="Clean">Accuracy of the attacked examples before the attack.</param>
/// <param name="Aua">Accuracy under attack.</param>
/// <param name="Interval">95 % interval of the accuracy under attack.</param>
internal sealed record RobustnessRow(string Label, double Clean, double Aua, WilsonInterval Interval);

/// <summary>Draws accuracy before and under attack.</summary>
/// <param name="Title">Title; also the figure's accessible name.</param>
/// <param name="Rows">Its rows.</param>
internal sealed record SvgRobustness(string Title, IReadOnlyList<RobustnessRow> Rows)
{
    /// <summary>Renders the figure as one SVG element, with labels next to the rows.</summary>
    public string Render() =>
        Render(
            760,
            row: 46,
            top: 34,
            left: 24 + Math.Clamp(Rows.Select(r => r.Label.Length).DefaultIfEmpty(0).Max() * 7.2, 90, 260),
            labelsAbove: false
        );

    /// <summary>Renders the figure for narrow screens, with labels above the rows.</summary>
    public string RenderNarrow() => Render(340, row: 72, top: 50, left: 14, labelsAbove: true);

    private string Render(double width, double row, double top, double left, bool labelsAbove)
    {
        const double Right = 24;
        var bottom = top + (Rows.Count * row);
        var description = string.Join(
            " ",
            Rows.Select(r =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{r.Label}: {100 * r.Clean:0.0} % before, {100 * r.Aua:0.0} % under attack, 95 % interval "
                        + $"{r.Interval.Percent} %."
                )
            )
        );
        var svg = new Svg(width, bottom + 42, Title, description);
        double X(double share) => left + (share * (width - left - Right));

        for (var percent = 0; percent <= 100; percent += 20)
        {
            svg.Line(X(percent / 100.0), top - 6, X(percent / 100.0), bottom, Svg.Grid);
            svg.Text(X(percent / 100.0), bottom + 17, percent.ToString(CultureInfo.InvariantCulture), "middle");
        }
        svg.Text(X(0.5), bottom + 36, "accuracy, %", "middle");
        svg.Empty("circle", ("cx", Svg.Number(left + 6)), ("cy", "12"), ("r", "5"), ("style", $"fill:{Svg.Series(0)}"));
        svg.Text(left + 17, 16, "under attack, with its 95 % interval", colour: Svg.Ink, size: 12.5);
        Before(svg, left + (labelsAbove ? 6 : 256), labelsAbove ? 30 : 12);
        svg.Text(
            left + (labelsAbove ? 17 : 267),
            labelsAbove ? 34 : 16,
            "before the attack",
            colour: Svg.Ink,
            size: 12.5
        );

        for (var i = 0; i < Rows.Count; i++)
        {
            var shown = Rows[i];
            var y = top + ((i + (labelsAbove ? 0.68 : 0.5)) * row);
            if (labelsAbove)
                svg.Text(left, y - 31, shown.Label, "start", Svg.Ink, 13, ";font-weight:600");
            else
                svg.Text(left - 14, y + 4, shown.Label, "end", Svg.Ink, 13, ";font-weight:600");
            svg.Line(X(shown.Aua), y, X(shown.Clean) - 6, y, Svg.Grid, 3);
            Before(svg, X(shown.Clean), y);
            svg.Text(X(shown.Clean), y - 11, Percent(shown.Clean), "middle", Svg.Muted);
            svg.Line(X(shown.Interval.Low), y, X(shown.Interval.High), y, Svg.Series(0), 2);
            svg.Line(X(shown.Interval.Low), y - 5, X(shown.Interval.Low), y + 5, Svg.Series(0), 2);
            svg.Line(X(shown.Interval.High), y - 5, X(shown.Interval.High), y + 5, Svg.Series(0), 2);
            svg.Empty(
                "circle",
                ("cx", Svg.Number(X(shown.Aua))),
                ("cy", Svg.Number(y)),
                ("r", "6.5"),
                ("style", $"fill:{Svg.Series(0)}")
            );
            // If both dots are close, their numbers would overlap.
            if (X(shown.Clean) - X(shown.Aua) > 34)
                svg.Text(X(shown.Aua), y - 12, Percent(shown.Aua), "middle", Svg.Ink, 13, ";font-weight:600");
            else
                svg.Text(X(shown.Aua), y + 21, Percent(shown.Aua), "middle", Svg.Ink, 13, ";font-weight:600");
        }
        return svg.Finish();
    }

    // A hollow dot: the accuracy before the attack.
    private static void Before(Svg svg, double x, double y) =>
        svg.Empty(
            "circle",
            ("cx", Svg.Number(x)),
            ("cy", Svg.Number(y)),
            ("r", "5"),
            ("style", $"fill:none;stroke:{Svg.Muted};stroke-width:2")
        );

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);
}
