// The report: a self-contained HTML file (styles, SVG figures, no scripts, no external resources),
// generated from run folders only.
using System.Globalization;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Reports;

/// <summary>Writes the report of one or several runs.</summary>
public static class HtmlReport
{
    /// <summary>Writes the report.</summary>
    /// <param name="runs">The runs, in display order; the first without a ticket is the reference
    /// for comparisons.</param>
    /// <param name="file">HTML file to write.</param>
    /// <param name="title">Title, or null to derive it from the task.</param>
    public static void Write(IReadOnlyList<RunRecord> runs, string file, string? title = null)
    {
        var text = Render(runs, title);
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
            WholeFile.CreateFolder(folder);
        WholeFile.Write(file, text);
    }

    /// <summary>Whether a file does not exist, or is a page of this program.</summary>
    internal static bool MayReplace(string file) => !File.Exists(file) || HtmlPage.IsPage(file);

    /// <summary>Renders the report.</summary>
    /// <param name="runs">The runs, in display order.</param>
    /// <param name="title">Title, or null to derive it from the task.</param>
    public static string Render(IReadOnlyList<RunRecord> runs, string? title = null)
    {
        if (runs.Count == 0)
            throw new ArgumentException("a report needs at least one run", nameof(runs));
        var tasks = string.Join(", ", runs.Select(r => r.Result.Task).Distinct());
        title ??= $"Robustness report: {tasks}";
        var html = new StringBuilder();
        Headline(html, runs);
        Section(
            html,
            "results",
            "Results",
            "Every number is recomputed from the files of the run folders. "
                + $"{Rows(runs)} Small figures are 95 % intervals (Wilson).",
            SummaryTable
                .Main(runs)
                .Leading("model", "aua", "attack", "examples")
                .ToHtml("Clean accuracy, accuracy under attack and cost of each run")
        );
        FindingsSection(html, Findings.Of(runs));
        HtmlAttacks.Append(html, runs);
        foreach (var run in runs.Where(r => r.Result.Ticket is not null))
            HtmlTicket.Append(html, run);
        HtmlTraining.Append(html, runs);
        HtmlSettings.Append(html, runs);
        var folders = runs.Select(r => $"<code>{Svg.Escape(Path.GetFileName(r.Folder))}</code>");
        return HtmlPage.Render(
            title,
            Lead(runs),
            html.ToString(),
            $"Made from {string.Join(", ", folders)}. This file is self-contained: it loads nothing and runs no "
                + "script."
        );
    }

    /// <summary>Appends a section with a heading, an introductory line and an HTML body.</summary>
    internal static void Section(StringBuilder html, string id, string heading, string about, string body)
    {
        html.Append("<section id=\"")
            .Append(id)
            .Append("\" aria-labelledby=\"")
            .Append(id)
            .Append("-title\"><h2 id=\"")
            .Append(id)
            .Append("-title\">")
            .Append(Svg.Escape(heading))
            .Append("</h2>\n");
        if (about.Length > 0)
            html.Append("<p class=\"about\">").Append(Svg.Escape(about)).Append("</p>\n");
        html.Append(body).Append("</section>\n");
    }

    /// <summary>A figure with its caption.</summary>
    internal static string Figure(string svg, string caption) =>
        $"<figure>{svg}<figcaption>{Svg.Escape(caption)}</figcaption></figure>\n";

    /// <summary>
    /// Accuracy before and under attack, rendered for wide and for narrow screens.
    /// </summary>
    internal static string Robustness(string title, IReadOnlyList<RobustnessRow> rows, string caption)
    {
        var figure = new SvgRobustness(title, rows);
        return $"<div class=\"wide\">{Figure(figure.Render(), caption)}</div>"
            + $"<div class=\"narrow\">{Figure(figure.RenderNarrow(), caption)}</div>\n";
    }

    /// <summary>An anchor id derived from a label.</summary>
    internal static string Id(string label) =>
        string.Concat(label.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '-'));

    private static string Lead(IReadOnlyList<RunRecord> runs)
    {
        var last = runs.Max(r => r.Result.Finished);
        var bases = string.Join(", ", runs.Select(r => r.Result.Model.Base).Distinct());
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{runs.Count} {(runs.Count == 1 ? "run" : "runs")} from {bases}, {runs[0].Result.Model.Layers} "
                + $"layers of width {runs[0].Result.Model.Hidden}; finished {last.UtcDateTime:d MMMM yyyy, HH:mm} UTC"
        );
    }

    // States which rows Clean refers to, and which the accuracies before and under attack.
    private static string Rows(IReadOnlyList<RunRecord> runs)
    {
        var clean = runs.Select(r =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{r.Result.Task} {r.Result.EvaluatedSplit}, {r.Result.EvaluatedExamples:N0} rows"
                )
            )
            .Distinct();
        return $"Clean is measured on the reported rows ({string.Join("; ", clean)}), Aua on the n attacked ones.";
    }

    private static void Headline(StringBuilder html, IReadOnlyList<RunRecord> runs)
    {
        var attacks = runs.SelectMany(r => r.Attacks).Select(a => a.Name).Distinct().ToArray();
        var rows = runs.SelectMany(run =>
                run.Attacks.Select(a => new RobustnessRow(
                    attacks.Length > 1 ? $"{run.Label}, {a.Name}" : run.Label,
                    a.Clean,
                    a.Aua,
                    WilsonInterval.Of(a.Failed, a.Count)
                ))
            )
            .ToArray();
        var body = new StringBuilder();
        foreach (var sentence in HeadlineText.Sentences(runs))
            body.Append("<p class=\"headline\">").Append(sentence).Append("</p>\n");
        if (rows.Length > 0)
        {
            body.Append(
                Robustness(
                    "Accuracy before and under attack",
                    rows,
                    $"What the attack takes away{(attacks.Length == 1 ? $" ({attacks[0]})" : "")}: accuracy of "
                        + "the attacked examples before and under it."
                )
            );
        }
        if (body.Length > 0)
            Section(html, "short", "In short", "", body.ToString());
    }

    private static void FindingsSection(StringBuilder html, IReadOnlyList<Finding> findings)
    {
        var body = new StringBuilder();
        if (findings.Count == 0)
            body.Append("<p>No problems found.</p>");
        else
        {
            body.Append("<ul class=\"findings\">\n");
            foreach (var finding in findings)
            {
                var warning = finding.Level == FindingLevel.Warning;
                body.Append("<li class=\"")
                    .Append(warning ? "warning" : "note")
                    .Append("\"><b class=\"level\">")
                    .Append(warning ? "Warning" : "Note")
                    .Append("</b><b>")
                    .Append(Svg.Escape(finding.Subject))
                    .Append(":</b> ")
                    .Append(Svg.Escape(finding.Text))
                    .Append("</li>\n");
            }
            body.Append("</ul>\n");
        }
        Section(
            html,
            "findings",
            "Findings",
            "Read before relying on the table; found by automatic checks of the figures.",
            body.ToString()
        );
    }
}
