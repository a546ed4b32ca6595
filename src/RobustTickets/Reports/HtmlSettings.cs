// Settings behind the numbers: differences between the recipes, every recipe in full, the attacks'
// settings, program and machine.
using System.Globalization;
using System.Text;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Reports;

internal static class HtmlSettings
{
    public static void Append(StringBuilder html, IReadOnlyList<RunRecord> runs)
    {
        var body = new StringBuilder();
        var labels = runs.Select(r => r.Label).ToArray();
        var recipes = runs.Select(r => r.Recipe.ToDictionary(p => p.Key, p => p.Value)).ToArray();
        var paths = runs.SelectMany(r => r.Recipe.Select(p => p.Key)).Distinct().ToArray();
        var all = Rows(paths, recipes);
        if (runs.Count > 1)
        {
            body.Append("<h3>Where the recipes differ</h3>\n")
                .Append(
                    Facts(
                        "Values of the recipes that are not the same in all runs",
                        labels,
                        [.. all.Where(r => r.Values.Distinct().Count() > 1)]
                    )
                );
            body.Append("<details><summary>What they have in common</summary>")
                .Append(
                    Facts(
                        "Values that are the same in all runs",
                        ["all runs"],
                        [
                            .. all.Where(r => r.Values.Distinct().Count() == 1)
                                .Select(r => (r.Name, (IReadOnlyList<string>)[r.Values[0]])),
                        ]
                    )
                )
                .Append("</details>\n");
        }
        else
        {
            body.Append("<h3>Recipe</h3>\n").Append(Facts("The recipe as run", labels, all));
        }
        Attacks(body, runs);
        body.Append("<h3>Program and machine</h3>\n");
        var stamps = runs.Select(Stamp).ToArray();
        var rows = Rows(
            [.. stamps.SelectMany(s => s.Select(p => p.Key)).Distinct()],
            [.. stamps.Select(s => s.ToDictionary(p => p.Key, p => p.Value))]
        );
        body.Append(Shared("Program, libraries and machine", labels, rows));
        HtmlReport.Section(html, "settings", "Settings and environment", "", body.ToString());
    }

    private static void Attacks(StringBuilder body, IReadOnlyList<RunRecord> runs)
    {
        foreach (var name in runs.SelectMany(r => r.Attacks).Select(a => a.Name).Distinct())
        {
            var attacks = runs.Select(r => r.Attacks.FirstOrDefault(a => a.Name == name)).ToArray();
            var facts = attacks
                .Select(a => (a?.Settings ?? []).DistinctBy(p => p.Key).ToDictionary(p => p.Key, p => p.Value))
                .ToArray();
            var rows = Rows([.. attacks.SelectMany(a => a?.Settings ?? []).Select(p => p.Key).Distinct()], facts);
            if (rows.Count == 0)
                continue;
            body.Append("<h3>Attack ")
                .Append(Svg.Escape(name))
                .Append("</h3>\n")
                .Append(
                    Shared(
                        $"Components of {name}, its inputs and what its constraints rejected",
                        [.. runs.Select(r => r.Label)],
                        rows
                    )
                );
        }
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Stamp(RunRecord run)
    {
        if (run.Environment is not { } e)
            return [];
        var facts = new List<KeyValuePair<string, string>>
        {
            new("program", e.Commit is null ? e.Version : $"{e.Version}, commit {e.Commit}"),
            new(".NET", e.Framework),
            new("system", $"{e.OperatingSystem}, {e.Architecture}"),
            new("processor", string.Create(CultureInfo.InvariantCulture, $"{e.Cpu}, {e.Cores} cores")),
            new(
                "memory",
                string.Create(CultureInfo.InvariantCulture, $"{e.MemoryBytes / (1024.0 * 1024 * 1024):0.0} GiB")
            ),
        };
        facts.AddRange(e.Extra);
        if (e.CommandLine.Count > 0)
            facts.Add(new("command line", string.Join(' ', e.CommandLine)));
        return facts;
    }

    private static List<(string Name, IReadOnlyList<string> Values)> Rows(
        IReadOnlyList<string> names,
        IReadOnlyList<Dictionary<string, string>> sources
    ) => [.. names.Select(n => (n, (IReadOnlyList<string>)[.. sources.Select(s => s.GetValueOrDefault(n) ?? "–")]))];

    // Settings equal in all runs are in a table with one column; differing ones next to it.
    private static string Shared(
        string caption,
        IReadOnlyList<string> labels,
        IReadOnlyList<(string Name, IReadOnlyList<string> Values)> rows
    )
    {
        if (labels.Count == 1)
            return Facts(caption, labels, rows);
        var same = rows.Where(r => r.Values.Distinct().Count() == 1)
            .Select(r => (r.Name, (IReadOnlyList<string>)[r.Values[0]]))
            .ToArray();
        var other = rows.Where(r => r.Values.Distinct().Count() > 1).ToArray();
        return (same.Length > 0 ? Facts(caption, ["all runs"], same) : "")
            + (other.Length > 0 ? Facts(same.Length > 0 ? "What differs" : caption, labels, other) : "");
    }

    private static string Facts(
        string caption,
        IReadOnlyList<string> headers,
        IReadOnlyList<(string Name, IReadOnlyList<string> Values)> rows
    )
    {
        if (rows.Count == 0)
            return "<p class=\"lead\">Nothing.</p>\n";
        var text = new StringBuilder("<div class=\"scroll\"><table class=\"facts\"><caption>")
            .Append(Svg.Escape(caption))
            .Append("</caption><thead><tr><th scope=\"col\">setting</th>");
        foreach (var header in headers)
            text.Append("<th scope=\"col\">").Append(Svg.Escape(header)).Append("</th>");
        text.Append("</tr></thead><tbody>\n");
        foreach (var (name, values) in rows)
        {
            text.Append("<tr><th scope=\"row\">").Append(Svg.Escape(name)).Append("</th>");
            foreach (var value in values)
                text.Append("<td>").Append(Svg.Escape(value)).Append("</td>");
            text.Append("</tr>\n");
        }
        return text.Append("</tbody></table></div>\n").ToString();
    }
}
