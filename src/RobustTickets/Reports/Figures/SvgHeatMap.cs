// Heat maps as SVG: a square matrix over snapshots. One colour of increasing opacity over the
// page's background, so that it reads the same ("stronger = farther apart") in the light and in the
// dark scheme.
using System.Globalization;

namespace RobustTickets.Reports.Figures;

/// <summary>A heat map of a matrix.</summary>
/// <param name="Title">Title; also the figure's accessible name.</param>
/// <param name="Names">Names of rows and columns.</param>
/// <param name="Values">The matrix, one row per name; null for missing values.</param>
internal sealed record SvgHeatMap(
    string Title,
    IReadOnlyList<string> Names,
    IReadOnlyList<IReadOnlyList<double?>> Values
)
{
    /// <summary>Value shown at full opacity, or null for the largest.</summary>
    public double? Max { get; init; }

    /// <summary>Name of both axes.</summary>
    public string AxisLabel { get; init; } = "";

    /// <summary>Name of the values, below the scale.</summary>
    public string ValueLabel { get; init; } = "";

    /// <summary>
    /// Index of the row and column to outline (the snapshot the ticket was drawn from), or null.
    /// </summary>
    public int? Outlined { get; init; }

    /// <summary>Cells below this threshold get a dot. Null for no dots.</summary>
    public double? Threshold { get; init; }

    /// <summary>Text alternative of the figure.</summary>
    public string Description { get; init; } = "";

    /// <summary>Renders the figure as one SVG element.</summary>
    public string Render()
    {
        const double Size = 300,
            Left = 52,
            Top = 10;
        var n = Names.Count;
        var cell = n == 0 ? Size : Size / n;
        var svg = new Svg(Left + Size + 16, Top + Size + 92, Title, Description);
        var max =
            Max
            ?? Values
                .SelectMany(row => row)
                .Where(v => v is { } x && double.IsFinite(x))
                .Select(v => v!.Value)
                .DefaultIfEmpty(1)
                .Max();
        if (max <= 0)
            max = 1;
        var every = Math.Max(1, (int)Math.Ceiling(n / 8.0));
        for (var r = 0; r < n; r++)
        {
            for (var c = 0; c < n; c++)
            {
                if (Values[r][c] is not { } value || !double.IsFinite(value))
                    continue;
                var x = Left + (c * cell);
                var y = Top + (r * cell);
                svg.Rect(
                    x + 0.5,
                    y + 0.5,
                    cell - 1,
                    cell - 1,
                    Svg.Series(0),
                    0.04 + (0.96 * Math.Clamp(value / max, 0, 1)),
                    $"{Names[r]} and {Names[c]}: {value.ToString("0.000", CultureInfo.InvariantCulture)}",
                    1
                );
                if (Threshold is { } t && value < t && r != c && cell >= 9)
                {
                    svg.Empty(
                        "circle",
                        ("cx", Svg.Number(x + (cell / 2))),
                        ("cy", Svg.Number(y + (cell / 2))),
                        ("r", "1.6"),
                        ("style", $"fill:{Svg.Muted}")
                    );
                }
            }
            if (r % every == 0)
            {
                svg.Text(Left - 6, Top + ((r + 0.5) * cell) + 4, Names[r], "end", size: 11);
                svg.Text(Left + ((r + 0.5) * cell), Top + Size + 15, Names[r], "middle", size: 11);
            }
        }
        if (Outlined is { } mark && mark >= 0 && mark < n)
        {
            svg.Rect(Left + (mark * cell), Top, cell, Size, "none", 1, stroke: Svg.Accent);
            svg.Rect(Left, Top + (mark * cell), Size, cell, "none", 1, stroke: Svg.Accent);
        }
        svg.Text(Left + (Size / 2), Top + Size + 33, AxisLabel, "middle");
        Scale(svg, Left, Top + Size + 48, Size, max);
        return svg.Finish();
    }

    private void Scale(Svg svg, double left, double top, double width, double max)
    {
        const int Parts = 40;
        for (var i = 0; i < Parts; i++)
        {
            svg.Rect(
                left + (i * width / Parts),
                top,
                width / Parts,
                9,
                Svg.Series(0),
                0.04 + (0.96 * (i + 0.5) / Parts),
                crisp: true
            );
        }
        if (Threshold is { } t && t > 0 && t < max)
            svg.Line(left + (t / max * width), top - 3, left + (t / max * width), top + 12, Svg.Accent, 1.5);
        svg.Text(left, top + 24, "0", size: 11);
        svg.Text(left + width, top + 24, PlotAxis.Name(Math.Round(max, 3)), "end", size: 11);
        svg.Text(left + (width / 2), top + 24, ValueLabel, "middle", size: 11);
    }
}
