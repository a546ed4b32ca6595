// One-page report: recommendation, plot of robust against clean accuracy, figures, skipped items.
// report.html is self-contained; report.md is the same without the plot.
using System.Text;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Reports;
using RobustTickets.Reports.Figures;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Hardening;

/// <summary>Writes the report of a comparison.</summary>
internal static class HardenReport
{
    /// <summary>Writes report.html and report.md.</summary>
    public static void Write(HardenResult result, HardenFolder folder)
    {
        AtomicFile.WriteAllText(folder.ReportFile("html"), Html(result));
        AtomicFile.WriteAllText(folder.ReportFile("md"), Markdown(result));
    }

    /// <summary>
    /// The command line to show as the next step; null if nothing is recommended.
    /// </summary>
    internal static string? Next(HardenResult result) =>
        result.Recommendation.StartsWith(HardenEvidence.Nothing, StringComparison.Ordinal) ? null : result.Next;

    /// <summary>The page as HTML.</summary>
    internal static string Html(HardenResult result)
    {
        var html = new StringBuilder(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                + "content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
                + $"dark\">\n{HtmlPage.Generator}\n"
                + "<title>Which defence</title>\n<style>\n"
        );
        html.Append(HtmlStyle.Css)
            .Append("\n</style>\n</head>\n<body>\n<header><h1>Which defence</h1>\n<p class=\"lead\">");
        html.Append(Svg.Escape(Lead(result))).Append("</p></header>\n<main>\n");
        HtmlReport.Section(
            html,
            "short",
            "In short",
            "",
            $"<p class=\"headline\">{Svg.Escape(result.Recommendation)}</p>\n"
                + (result.Dearer is { } dearer ? $"<p>{Svg.Escape(dearer)}</p>\n" : "")
                + (Next(result) is { } next ? $"<p>Next: <code>{Svg.Escape(next)}</code></p>\n" : "")
                + HtmlReport.Figure(
                    SvgFrontier.Render(result),
                    "Development rows, on which the defence was chosen: up is more robust, right more "
                        + "accurate, a smaller "
                        + "circle a smaller encoder."
                )
        );
        HtmlReport.Section(
            html,
            "reported",
            "On the reported rows",
            "Evaluated once, after the choice. Rows that withstand the first attack are attacked again at "
                + "the fitted temperature, and count only if they withstand that, too. "
                + "Intervals: 95 %, Wilson; differences Bonett and Price; p exact McNemar against the baseline.",
            Table(ReportedHead(result), result.Reported.Select(r => ReportedCells(result, r)))
        );
        HtmlReport.Section(
            html,
            "development",
            "On development rows",
            Rule(result),
            Table(DevelopmentHead(result), result.Development.Select(DevelopmentCells))
        );
        HtmlReport.Section(
            html,
            "left-out",
            "Left out, and notes",
            "",
            Items([.. result.LeftOut.Select(l => $"{l.Name}: {l.Reason}"), .. result.Notes])
        );
        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    /// <summary>The page as Markdown.</summary>
    internal static string Markdown(HardenResult result)
    {
        var text = new StringBuilder("# Which defence\n\n");
        text.Append(result.Recommendation).Append("\n\n");
        if (result.Dearer is { } dearer)
            text.Append(dearer).Append("\n\n");
        if (Next(result) is { } next)
            text.Append("Next: `").Append(next).Append("`\n\n");
        text.Append(Lead(result)).Append("\n\n## On the reported rows\n\n");
        Rows(text, ReportedHead(result), result.Reported.Select(r => ReportedCells(result, r)));
        text.Append("\n## On development rows\n\n").Append(Rule(result)).Append("\n\n");
        Rows(text, DevelopmentHead(result), result.Development.Select(DevelopmentCells));
        text.Append("\n## Left out, and notes\n\n");
        foreach (var left in result.LeftOut)
            text.Append("- ").Append(left.Name).Append(": ").Append(left.Reason).Append('\n');
        foreach (var note in result.Notes)
            text.Append("- ").Append(note).Append('\n');
        return text.ToString();
    }

    private static string Rule(HardenResult result) => $"The rule, fixed before the attacks: {result.Rule}.";

    private static string Lead(HardenResult r) =>
        $"{r.Development.Count} models in {HardenPlan.Minutes(r.Seconds)} of {HardenPlan.Minutes(r.BudgetSeconds)}; "
        + $"{r.DevelopmentExamples} development and "
        + $"{r.Reported.SelectMany(x => x.Figures).Select(f => f.Examples).FirstOrDefault()} reported rows "
        + "attacked by "
        + $"{string.Join(", ", r.Attacks)}";

    // Robust accuracy is next to the model name: narrow screens show only the left columns.
    private static string[] ReportedHead(HardenResult result) =>
        [
            "Model",
            .. result.Attacks.SelectMany(a => new[] { $"{a} %", "against baseline" }),
            "Clean %",
            "Role",
            "Encoder",
            "Training",
        ];

    private static string[] DevelopmentHead(HardenResult result) =>
        ["Model", .. result.Attacks.Select(a => $"{a} %"), "Mean", "Clean %", "Parameters", "Training"];

    private static string[] ReportedCells(HardenResult result, HardenRow row) =>
        [
            row.Name,
            .. result
                .Attacks.Select(a => HardenEvidence.Of(row, a))
                .SelectMany(f => f is null ? ["", ""] : new[] { Aua(f), Against(f, Baseline(result, f.Attack)) }),
            Text($"{100 * row.Clean:0.0}\n{100 * row.CleanLow:0.0} to {100 * row.CleanHigh:0.0}"),
            row.Role,
            row.Size is { } size ? Text($"{100 * size:0} %") : "",
            row.TrainingSeconds is { } s ? HardenPlan.Minutes(s) : "",
        ];

    private static string[] DevelopmentCells(DevelopmentRow row) =>
        [
            row.Name,
            .. row.Aua.Select(a => Text($"{100 * a:0.0}")),
            Text($"{100 * row.Score:0.0}"),
            Text($"{100 * row.Clean:0.0}"),
            row.Parameters is { } parameters ? SummaryTable.Parameters(parameters) : "",
            row.Seconds > 0 ? HardenPlan.Minutes(row.Seconds) : "",
        ];

    // The lines after the first are in small print.
    private static string Aua(HardenFigure f)
    {
        var text = Text($"{100 * f.Aua:0.0}\n{100 * f.Low:0.0} to {100 * f.High:0.0}");
        if (f.Temperature is { } temperature)
            text +=
                f.AsIs == f.Aua
                    ? Text($"\nthe same again at T = {temperature}")
                    : Text($"\nas is {100 * f.AsIs:0.0}, again at T = {temperature}");
        return f.Unseen ? text + "\ndictionary unseen" : text;
    }

    // A row whose attack was not repeated is compared with the baseline before its repetition.
    private static string Against(HardenFigure f, HardenFigure? baseline) =>
        f.AgainstBaseline is not { } p
            ? ""
            : Text($"{100 * p.Difference:+0.0;-0.0;0.0}\n{100 * p.Low:+0.0;-0.0} to {100 * p.High:+0.0;-0.0}\n")
                + HardenEvidence.P(p.PValue)
                + (!f.Repeated && baseline is { Repeated: true } ? Text($"\nof {100 * baseline.AsIs:0.0} as is") : "");

    private static HardenFigure? Baseline(HardenResult result, string attack) =>
        result.Reported.FirstOrDefault(r => r.Role == HardenRole.Baseline) is { } row
            ? HardenEvidence.Of(row, attack)
            : null;

    private static string Cell(string text)
    {
        var lines = text.Split('\n');
        return Svg.Escape(lines[0]) + string.Concat(lines.Skip(1).Select(l => $"<small>{Svg.Escape(l)}</small>"));
    }

    private static string Table(string[] head, IEnumerable<string[]> rows)
    {
        var html = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");
        foreach (var cell in head)
            html.Append("<th scope=\"col\">").Append(Svg.Escape(cell)).Append("</th>");
        html.Append("</tr></thead><tbody>\n");
        foreach (var row in rows)
        {
            html.Append("<tr><th scope=\"row\">").Append(Svg.Escape(row[0])).Append("</th>");
            foreach (var cell in row.Skip(1))
                html.Append("<td>").Append(Cell(cell)).Append("</td>");
            html.Append("</tr>\n");
        }
        return html.Append("</tbody></table></div>\n").ToString();
    }

    private static string Items(IReadOnlyList<string> items) =>
        items.Count == 0
            ? "<p>Nothing.</p>\n"
            : $"<ul>\n{string.Concat(items.Select(i => $"<li>{Svg.Escape(i)}</li>\n"))}</ul>\n";

    private static void Rows(StringBuilder text, string[] head, IEnumerable<string[]> rows)
    {
        text.Append("| ")
            .AppendJoin(" | ", head)
            .Append(" |\n|")
            .Append(string.Concat(head.Select(_ => "---|")))
            .Append('\n');
        foreach (var row in rows)
            text.Append("| ").AppendJoin(" | ", row.Select(c => Line(c))).Append(" |\n");
    }

    private static string Line(string cell) =>
        cell.Replace("|", "\\|", StringComparison.Ordinal).Replace("\n", "; ", StringComparison.Ordinal);
}
