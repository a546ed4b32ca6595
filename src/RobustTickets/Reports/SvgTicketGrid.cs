// A ticket's kept fractions as a heat map with the percentage in every cell: first layer at the
// bottom, heads to the left, other parts to the right of a gap.
using System.Globalization;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Reports;

/// <summary>Draws a <see cref="TicketGrid"/>.</summary>
/// <param name="Title">Title; also the figure's accessible name.</param>
/// <param name="Grid">The kept fractions.</param>
internal sealed record SvgTicketGrid(string Title, TicketGrid Grid)
{
    /// <summary>Renders the figure as one SVG element.</summary>
    public string Render()
    {
        const double Row = 22,
            Left = 58,
            Cell = 30,
            Gap = 14,
            Top = 16,
            Names = 92;
        var (layers, columns) = (Grid.Kept.Count, Grid.Columns.Count);
        double X(int column) => Left + (column * Cell) + (Grid.Heads > 0 && column >= Grid.Heads ? Gap : 0);
        var description = string.Create(
            CultureInfo.InvariantCulture,
            $"{layers} layers, {columns} columns; between {100 * Grid.Kept.SelectMany(r => r).Min():0} "
                + $"and {100 * Grid.Kept.SelectMany(r => r).Max():0} % kept."
        );
        var svg = new Svg(X(columns) + 20, Top + (layers * Row) + Names, Title, description);
        for (var layer = 0; layer < layers; layer++)
        {
            var y = Top + ((layers - 1 - layer) * Row);
            svg.Text(Left - 10, y + 15, layer == layers - 1 && layers > 1 ? $"layer {layer}" : $"{layer}", "end");
            for (var c = 0; c < columns; c++)
            {
                var share = Grid.Kept[layer][c];
                var percent = (100 * share).ToString("0", CultureInfo.InvariantCulture);
                // The opacity is limited so that the number stays readable.
                svg.Rect(
                    X(c) + 1,
                    y + 1,
                    Cell - 2,
                    Row - 2,
                    Svg.Series(c < Grid.Heads ? 0 : 2),
                    0.04 + (0.5 * share),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"layer {layer}, {Grid.Columns[c]}: {100 * share:0.0} % kept"
                    ),
                    3
                );
                svg.Text(X(c) + (Cell / 2), y + 15, percent, "middle", Svg.Ink, 10.5);
            }
        }
        var bottom = Top + (layers * Row) + 12;
        for (var c = 0; c < columns; c++)
            svg.Text(
                0,
                0,
                Grid.Columns[c],
                "end",
                size: 10.5,
                transform: $"translate({Svg.Number(X(c) + (Cell / 2) + 3)} {Svg.Number(bottom)}) rotate(-60)"
            );
        return svg.Finish();
    }
}
