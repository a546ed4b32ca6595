// A small SVG writer: escapes text, formats numbers independently of culture, and closes open
// elements. Colours are CSS variables with a fallback, so that a figure follows the page's light or
// dark scheme and also works on its own.
using System.Globalization;
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.Reports.Figures;

/// <summary>Writes one SVG element tree.</summary>
internal sealed class Svg
{
    private static readonly string[] SeriesColours = ["#2f5fd0", "#c2571a", "#11806a", "#8a3fb0", "#a8324a", "#6b7280"];
    private readonly StringBuilder _text = new();
    private readonly Stack<string> _open = new();

    /// <summary>
    /// Opens a figure of the given size in user units; it scales to the available width.
    /// </summary>
    public Svg(double width, double height, string title, string description)
    {
        Open(
            "svg",
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("viewBox", $"0 0 {Number(width)} {Number(height)}"),
            ("role", "img"),
            ("class", "figure"),
            ("aria-label", description.Length > 0 ? $"{title}. {description}" : title),
            ("font-family", "system-ui, sans-serif"),
            ("font-size", "12"),
            ("style", $"width:100%;max-width:{Number(width)}px;height:auto")
        );
        Element("title", title);
        if (description.Length > 0)
            Element("desc", description);
    }

    /// <summary>Colour of the i-th series.</summary>
    public static string Series(int i)
    {
        var index = i % SeriesColours.Length;
        return $"var(--series-{index + 1}, {SeriesColours[index]})";
    }

    /// <summary>Colour of text.</summary>
    public static string Ink => "var(--ink, #1c2430)";

    /// <summary>Colour of ticks, labels and other secondary elements.</summary>
    public static string Muted => "var(--muted, #5c6675)";

    /// <summary>Colour of grid lines.</summary>
    public static string Grid => "var(--line, #dfe3ea)";

    /// <summary>Colour of thresholds and stop decisions.</summary>
    public static string Accent => "var(--accent, #b3261e)";

    /// <summary>Formats a number with at most two decimals.</summary>
    public static string Number(double value) =>
        (Math.Round(value, 2) + 0.0).ToString("0.##", CultureInfo.InvariantCulture);

    public void Open(string name, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        Tag(name, attributes);
        _text.Append('>');
        _open.Push(name);
    }

    public void Close() => _text.Append("</").Append(_open.Pop()).Append('>');

    public void Element(string name, string content, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        Tag(name, attributes);
        _text.Append('>').Append(Escape(content)).Append("</").Append(name).Append('>');
    }

    public void Empty(string name, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        Tag(name, attributes);
        _text.Append("/>");
    }

    public void Line(
        double x1,
        double y1,
        double x2,
        double y2,
        string colour,
        double width = 1,
        string? dash = null
    ) =>
        Empty(
            "line",
            ("x1", Number(x1)),
            ("y1", Number(y1)),
            ("x2", Number(x2)),
            ("y2", Number(y2)),
            (
                "style",
                $"stroke:{colour};stroke-width:{Number(width)}{(dash is null ? "" : ";stroke-dasharray:" + dash)}"
            )
        );

    public void Text(
        double x,
        double y,
        string content,
        string anchor = "start",
        string? colour = null,
        double size = 12,
        string extra = "",
        string? transform = null
    )
    {
        var style = $"fill:{colour ?? Muted};font-size:{Number(size)}px{extra}";
        if (transform is null)
            Element("text", content, ("x", Number(x)), ("y", Number(y)), ("text-anchor", anchor), ("style", style));
        else
            Element("text", content, ("transform", transform), ("text-anchor", anchor), ("style", style));
    }

    /// <summary>A filled rectangle with <paramref name="tip"/> as tooltip.</summary>
    public void Rect(
        double x,
        double y,
        double width,
        double height,
        string fill,
        double opacity = 1,
        string? tip = null,
        double radius = 0,
        string? stroke = null,
        bool crisp = false
    )
    {
        var style =
            $"fill:{fill};fill-opacity:{opacity.ToString("0.###", CultureInfo.InvariantCulture)}"
            + (stroke is null ? "" : ";stroke:" + stroke)
            + (crisp ? ";shape-rendering:crispEdges" : "");
        ReadOnlySpan<(string, string)> attributes =
        [
            ("x", Number(x)),
            ("y", Number(y)),
            ("width", Number(Math.Max(0, width))),
            ("height", Number(Math.Max(0, height))),
            ("rx", Number(radius)),
            ("style", style),
        ];
        if (tip is null)
        {
            Empty("rect", attributes);
            return;
        }
        Open("rect", attributes);
        Element("title", tip);
        Close();
    }

    /// <summary>Closes all elements and returns the text.</summary>
    public string Finish()
    {
        while (_open.Count > 0)
            Close();
        return _text.ToString();
    }

    /// <summary>
    /// Escapes text for element content and attributes: control and bidirectional characters become
    /// visible escapes, other characters that XML does not allow become U+FFFD.
    /// </summary>
    public static string Escape(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => safe.Append("&amp;"),
                '<' => safe.Append("&lt;"),
                '>' => safe.Append("&gt;"),
                '"' => safe.Append("&quot;"),
                '\'' => safe.Append("&#39;"),
                '\t' or '\n' or '\r' => safe.Append((char)rune.Value),
                0xFFFE or 0xFFFF => safe.Append('\uFFFD'),
                < 0x10000 when VisibleText.IsHidden((char)rune.Value) => safe.Append(
                    VisibleText.Escape((char)rune.Value)
                ),
                _ => safe.Append(rune),
            };
        }
        return safe.ToString();
    }

    private void Tag(string name, ReadOnlySpan<(string Name, string Value)> attributes)
    {
        _text.Append('<').Append(name);
        foreach (var (attribute, value) in attributes)
            _text.Append(' ').Append(attribute).Append("=\"").Append(Escape(value)).Append('"');
    }
}
