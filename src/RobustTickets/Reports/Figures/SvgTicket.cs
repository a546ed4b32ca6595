// The sparsity pattern of a ticket (EarlyRobust Fig. 5): the kept heads of each layer, and the kept
// fraction of its FFN.
using System.Globalization;

namespace RobustTickets.Reports.Figures;

/// <summary>Draws what a ticket keeps, layer by layer.</summary>
/// <param name="Title">Title; also the figure's accessible name.</param>
/// <param name="HeadsKept">Indices of kept heads, per layer.</param>
/// <param name="HeadsPerLayer">Heads per layer before pruning.</param>
/// <param name="NeuronsKept">Number of kept FFN neurons, per layer.</param>
/// <param name="NeuronsPerLayer">FFN neurons per layer before pruning.</param>
internal sealed record SvgTicket(
    string Title,
    IReadOnlyList<IReadOnlyList<int>> HeadsKept,
    int HeadsPerLayer,
    IReadOnlyList<int> NeuronsKept,
    int NeuronsPerLayer
)
{
    /// <summary>
    /// Renders the figure as one SVG element, with the first layer at the bottom.
    /// </summary>
    public string Render()
    {
        const double Row = 22,
            Top = 30,
            Left = 62,
            Bars = 250;
        var layers = HeadsKept.Count;
        var cell = Math.Clamp(300.0 / Math.Max(1, HeadsPerLayer), 12, 30);
        var heads = HeadsPerLayer * cell;
        var barsAt = Left + heads + 40;
        var kept = HeadsKept.Sum(h => h.Count);
        var description =
            $"{kept} of {layers * HeadsPerLayer} heads and {NeuronsKept.Sum()} of {layers * NeuronsPerLayer} "
            + "neurons kept.";
        var svg = new Svg(barsAt + Bars + 60, Top + (layers * Row) + 14, Title, description);
        svg.Text(Left, 16, "attention heads", colour: Svg.Ink, size: 12.5);
        svg.Text(barsAt, 16, "FFN neurons kept", colour: Svg.Ink, size: 12.5);
        for (var layer = 0; layer < layers; layer++)
        {
            var y = Top + ((layers - 1 - layer) * Row);
            svg.Text(Left - 10, y + 15, layers > 1 && layer == layers - 1 ? $"layer {layer}" : $"{layer}", "end");
            for (var head = 0; head < HeadsPerLayer; head++)
            {
                var stays = HeadsKept[layer].Contains(head);
                var tip = $"layer {layer}, head {head}: {(stays ? "kept" : "pruned")}";
                svg.Rect(
                    Left + (head * cell) + 1.5,
                    y + 2,
                    cell - 3,
                    Row - 5,
                    stays ? Svg.Series(0) : Svg.Grid,
                    stays ? 0.9 : 0.55,
                    tip,
                    3
                );
                if (!stays)
                    svg.Line(
                        Left + (head * cell) + 5,
                        y + Row - 6,
                        Left + ((head + 1) * cell) - 5,
                        y + 5,
                        Svg.Muted,
                        1
                    );
            }
            var share = (double)NeuronsKept[layer] / NeuronsPerLayer;
            svg.Rect(barsAt, y + 2, Bars, Row - 5, Svg.Grid, 0.55, radius: 3);
            svg.Rect(
                barsAt,
                y + 2,
                Bars * share,
                Row - 5,
                Svg.Series(2),
                0.9,
                $"layer {layer}: {NeuronsKept[layer]} of {NeuronsPerLayer} neurons kept",
                3
            );
            svg.Text(barsAt + Bars + 8, y + 15, (100 * share).ToString("0", CultureInfo.InvariantCulture) + " %");
        }
        return svg.Finish();
    }
}
