// A table and its four output formats: Markdown for terminals and repositories, CSV and JSON for
// programs, HTML for the report.
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Reports;

/// <summary>A column of a table.</summary>
/// <param name="Key">Name in CSV and JSON.</param>
/// <param name="Header">Display name; null hides the column in Markdown and HTML.</param>
/// <param name="Help">Explanation of the values, in a sentence.</param>
/// <param name="Numeric">Whether its cells are numeric.</param>
public sealed record ReportColumn(string Key, string? Header, string Help, bool Numeric);

/// <summary>A cell of a table.</summary>
/// <param name="Text">Displayed text; a dash if there is no value.</param>
/// <param name="Number">The number at full precision, or null.</param>
/// <param name="Note">Second displayed line, such as an interval.</param>
public sealed record ReportCell(string Text, double? Number = null, string? Note = null)
{
    /// <summary>A cell without a value.</summary>
    public static ReportCell None { get; } = new("–");

    /// <summary>A number in a .NET format, or an empty cell for null.</summary>
    public static ReportCell Of(double? value, string format, string? note = null) =>
        value is { } v ? new(v.ToString(format, CultureInfo.InvariantCulture), v, note) : None;

    /// <summary>A proportion in percent with two decimals, or an empty cell for null.</summary>
    public static ReportCell Percent(double? share, WilsonInterval? interval = null) =>
        share is { } s
            ? new((100 * s).ToString("0.00", CultureInfo.InvariantCulture), 100 * s, interval?.Percent)
            : None;
}

/// <summary>A table.</summary>
/// <param name="Columns">Its columns.</param>
/// <param name="Rows">Its rows, one cell per column.</param>
public sealed record ReportTable(IReadOnlyList<ReportColumn> Columns, IReadOnlyList<IReadOnlyList<ReportCell>> Rows)
{
    private IEnumerable<int> Shown => Enumerable.Range(0, Columns.Count).Where(c => Columns[c].Header is not null);

    /// <summary>The table with some columns moved to the front, for narrow screens.</summary>
    /// <param name="keys">Keys of these columns, in order.</param>
    internal ReportTable Leading(params string[] keys)
    {
        int[] order =
        [
            .. keys.Select(key => Array.FindIndex([.. Columns], c => c.Key == key)),
            .. Enumerable.Range(0, Columns.Count).Where(i => !keys.Contains(Columns[i].Key)),
        ];
        return new ReportTable(
            [.. order.Select(i => Columns[i])],
            [.. Rows.Select(row => (IReadOnlyList<ReportCell>)[.. order.Select(i => row[i])])]
        );
    }

    /// <summary>GitHub-flavoured Markdown with aligned columns.</summary>
    public string ToMarkdown()
    {
        var shown = Shown.ToArray();
        var cells = new List<string[]> { shown.Select(c => Columns[c].Header!).ToArray() };
        cells.AddRange(
            Rows.Select(row =>
                shown
                    .Select(c =>
                        (row[c].Note is { } note ? $"{row[c].Text} ({note})" : row[c].Text).Replace(
                            "|",
                            "\\|",
                            StringComparison.Ordinal
                        )
                    )
                    .ToArray()
            )
        );
        var widths = Enumerable.Range(0, shown.Length).Select(i => cells.Max(row => row[i].Length)).ToArray();
        var text = new StringBuilder();
        for (var r = 0; r < cells.Count; r++)
        {
            for (var i = 0; i < shown.Length; i++)
            {
                text.Append("| ")
                    .Append(
                        Columns[shown[i]].Numeric ? cells[r][i].PadLeft(widths[i]) : cells[r][i].PadRight(widths[i])
                    )
                    .Append(' ');
            }
            text.Append("|\n");
            if (r > 0)
                continue;
            for (var i = 0; i < shown.Length; i++)
                text.Append("|-").Append(new string('-', widths[i])).Append(Columns[shown[i]].Numeric ? ":" : "-");
            text.Append("|\n");
        }
        return text.ToString();
    }

    /// <summary>CSV (RFC 4180) with a header line of keys; numbers at full precision.</summary>
    public string ToCsv()
    {
        var text = new StringBuilder();
        text.Append(string.Join(',', Columns.Select(c => Quote(c.Key)))).Append('\n');
        foreach (var row in Rows)
        {
            text.Append(
                    string.Join(
                        ',',
                        row.Select(
                            (cell, i) =>
                                Columns[i].Numeric ? cell.Number?.ToString("R", CultureInfo.InvariantCulture) ?? ""
                                : cell == ReportCell.None ? ""
                                : Quote(cell.Text)
                        )
                    )
                )
                .Append('\n');
        }
        return text.ToString();
    }

    /// <summary>
    /// A JSON array with one object per row; missing and non-finite numbers are null.
    /// </summary>
    public JsonArray ToJson() =>
        new([
            .. Rows.Select(row => new JsonObject(
                row.Select((cell, i) => KeyValuePair.Create(Columns[i].Key, Node(cell, Columns[i].Numeric)))
            )),
        ]);

    /// <summary>An HTML table element.</summary>
    /// <param name="caption">Caption of the table.</param>
    public string ToHtml(string caption)
    {
        var shown = Shown.ToArray();
        var text = new StringBuilder("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"")
            .Append(Svg.Escape(caption))
            .Append("\"><table>\n<caption>")
            .Append(Svg.Escape(caption))
            .Append("</caption>\n<thead><tr>");
        foreach (var c in shown)
        {
            text.Append("<th scope=\"col\"")
                .Append(Columns[c].Numeric ? " class=\"number\"" : "")
                .Append(" title=\"")
                .Append(Svg.Escape(Columns[c].Help))
                .Append("\">")
                .Append(Svg.Escape(Columns[c].Header!.Replace(' ', '\u00a0')))
                .Append("</th>");
        }
        text.Append("</tr></thead>\n<tbody>\n");
        foreach (var row in Rows)
        {
            text.Append("<tr>");
            for (var i = 0; i < shown.Length; i++)
            {
                var (cell, column) = (row[shown[i]], Columns[shown[i]]);
                text.Append(
                        i == 0 ? "<th scope=\"row\">"
                        : column.Numeric ? "<td class=\"number\">"
                        : "<td>"
                    )
                    .Append(Svg.Escape(cell.Text));
                if (cell.Note is { } note)
                    text.Append("<small>").Append(Svg.Escape(note)).Append("</small>");
                text.Append(i == 0 ? "</th>" : "</td>");
            }
            text.Append("</tr>\n");
        }
        return text.Append("</tbody></table></div>\n").ToString();
    }

    private static JsonNode? Node(ReportCell cell, bool numeric) =>
        numeric
            ? cell.Number is { } number && double.IsFinite(number)
                ? JsonValue.Create(number)
                : null
            : cell == ReportCell.None
                ? null
                : JsonValue.Create(cell.Text);

    private static string Quote(string text) =>
        text.AsSpan().IndexOfAny(",\"\n\r") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
