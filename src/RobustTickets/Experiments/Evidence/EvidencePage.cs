// evidence.html and evidence.md: for every table of the papers the printed number beside ours, and
// every claim with what was found. What is not finished is said, not left out.
using System.Globalization;
using System.Text;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Reports;

namespace RobustTickets.Experiments.Evidence;

/// <summary>Writes the page of evidence of a folder of experiments.</summary>
internal sealed class EvidencePage
{
    private static readonly ReportColumn[] ClaimColumns =
    [
        new("claim", "Claim", "Name of the claim", Numeric: false),
        new(
            "verdict",
            "Seen here",
            "holds, does not hold, undecided (the sample cannot tell) or not measured",
            Numeric: false
        ),
        new("statistic", "Statistic", "The test and its numbers", Numeric: false),
        new("detectable", "Could show", "The smallest effect found with 80 % power at 5 %", Numeric: false),
    ];

    private readonly IReadOnlyList<ExperimentFolder> _folders;
    private readonly PublishedFile? _published;
    private readonly IReadOnlyList<ClaimResult> _claims;
    private readonly IReadOnlyList<string>? _changed;
    private readonly ClaimCells _cells = new();
    private readonly string _output;
    private readonly IReadOnlyList<PaperTable> _made,
        _others;

    /// <summary>A table of a paper: what is printed beside ours, and what is not there.</summary>
    private sealed record PaperTable(
        string Id,
        string Title,
        string Citation,
        IReadOnlyList<(string Heading, ReportTable Table)> Parts,
        string Missing
    );

    /// <param name="folders">The experiments in their folder.</param>
    /// <param name="sources">What the papers print and claim.</param>
    public EvidencePage(IReadOnlyList<ExperimentFolder> folders, EvidenceSources sources)
    {
        (_folders, _output) = (folders, folders[0].Path);
        foreach (var folder in folders)
            _cells.Add(folder);
        var (published, claims) = sources.Read();
        _published = published;
        var test = new ClaimTest(_cells);
        _claims = [.. (claims?.Claims ?? []).Select(test.Of)];
        _changed = claims is null ? [] : Changed(claims);
        var tables = Tables().ToLookup(t => t.Parts.Count > 0);
        (_made, _others) = ([.. tables[true]], [.. tables[false]]);
    }

    /// <summary>Writes both forms.</summary>
    public void Write()
    {
        AtomicFile.WriteAllText(Path.Combine(_output, "evidence.html"), Html());
        AtomicFile.WriteAllText(Path.Combine(_output, "evidence.md"), Markdown());
    }

    // Claims that are not what they were before the first cell; null where nothing was kept of
    // then.
    private IReadOnlyList<string>? Changed(ClaimFile claims)
    {
        var file = Path.Combine(_output, EvidenceSources.ClaimsName);
        if (!File.Exists(file))
            return null;
        var before = EvidenceJson
            .ReadClaims(File.ReadAllText(file), file)
            .Claims.ToDictionary(c => c.Id, EvidenceJson.Write);
        return
        [
            .. claims.Claims.Where(c => before.GetValueOrDefault(c.Id) != EvidenceJson.Write(c)).Select(c => c.Id),
            .. before.Keys.Except(claims.Claims.Select(c => c.Id)),
        ];
    }

    private string Html()
    {
        var body = new StringBuilder();
        var claims = ByPaper()
            .Select(p =>
            {
                var table = Badges(ClaimTable(p.Claims).ToHtml($"Claims of {p.Paper}"));
                return $"<h3>{Svg.Escape(p.Paper)}</h3>\n{table}";
            });
        HtmlReport.Section(
            body,
            "claims",
            "What the papers claim, and what was seen here",
            Rule(),
            Summary() + string.Concat(claims)
        );
        foreach (var (id, title, citation, parts, missing) in _made)
            HtmlReport.Section(
                body,
                HtmlReport.Id(id),
                title,
                citation,
                string.Concat(
                    parts.Select(p => $"<h3>{Svg.Escape(p.Heading)}</h3>\n{p.Table.ToHtml($"{title}, {p.Heading}")}")
                )
                    + (missing.Length > 0 ? $"<p>{Svg.Escape(missing)}</p>\n" : "")
                    + Figures(id)
            );
        if (_others.Count > 0)
            HtmlReport.Section(
                body,
                "others",
                "Not measured here",
                "",
                $"<ul>{string.Concat(_others.Select(t => $"<li>{Svg.Escape(t.Title)}</li>"))}</ul>\n"
            );
        HtmlReport.Section(
            body,
            "scale",
            "At what scale",
            "What differs from the papers, by experiment.",
            Scale(html: true)
        );
        return HtmlPage.Render("Evidence", Lead(), body.ToString(), Foot());
    }

    private string Markdown()
    {
        var text = new StringBuilder(
            $"# Evidence\n\n{Lead()}\n\n## What the papers claim, and what was seen here\n\n{Rule()}\n\n"
        );
        foreach (var (paper, claims) in ByPaper())
            text.Append(CultureInfo.InvariantCulture, $"### {paper}\n\n{ClaimTable(claims).ToMarkdown()}\n");
        foreach (var (_, title, citation, parts, missing) in _made)
        {
            text.Append(CultureInfo.InvariantCulture, $"## {title}\n\n{citation}\n\n");
            foreach (var part in parts)
                text.Append(CultureInfo.InvariantCulture, $"### {part.Heading}\n\n{part.Table.ToMarkdown()}\n");
            if (missing.Length > 0)
                text.Append(missing).Append("\n\n");
        }
        if (_others.Count > 0)
            text.Append("## Not measured here\n\n").AppendJoin("", _others.Select(t => $"- {t.Title}\n")).Append('\n');
        return text.Append(CultureInfo.InvariantCulture, $"## At what scale\n\n{Scale(html: false)}").ToString();
    }

    private string Lead()
    {
        var runs = _folders.SelectMany(f => f.Plan.Cells.Where(f.IsTrained).Select(f.Model)).Distinct().Count();
        var cells = _folders.Sum(f => f.Plan.Cells.Count);
        var done = _folders.Sum(f => f.Plan.Cells.Count(c => f.State(c) == CellState.Done));
        return $"{Count(runs, "trained model")}; {done} of {cells} cells of {Count(_folders.Count, "experiment")} are "
            + "finished.";
    }

    private string Rule() =>
        "A claim holds, or does not, when its test says so at 5 %; with several seeds each must agree in sign. "
        + "Undecided means that this "
        + "sample cannot tell. Shares are tested on the examples, the trained models being what they are; how much "
        + "training scatters is told by the seeds (the report of each table has the t over them). "
        + "No correction is made for the number of claims: of twenty tests of nothing one is expected to come out. "
        + (_claims.Any(c => c.SoFar) ? "So far: planned seeds are still missing. " : "")
        + (
            _changed is null ? "The claims were not written down before the first cell was run."
            : _changed.Count == 0 ? "The claims are those that were written down before the first cell was run."
            : $"Changed since the first cell was run: {string.Join(", ", _changed)}."
        );

    private string Summary() =>
        "<p class=\"headline\">"
        + string.Join(
            ", ",
            Enum.GetValues<Verdict>().Select(v => $"<strong>{_claims.Count(c => c.Verdict == v)}</strong> {Words(v)}")
        )
        + ".</p>\n";

    private IEnumerable<(string Paper, IReadOnlyList<ClaimResult> Claims)> ByPaper() =>
        _claims.GroupBy(c => c.Claim.Paper).Select(g => (Name(g.Key), (IReadOnlyList<ClaimResult>)[.. g]));

    private static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";

    private static string Name(string paper) =>
        paper switch
        {
            "early-robust" => "EarlyRobust",
            "robust-ticket" => "RobusT",
            _ => paper,
        };

    private static ReportTable ClaimTable(IReadOnlyList<ClaimResult> claims) =>
        new(
            ClaimColumns,
            [
                .. claims
                    .OrderBy(c => c.Verdict == Verdict.NotMeasured)
                    .Select(c =>
                        (ReportCell[])
                            [
                                new($"{c.Claim.Section}: {c.Claim.Sentence}", Note: c.Claim.Id),
                                new(Words(c.Verdict) + (c.SoFar ? ", so far" : "")),
                                new(
                                    c.Missing.Count == 0
                                        ? c.Statistic
                                        : $"missing: {string.Join("; ", c.Missing.Select(Words).Distinct())}"
                                ),
                                c.Detectable is null ? ReportCell.None : new(c.Detectable),
                            ]
                    ),
            ]
        );

    private static string Words(TableCell cell) =>
        $"{cell.Table}, {cell.Row} on {cell.Data}{(cell.Attack is null ? "" : $" under {cell.Attack}")}";

    private static string Words(Verdict verdict) =>
        verdict switch
        {
            Verdict.Holds => "holds",
            Verdict.DoesNotHold => "does not hold",
            Verdict.Undecided => "undecided",
            _ => "not measured",
        };

    // Verdicts in colour; the words stay, so that nobody needs the colour.
    private static string Badges(string html)
    {
        html = html.Replace("<table>", "<table class=\"claims\">", StringComparison.Ordinal);
        foreach (var (verdict, colour) in new[] { (Verdict.Holds, "now"), (Verdict.DoesNotHold, "was") })
            html = html.Replace(
                $"<td>{Words(verdict)}</td>",
                $"<td><mark class=\"{colour}\">{Words(verdict)}</mark></td>",
                StringComparison.Ordinal
            );
        return html;
    }

    private IEnumerable<PaperTable> Tables()
    {
        foreach (var table in _published?.Tables ?? [])
        {
            var rows = _published!.Rows.Where(r => r.Table == table.Id).ToArray();
            var ours = _cells.Cells.Where(c => c.Table == table.Id).ToArray();
            var parts = new List<(string, ReportTable)>();
            var missing = new List<string>();
            string?[] attacks =
            [
                .. rows.SelectMany(r => r.Attacks ?? [])
                    .Select(a => a.Attack)
                    .Concat(ours.Select(c => c.Attack).OfType<string>())
                    .Distinct(),
            ];
            if (attacks.Length == 0)
                attacks = [null];
            foreach (var data in rows.Select(r => r.Data).Concat(ours.Select(c => c.Data)).Distinct())
            {
                foreach (var attack in attacks)
                {
                    if (ours.Any(c => c.Data == data && c.Attack == attack))
                        parts.Add((attack is null ? data : $"{data}, {attack}", Beside(table.Id, data, attack, rows)));
                    else
                        missing.Add(attack is null ? data : $"{data} under {attack}");
                }
            }
            var name = table
                .Id.Replace("/table-", " Table ", StringComparison.Ordinal)
                .Replace("/figure-", " Figure ", StringComparison.Ordinal)
                .Replace("early-robust", "EarlyRobust", StringComparison.Ordinal)
                .Replace("robust-ticket", "RobusT", StringComparison.Ordinal);
            yield return new PaperTable(
                table.Id,
                $"{name}: {table.Title}",
                table.Citation,
                parts,
                missing.Count > 0 ? $"Not measured here: {string.Join(", ", missing.Distinct())}." : ""
            );
        }
    }

    private ReportTable Beside(string table, string data, string? attack, IReadOnlyList<PublishedRow> rows)
    {
        ReportColumn[] columns =
        [
            new("method", "Method", "Row of the table", Numeric: false),
            new("aua_paper", "Aua, paper", "Accuracy under attack as printed, %", Numeric: true),
            new("aua", "Aua, here", "Mean and standard deviation over seeds; 95 % interval over all n", Numeric: true),
            new("n", "n", "Attacked examples, all seeds together", Numeric: true),
            new("seeds", "Seeds", "Finished runs", Numeric: true),
            new("clean_paper", "Clean, paper", "Accuracy as printed, %", Numeric: true),
            new("clean", "Clean, here", "Mean and standard deviation over seeds, on the reported rows", Numeric: true),
            new("queries_paper", "#Query, paper", "Mean queries as printed", Numeric: true),
            new("queries", "#Query, here", "Mean queries of an attacked example", Numeric: true),
            new("speedup_paper", "Speed-up, paper", "Training speed, PGD = 1, as printed", Numeric: true),
            new("speedup", "by seconds", "Seconds of PGD / seconds", Numeric: true),
            new("work", "by FLOP", "Operations of PGD / operations", Numeric: true),
        ];
        var names = rows.Where(r => r.Data == data)
            .Select(r => r.Row)
            .Concat(_cells.Cells.Where(c => c.Table == table && c.Data == data).Select(c => c.Row))
            .Distinct();
        var pgd = _cells.Of(new TableCell(table, "pgd", data, attack));
        return new ReportTable(
            columns,
            [
                .. names.Select(name =>
                {
                    var printed = rows.FirstOrDefault(r => r.Row == name && r.Data == data);
                    var under = attack is null ? null : printed?.Attacks?.FirstOrDefault(a => a.Attack == attack);
                    var seeds = _cells.Of(new TableCell(table, name, data, attack));
                    var (hits, n) = (
                        seeds.Sum(s => s.Outcomes?.Values.Count(o => o.After) ?? 0),
                        seeds.Sum(s => s.Outcomes?.Count ?? 0)
                    );
                    return (ReportCell[])
                        [
                            new(name),
                            ReportCell.Of(under?.Aua, "0.0"),
                            Mean(seeds, Measure.Aua, "0.0", n == 0 ? null : Interval(WilsonInterval.Of(hits, n))),
                            ReportCell.Of(n == 0 ? null : n, "N0"),
                            ReportCell.Of(seeds.Count, "0"),
                            ReportCell.Of(printed?.Clean, "0.0"),
                            Mean(seeds, Measure.Clean, "0.0", null),
                            ReportCell.Of(under?.Queries, "N1"),
                            Mean(seeds, Measure.Queries, "N1", null),
                            ReportCell.Of(printed?.Speedup, "0.0"),
                            Ratio(pgd, seeds, Measure.Seconds),
                            Ratio(pgd, seeds, Measure.Flops),
                        ];
                }),
            ]
        );
    }

    private static ReportCell Ratio(IReadOnlyList<SeedCell> pgd, IReadOnlyList<SeedCell> seeds, Measure measure) =>
        pgd.Count == 0 || seeds.Count == 0
            ? ReportCell.None
            : ReportCell.Of(
                pgd.Average(s => s.Value(measure)!.Value) / seeds.Average(s => s.Value(measure)!.Value),
                "0.0"
            );

    private static ReportCell Mean(IReadOnlyList<SeedCell> seeds, Measure measure, string format, string? note)
    {
        double[] values = [.. seeds.Select(s => s.Value(measure)).OfType<double>()];
        if (values.Length == 0)
            return ReportCell.None;
        var mean = values.Average();
        var text = mean.ToString(format, CultureInfo.InvariantCulture);
        if (values.Length > 1)
        {
            var deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1));
            text += " ± " + deviation.ToString(format, CultureInfo.InvariantCulture);
        }
        return new(text, mean, note);
    }

    private static string Interval(WilsonInterval interval) =>
        Text($"{100 * interval.Low:0.0} to {100 * interval.High:0.0}");

    private string Figures(string table) =>
        string.Concat(
            _folders
                .Where(f => f.Plan.Experiment.Reproduces == table && Directory.Exists(f.FiguresFolder))
                .SelectMany(f => Directory.GetFiles(f.FiguresFolder, "*.svg").Order(StringComparer.Ordinal))
                .Select(file => HtmlReport.Figure(File.ReadAllText(file), Path.GetFileNameWithoutExtension(file)))
        )
            is { Length: > 0 } figures
            ? $"<div class=\"side\">{figures}</div>\n"
            : "";

    private string Scale(bool html)
    {
        var text = new StringBuilder();
        foreach (var folder in _folders)
        {
            var (name, source) = (folder.Plan.Experiment.Name, folder.Plan.Experiment.Source);
            var done = folder.Plan.Cells.Count(c => folder.State(c) == CellState.Done);
            var state = $"{done} of {folder.Plan.Cells.Count} cells";
            if (html)
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"<p><b>{Svg.Escape(name)}</b> ({state}; <a "
                        + $"href=\"{Svg.Escape(name)}/report.html\">report</a>): {Svg.Escape(source)}</p>\n"
                );
            else
                text.Append(CultureInfo.InvariantCulture, $"- **{name}** ({state}): {source}\n");
        }
        return text.ToString();
    }

    private string Foot() =>
        "Made from the run folders of these experiments"
        + (_published is null ? "" : $"; {_published.Note}")
        + ". This file loads nothing and runs no script.";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
