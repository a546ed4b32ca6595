using System.Globalization;
using System.Xml.Linq;
using RobustTickets.Hardening;
using Xunit;

namespace RobustTickets.Tests.Hardening;

/// <summary>The plot of a comparison.</summary>
public sealed class SvgFrontierTests
{
    [Theory]
    [InlineData(20)]
    [InlineData(200)]
    public void Intervals_are_drawn_whole_and_ticks_are_round(int examples)
    {
        DevelopmentRow[] rows =
        [
            new("fine-tune", 0.822, [0.217, 0.056], 100, 1),
            new("hardened", 0.835, [0.336, 0.133], 100, 1),
            new("ticket", 0.810, [0.378, 0.175], 75, 1),
            new("broken", 0.810, [0, 0], 75, 1),
        ];
        var svg = XDocument.Parse(
            SvgFrontier.Render(
                new HardenResult(1, "", "ticket", "ticket", "fine-tune", "", "", [], rows, examples, [], [], [], 60, 50)
            )
        );
        double[] Numbers(string element, string attribute) =>
            [
                .. svg.Descendants()
                    .Where(e => e.Name.LocalName == element)
                    .Select(e => double.Parse(e.Attribute(attribute)!.Value, CultureInfo.InvariantCulture)),
            ];
        // Each model's interval is the only vertical line through its circle, and ends beyond it.
        var (from, to) = (Numbers("line", "y1"), Numbers("line", "y2"));
        var upright = Enumerable.Range(0, from.Length).Where(i => from[i] != to[i]).ToArray();
        var circles = Numbers("circle", "cy");
        Assert.Equal(rows.Length, circles.Length);
        Assert.Equal(rows.Length, upright.Length);
        var bottom = Enumerable.Range(0, from.Length).Except(upright).Max(i => from[i]);
        foreach (var (at, i) in circles.Zip(upright))
        {
            var (high, low) = (Math.Min(from[i], to[i]), Math.Max(from[i], to[i]));
            Assert.True(high < at && at <= low, $"{high} {at} {low}");
            Assert.True(high > 0 && low <= bottom, $"{high} {low}");
        }
        var names = svg.Descendants()
            .Where(e => e.Name.LocalName == "text")
            .Select(e => e.Value)
            .Where(t => double.TryParse(t, CultureInfo.InvariantCulture, out _))
            .ToArray();
        Assert.InRange(names.Length, 6, 16);
        Assert.All(names, n => Assert.Equal(0, double.Parse(n, CultureInfo.InvariantCulture) % 0.5));
    }
}
