// The headline figure: what an attack takes away. A row per run and attack, a dot at the accuracy
// before the attack, a dot with its 95 % interval at the accuracy under it.
using System.Globalization;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Reports;

/// <summary>One row of the headline figure; shares in [0, 1].</summary>
/// <param name="Label">The run (and attack).</param>
/// <param name="Clean">Accuracy of the attacked examples before the attack.</param>
/// <param name="Aua">Accuracy under attack.</param>
/// <param name="Interval">Its 95 % interval.</param>
internal sealed record RobustnessRow(string Label, double Clean, double Aua, WilsonInterval Interval);

/// <summary>Draws the headline figure.</summary>
/// <param name="Title">What is shown; becomes the figure's accessible name.</param>
/// <param name="Rows">Its rows.</param>
internal sealed record SvgRobustness(string Title, IReadOnlyList<RobustnessRow> Rows)
{
    /// <summary>The figure as one SVG element.</summary>
    public string Render()
    {
        const double Width = 760,
            Row = 46,
            Top = 34,
            Right = 24;
        var left = 24 + Math.Clamp(Rows.Select(r => r.Label.Length).DefaultIfEmpty(0).Max() * 7.2, 90, 260);
        var bottom = Top + (Rows.Count * Row);
        var description = string.Join(
            " ",
            Rows.Select(r =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{r.Label}: {100 * r.Clean:0.0} % before, {100 * r.Aua:0.0} % under attack, 95 % interval "
                        + $"{100 * r.Interval.Low:0.0} to {100 * r.Interval.High:0.0} %."
                )
            )
        );
        var svg = new Svg(Width, bottom + 42, Title, description);
        double X(double share) => left + (share * (Width - left - Right));

        for (var percent = 0; percent <= 100; percent += 20)
        {
            svg.Line(X(percent / 100.0), Top - 6, X(percent / 100.0), bottom, Svg.Grid);
            svg.Text(X(percent / 100.0), bottom + 17, percent.ToString(CultureInfo.InvariantCulture), "middle");
        }
        svg.Text(X(0.5), bottom + 36, "accuracy, %", "middle");
        svg.Empty("circle", ("cx", Svg.Number(left + 6)), ("cy", "12"), ("r", "5"), ("style", $"fill:{Svg.Series(0)}"));
        svg.Text(left + 17, 16, "under attack, with its 95 % interval", colour: Svg.Ink, size: 12.5);
        svg.Empty(
            "circle",
            ("cx", Svg.Number(left + 256)),
            ("cy", "12"),
            ("r", "5"),
            ("style", $"fill:none;stroke:{Svg.Muted};stroke-width:2")
        );
        svg.Text(left + 267, 16, "before the attack", colour: Svg.Ink, size: 12.5);

        for (var i = 0; i < Rows.Count; i++)
        {
            var row = Rows[i];
            var y = Top + ((i + 0.5) * Row);
            svg.Text(left - 14, y + 4, row.Label, "end", Svg.Ink, 13, ";font-weight:600");
            svg.Line(X(row.Aua), y, X(row.Clean) - 6, y, Svg.Grid, 3);
            svg.Empty(
                "circle",
                ("cx", Svg.Number(X(row.Clean))),
                ("cy", Svg.Number(y)),
                ("r", "5"),
                ("style", $"fill:none;stroke:{Svg.Muted};stroke-width:2")
            );
            svg.Text(X(row.Clean), y - 11, Percent(row.Clean), "middle", Svg.Muted);
            svg.Line(X(row.Interval.Low), y, X(row.Interval.High), y, Svg.Series(0), 2);
            svg.Line(X(row.Interval.Low), y - 5, X(row.Interval.Low), y + 5, Svg.Series(0), 2);
            svg.Line(X(row.Interval.High), y - 5, X(row.Interval.High), y + 5, Svg.Series(0), 2);
            svg.Empty(
                "circle",
                ("cx", Svg.Number(X(row.Aua))),
                ("cy", Svg.Number(y)),
                ("r", "6.5"),
                ("style", $"fill:{Svg.Series(0)}")
            );
            // Where both dots are close their figures would lie over each other.
            if (row.Clean - row.Aua > 0.06 || row.Clean <= row.Aua)
                svg.Text(X(row.Aua), y - 12, Percent(row.Aua), "middle", Svg.Ink, 13, ";font-weight:600");
            else
                svg.Text(X(row.Aua), y + 21, Percent(row.Aua), "middle", Svg.Ink, 13, ";font-weight:600");
        }
        return svg.Finish();
    }

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);
}
