// evidence.html and evidence.md: for every table of the papers the published numbers next to ours,
// and every claim with its result. Unfinished cells are listed, not omitted.
using System.Globalization;
using System.Text;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Reports;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Experiments.Evidence;

/// <summary>Writes the evidence page of a folder of experiments.</summary>
internal sealed class EvidencePage
{
    private static readonly ReportColumn[] ClaimColumns =
    [
        new("claim", "Claim", "Name of the claim", Numeric: false),
        new(
            "verdict",
            "Result here",
            "holds, does not hold, undecided (the sample cannot tell), cannot be tested here (claimed "
                + "for another protocol, which this one cannot reproduce) or not measured",
            Numeric: false
        ),
        new("statistic", "Statistic", "The test and its numbers", Numeric: false),
        new(
            "detectable",
            "Detectable",
            "Smallest effect detectable with 80 % power at the 5 % level; for a trend, the smallest tau with "
                + "p < 0.05; for settled masks, the step between snapshots",
            Numeric: false
        ),
    ];

    private readonly IReadOnlyList<ExperimentFolder> _folders;
    private readonly PublishedFile? _published;
    private readonly IReadOnlyList<ClaimResult> _claims,
        _beyond;
    private readonly IReadOnlyList<string>? _changed;
    private readonly IReadOnlyList<string> _leftOut;
    private readonly Func<Claim, bool> _otherAttack;
    private readonly string _output;
    private readonly IReadOnlyList<PaperTable> _made,
        _others;

    /// <param name="folders">The experiments in their folder.</param>
    /// <param name="sources">The papers' numbers and claims.</param>
    public EvidencePage(IReadOnlyList<ExperimentFolder> folders, EvidenceSources sources)
    {
        (_folders, _output) = (folders, folders[0].Path);
        var cells = new ClaimCells();
        foreach (var folder in folders)
            cells.Add(folder);
        _leftOut = cells.LeftOut;
        _otherAttack = claim => claim.Reads().Any(c => PaperTables.IsOtherAttack(c, cells.RecipeOf(c)));
        var (published, claims) = sources.Read();
        _published = published;
        var test = new ClaimTest(cells);
        ClaimResult[] results = [.. (claims?.Claims ?? []).Select(test.Of)];
        (_claims, _beyond) = ([.. results.Where(c => c.Beyond is null)], [.. results.Where(c => c.Beyond is not null)]);
        _changed = Changed(claims?.Claims ?? []);
        IReadOnlyList<PaperTable> tables = published is null ? [] : new PaperTables(published, cells).All();
        (_made, _others) = ([.. tables.Where(t => t.Parts.Count > 0)], [.. tables.Where(t => t.Parts.Count == 0)]);
    }

    /// <summary>Writes both formats.</summary>
    public void Write()
    {
        AtomicFile.WriteAllText(Path.Combine(_output, "evidence.html"), Html());
        AtomicFile.WriteAllText(Path.Combine(_output, "evidence.md"), Markdown());
    }

    // Claims that changed since the first cell; null if no earlier copy exists.
    private IReadOnlyList<string>? Changed(IReadOnlyList<Claim> claims)
    {
        var file = Path.Combine(_output, EvidenceSources.ClaimsName);
        if (!File.Exists(file))
            return claims.Count == 0 ? [] : null;
        var before = EvidenceJson
            .ReadClaims(File.ReadAllText(file), file)
            .Claims.ToDictionary(c => c.Id, EvidenceJson.Write);
        return
        [
            .. claims.Where(c => before.GetValueOrDefault(c.Id) != EvidenceJson.Write(c)).Select(c => c.Id),
            .. before.Keys.Except(claims.Select(c => c.Id)),
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
            "What the papers claim and what was measured here",
            Rule(),
            Summary() + string.Concat(claims) + (Beyond() is { } beyond ? $"<p>{Svg.Escape(beyond)}</p>\n" : "")
        );
        foreach (var (id, title, citation, parts, notes) in _made)
            HtmlReport.Section(
                body,
                HtmlReport.Id(id),
                title,
                citation,
                string.Concat(
                    parts.Select(p => $"<h3>{Svg.Escape(p.Heading)}</h3>\n{p.Table.ToHtml($"{title}, {p.Heading}")}")
                )
                    + (notes.Length > 0 ? $"<p>{Svg.Escape(notes)}</p>\n" : "")
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
        HtmlReport.Section(body, "scale", "Scale", "What differs from the papers, by experiment.", Scale(html: true));
        return HtmlPage.Render("Evidence", Lead(), body.ToString(), Foot());
    }

    private string Markdown()
    {
        var text = new StringBuilder(
            $"# Evidence\n\n{Lead()}\n\n## What the papers claim and what was measured here\n\n{Rule()}\n\n"
        );
        foreach (var (paper, claims) in ByPaper())
            text.Append(CultureInfo.InvariantCulture, $"### {paper}\n\n{ClaimTable(claims).ToMarkdown()}\n");
        if (Beyond() is { } beyond)
            text.Append(beyond).Append("\n\n");
        foreach (var (_, title, citation, parts, notes) in _made)
        {
            text.Append(CultureInfo.InvariantCulture, $"## {title}\n\n{citation}\n\n");
            foreach (var part in parts)
                text.Append(CultureInfo.InvariantCulture, $"### {part.Heading}\n\n{part.Table.ToMarkdown()}\n");
            if (notes.Length > 0)
                text.Append(notes).Append("\n\n");
        }
        if (_others.Count > 0)
            text.Append("## Not measured here\n\n").AppendJoin("", _others.Select(t => $"- {t.Title}\n")).Append('\n');
        return text.Append(CultureInfo.InvariantCulture, $"## Scale\n\n{Scale(html: false)}").ToString();
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
        "A claim holds, or does not, if its test is significant at the 5 % level; with several seeds all must agree in "
        + "sign, or lie on the same side of a margin. Undecided means that this sample cannot tell; cannot be "
        + "tested here, that the claim is about another protocol, whose value these recipes cannot reach in any case. "
        + "Accuracies are tested over the examples, for the given trained models; the seeds show how much "
        + "training runs vary (each table's report has the t-test over seeds). There is no correction for multiple "
        + "testing: of twenty tests without an effect, one is expected to be significant. "
        + (_claims.Any(c => _otherAttack(c.Claim)) ? PaperTables.OtherAttack + " " : "")
        + (_claims.Any(c => c.SoFar) ? "So far: planned seeds are still missing. " : "")
        + (
            _changed is null ? "The claims were not recorded before the first cell was run."
            : _changed.Count == 0 ? "The claims are those recorded before the first cell was run."
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
        _claims.GroupBy(c => c.Claim.Paper).Select(g => (PaperTables.Name(g.Key), (IReadOnlyList<ClaimResult>)[.. g]));

    // Claims that no experiment here can decide, by the table they need.
    private string? Beyond()
    {
        if (_beyond.Count == 0)
            return null;
        var tables = _beyond
            .GroupBy(c => (c.Beyond!.Table, c.Beyond.Data))
            .Select(g =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{PaperTables.Name(g.Key.Table)} on {g.Key.Data} ({g.Count()})"
                )
            );
        return $"{Count(_beyond.Count, "further claim")} of the papers have no cells in these experiments; "
            + $"they need cells of {string.Join(", ", tables)}.";
    }

    private static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";

    private ReportTable ClaimTable(IReadOnlyList<ClaimResult> claims) =>
        new(
            ClaimColumns,
            [
                .. claims
                    .OrderBy(c => c.Verdict == Verdict.NotMeasured)
                    .Select(c =>
                        (ReportCell[])
                            [
                                new($"{c.Claim.Section}: {c.Claim.Sentence}" + Mark(c.Claim), Note: c.Claim.Id),
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

    private string Mark(Claim claim) => _otherAttack(claim) ? $" {PaperTables.Mark}" : "";

    private static string Words(TableCell cell) =>
        $"{cell.Table}, {cell.Row} on {cell.Data}{(cell.Attack is null ? "" : $" under {cell.Attack}")}";

    private static string Words(Verdict verdict) =>
        verdict switch
        {
            Verdict.Holds => "holds",
            Verdict.DoesNotHold => "does not hold",
            Verdict.Undecided => "undecided",
            Verdict.NotTestable => "cannot be tested here",
            _ => "not measured",
        };

    // Colours the verdicts; the words stay, so that colour is not required.
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

    private string Figures(string table) =>
        string.Concat(
            _folders
                .Where(f => f.Plan.Experiment.Reproduces == table)
                .SelectMany(ExperimentFigures.Drawn)
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
            foreach (var failure in folder.Failures())
                text.Append(html ? $"<p>failed: {Svg.Escape(failure)}</p>\n" : $"  - failed: {failure}\n");
        }
        if (_leftOut.Count > 0)
        {
            var left = $"A page covers a single scale. Not counted above: {string.Join(", ", _leftOut)}.";
            text.Append(html ? $"<p>{Svg.Escape(left)}</p>\n" : $"\n{left}\n");
        }
        return text.ToString();
    }

    private string Foot() =>
        "Made from the run folders of these experiments"
        + (_published is null ? "" : $"; {_published.Note}")
        + ". This file loads nothing and runs no script.";
}
