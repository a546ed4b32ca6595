using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RobustTickets.Reports;
using RobustTickets.Reports.Figures;
using Xunit;

namespace RobustTickets.Tests.Reports;

public sealed class PlotTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static (double X, double Y)[] PathOf(string svg, int index)
    {
        var path = XDocument.Parse(svg).Root!.Elements(Svg + "path").ElementAt(index).Attribute("d")!.Value;
        return
        [
            .. Regex
                .Matches(path, @"[ML]([-\d.]+) ([-\d.]+)")
                .Select(m => (Parse(m.Groups[1].Value), Parse(m.Groups[2].Value))),
        ];
    }

    private static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    // The tick labels say where values stand: interpolating between two of them must give back the
    // points of the line.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Points_stand_where_the_axis_says(bool log)
    {
        (double X, double Y)[] points = [(0, 0.01), (1, 0.1), (2, 1), (3, 10)];
        var svg = new SvgPlot("t", "x", "y", [new PlotSeries("a", points)]) { LogY = log }.Render();
        var labels = XDocument
            .Parse(svg)
            .Root!.Elements(Svg + "text")
            .Where(t => t.Attribute("x") is not null)
            .ToArray();
        var ticks = labels
            .Where(t =>
                t.Attribute("text-anchor")!.Value == "end"
                && double.TryParse(t.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            )
            .Select(t => (Value: Parse(t.Value), At: Parse(t.Attribute("y")!.Value) - 4))
            .ToArray();
        Assert.True(ticks.Length >= 4, svg);
        double Scale(double v) => log ? Math.Log(v) : v;
        var (low, high) = (ticks[0], ticks[^1]);
        var drawn = PathOf(svg, 0);
        for (var i = 0; i < points.Length; i++)
        {
            var expected =
                low.At
                + (
                    (Scale(points[i].Y) - Scale(low.Value))
                    / (Scale(high.Value) - Scale(low.Value))
                    * (high.At - low.At)
                );
            Assert.Equal(expected, drawn[i].Y, 0.05);
        }
        Assert.Equal(drawn[1].X - drawn[0].X, drawn[3].X - drawn[2].X, 0.02);
    }

    [Fact]
    public void A_gap_interrupts_the_line_and_no_value_is_drawn_as_zero()
    {
        var svg = new SvgPlot(
            "t",
            "x",
            "y",
            [new PlotSeries("a", [(0, 1), (1, double.NaN), (2, 3), (3, double.PositiveInfinity), (4, 2)])]
        ).Render();
        Assert.Equal(3, PathOf(svg, 0).Length);
        Assert.Equal(3, XDocument.Parse(svg).Root!.Element(Svg + "path")!.Attribute("d")!.Value.Count(c => c == 'M'));
        Assert.DoesNotContain("NaN", svg);
    }

    [Fact]
    public void Legend_names_every_line_but_the_faint_ones()
    {
        var svg = new SvgPlot(
            "t",
            "x",
            "y",
            [new PlotSeries("seen <1>", [(0, 1), (1, 2)]), new PlotSeries("hidden", [(0, 1)], Faint: true)]
        )
        {
            Marks = [new(0.5, "stop", true), new(1.5, "gamma", false)],
        }.Render();
        var texts = XDocument.Parse(svg).Root!.Elements(Svg + "text").Select(t => t.Value).ToArray();
        Assert.Contains("seen <1>", texts);
        Assert.DoesNotContain("hidden", texts);
        Assert.Contains("stop", texts);
        Assert.Contains("gamma", texts);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Plots_of_nothing_or_of_one_point_are_still_plots(int points)
    {
        var svg = new SvgPlot(
            "t",
            "x",
            "y",
            [new PlotSeries("a", [.. Enumerable.Repeat((2.0, 5.0), points)], Markers: true)]
        ).Render();
        XDocument.Parse(svg);
        Assert.DoesNotContain("NaN", svg);
    }

    [Fact]
    public void Cultures_change_nothing()
    {
        var before = CultureInfo.CurrentCulture;
        string Draw() => new SvgPlot("t", "x", "y", [new PlotSeries("a", [(0, 0.5), (1, 2.25)])]).Render();
        var expected = Draw();
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = "," } };
            Assert.Equal(expected, Draw());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Heat_map_strength_follows_the_values()
    {
        double?[][] values =
        [
            [0, 0.2],
            [0.4, null],
        ];
        var root = XDocument.Parse(new SvgHeatMap("t", ["7", "15"], values) { Threshold = 0.3 }.Render()).Root!;
        var cells = root.Elements(Svg + "rect")
            .Where(r => r.Element(Svg + "title") is not null)
            .Select(r =>
                (
                    Tip: r.Element(Svg + "title")!.Value,
                    Strength: Parse(Regex.Match(r.Attribute("style")!.Value, "fill-opacity:([\\d.]+)").Groups[1].Value)
                )
            )
            .ToArray();
        Assert.Equal(["7 and 7: 0.000", "7 and 15: 0.200", "15 and 7: 0.400"], cells.Select(c => c.Tip));
        Assert.Equal([0.04, 0.52, 1.0], cells.Select(c => c.Strength));
        Assert.Single(root.Elements(Svg + "circle"));
    }

    [Fact]
    public void Pattern_shows_each_head_and_the_share_of_neurons()
    {
        var root = XDocument
            .Parse(
                new SvgTicket(
                    "t",
                    [
                        [0, 2],
                        [1],
                    ],
                    3,
                    [128, 64],
                    256
                ).Render()
            )
            .Root!;
        var tips = root.Elements(Svg + "rect").Select(r => r.Element(Svg + "title")?.Value).OfType<string>().ToArray();
        Assert.Equal(8, tips.Length);
        Assert.Contains("layer 0, head 1: pruned", tips);
        Assert.Contains("layer 1, head 1: kept", tips);
        Assert.Contains("50 %", root.Elements(Svg + "text").Select(t => t.Value));
        Assert.Contains("25 %", root.Elements(Svg + "text").Select(t => t.Value));
        Assert.Equal(3, root.Elements(Svg + "line").Count());
    }

    [Fact]
    public void Headline_draws_the_interval()
    {
        var svg = new SvgRobustness("t", [new("a", 0.9, 0.2, new(0.1, 0.3))]).Render();
        var root = XDocument.Parse(svg).Root!;
        var at = root.Elements(Svg + "circle").Select(c => Parse(c.Attribute("cx")!.Value)).ToArray()[2..];
        var whisker = root.Elements(Svg + "line")
            .Single(l =>
                l.Attribute("y1")!.Value == l.Attribute("y2")!.Value
                && l.Attribute("style")!.Value.Contains("stroke-width:2", StringComparison.Ordinal)
            );
        var (low, high) = (Parse(whisker.Attribute("x1")!.Value), Parse(whisker.Attribute("x2")!.Value));
        Assert.Equal(at[1], (low + high) / 2, 0.02);
        Assert.Equal((at[0] - at[1]) / 0.7, (high - low) / 0.2, 0.3);
    }
}
