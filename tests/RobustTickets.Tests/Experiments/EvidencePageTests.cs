// One page from finished cells: the paper's number beside ours, claims with their verdicts, and
// what is missing said; the report of a table over its seeds.
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RobustTickets.Cli;
using RobustTickets.Experiments;
using RobustTickets.Experiments.Evidence;
using RobustTickets.Tests.Cli;
using Xunit;

namespace RobustTickets.Tests.Experiments;

[Collection(TorchCollection.Name)]
public sealed class EvidencePageTests : IDisposable
{
    private readonly TinyExperiment _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void The_page_sets_papers_and_ours_side_by_side_and_says_what_is_missing()
    {
        var json = TinyExperiment.Json();
        json["reproduces"] = "paper/table-1";
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
        File.WriteAllText(
            _tiny.Task.Below("published.json"),
            """
            { "note": "as printed", "tables": [
                { "id": "paper/table-1", "title": "Methods", "citation": "A paper\u202e <i>" },
                { "id": "paper/table-9", "title": "Another", "citation": "A paper" } ],
              "rows": [ { "table": "paper/table-1", "row": "ticket", "data": "toy", "clean": 91.5,
                  "attacks": [ { "attack": "swap", "aua": 12.3, "queries": 45.6 },
                    { "attack": "other", "aua": 1.5 } ] },
                { "table": "paper/table-1", "row": "elsewhere", "data": "toy", "clean": 77.7 } ] }
            """
        );
        Claims(margin: -100);
        var output = _tiny.Task.Below("evidence");
        var run = _tiny.Run(output, null, "--only", "plain", "--only", "ticket");
        Assert.True(run.Code == ExitCodes.Ok, run.Error);

        var page = File.ReadAllText(Path.Combine(output, "evidence.md"));
        Assert.Contains("12.3", page);
        Assert.Contains("91.5", page);
        Assert.Contains("Not measured here: toy under other.", page);
        Assert.Contains("## Not measured here\n\n- paper Table 9: Another\n\n", page);
        Assert.Matches(@"\| 5\.1: always \(always\) +\| holds ", page);
        Assert.Contains("; claimed: above -100", page);
        Assert.Contains("missing: paper/table-1, control on toy under swap", page);
        // A row that no experiment here has is no gap in the table of claims.
        const string Beyond =
            "1 further claim of the papers have no cells in these experiments; "
            + "they need cells of paper Table 1 on toy (1).";
        Assert.Contains(Beyond, page);
        Assert.DoesNotContain("beyond", page);
        // What was measured comes first.
        Assert.True(
            page.LastIndexOf("| holds ", StringComparison.Ordinal)
                < page.IndexOf("| not measured ", StringComparison.Ordinal),
            page
        );
        Assert.Matches(@"\| elsewhere +\| +– \|", page);
        Assert.Contains("those recorded before the first cell was run", page);
        var html = File.ReadAllText(Path.Combine(output, "evidence.html"));
        Assert.Contains("<mark class=\"now\">holds</mark>", html);
        Assert.Contains("<strong>1</strong> not measured.", html);
        Assert.Contains($"<p>{Beyond}</p>", html);
        Assert.DoesNotContain("<script", html);
        Assert.Contains(@"A paper\u202e &lt;i&gt;", html);
        Assert.DoesNotContain('\u202e', html);

        // A claim that changed after the first cell is named.
        Claims(margin: -99);
        Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, "--only", "plain").Code);
        Assert.Contains(
            "Changed since the first cell was run: always.",
            File.ReadAllText(Path.Combine(output, "evidence.md"))
        );

        // So are claims that are gone.
        File.Delete(Path.Combine(Path.GetDirectoryName(_tiny.FilePath)!, "claims.json"));
        Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, "--only", "plain").Code);
        var removed = File.ReadLines(Path.Combine(output, "evidence.md")).Single(l => l.Contains("Changed since"));
        Assert.Contains("always", removed);

        // Claims and published numbers are no experiments.
        var folder = CliRun.Of("experiment", _tiny.Task.Below("none"), "--list");
        Assert.NotEqual(ExitCodes.Ok, folder.Code);
    }

    [Fact]
    public void Claims_of_every_folder_are_tested_and_two_of_one_name_must_agree()
    {
        string Folder(string name, string id, double margin)
        {
            var folder = Directory.CreateDirectory(_tiny.Task.Below(name)).FullName;
            File.Copy(_tiny.FilePath, Path.Combine(folder, $"{name}.json"));
            Claims(margin);
            var claims = Path.Combine(Path.GetDirectoryName(_tiny.FilePath)!, "claims.json");
            File.WriteAllText(
                Path.Combine(folder, "claims.json"),
                File.ReadAllText(claims).Replace("\"always\"", $"\"{id}\"", StringComparison.Ordinal)
            );
            return folder;
        }
        var (first, second, third) = (Folder("a", "x", -100), Folder("b", "y", -100), Folder("c", "x", -99));
        string[] Ids(params string[] places) =>
            [.. EvidenceSources.Beside(places)!.Read().Claims!.Claims.Select(c => c.Id).Where(i => i is "x" or "y")];
        Assert.Equal(["x", "y"], Ids(first, second));
        Assert.Equal(["y", "x"], Ids(second, Path.Combine(first, "a.json"), first));
        var refused = Assert.Throws<RecipeException>(() => Ids(first, third)).Message;
        Assert.Contains($"{Path.Combine(third, "claims.json")}: claim \"x\" is defined differently in", refused);
    }

    [Fact]
    public void Claims_that_came_after_a_cell_are_not_said_to_have_been_there_before()
    {
        var json = TinyExperiment.Json();
        json["reproduces"] = "paper/table-1";
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
        Claims(margin: -100);
        var sources = EvidenceSources.Beside([_tiny.FilePath])!;
        var plan = Assert.Single(ExperimentFiles.Plan([_tiny.FilePath]));
        string Rule(string name, bool begun)
        {
            var output = Directory.CreateDirectory(_tiny.Task.Below(name)).FullName;
            if (begun)
                Directory.CreateDirectory(Path.Combine(output, "cells", "0123"));
            sources.Keep(output);
            new EvidencePage([new ExperimentFolder(output, plan)], sources).Write();
            return File.ReadAllText(Path.Combine(output, "evidence.md"));
        }
        Assert.Contains("The claims were not recorded before the first cell was run.", Rule("late", begun: true));
        Assert.Contains("those recorded before the first cell", Rule("early", begun: false));
    }

    [Fact]
    public void A_verdict_on_some_of_the_planned_seeds_is_one_so_far()
    {
        var json = TinyExperiment.Json();
        json["reproduces"] = "paper/table-1";
        json["seeds"] = new JsonArray(1, 2);
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
        Claims(margin: -100);
        var output = _tiny.Task.Below("evidence");
        string Page(string seed)
        {
            var run = _tiny.Run(output, null, "--only", $"plain.*{seed}", "--only", $"ticket.*{seed}");
            Assert.True(run.Code == ExitCodes.Ok, run.Error);
            return File.ReadAllText(Path.Combine(output, "evidence.md"));
        }
        var first = Page("1");
        Assert.Matches(@"\| 5\.1: always \(always\) +\| holds, so far ", first);
        Assert.Contains("So far: planned seeds are still missing.", first);
        var both = Page("2");
        Assert.Matches(@"\| 5\.1: always \(always\) +\| holds +\| [^|]*2 seeds", both);
        Assert.DoesNotContain("so far", both, StringComparison.OrdinalIgnoreCase);
    }

    // The papers' scripts attacked with another recipe than the one of that name.
    [Theory]
    [InlineData("early-robust/table-1", "textfooler", true)]
    [InlineData("paper/table-1", "textfooler", false)]
    public void Figures_of_papers_under_another_attack_of_the_same_name_are_marked(
        string table,
        string recipe,
        bool marked
    )
    {
        var json = TinyExperiment.Json();
        json["reproduces"] = table;
        json["seeds"] = new JsonArray(1);
        json["attacks"]![0]!["name"] = "bert-attack";
        json["attacks"]![0]!["recipe"] = recipe;
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
        var published = """
            { "note": "as printed", "tables": [ { "id": "TABLE", "title": "Methods", "citation": "A paper" } ],
              "rows": [ { "table": "TABLE", "row": "plain", "data": "toy", "clean": 91.5,
                  "attacks": [ { "attack": "bert-attack", "aua": 12.3 } ] } ] }
            """;
        File.WriteAllText(
            _tiny.Task.Below("published.json"),
            published.Replace("TABLE", table, StringComparison.Ordinal)
        );
        var (other, claims) = ("paper/table-1", _tiny.Task.Below("claims.json"));
        Claims(margin: -100);
        File.WriteAllText(
            claims,
            File.ReadAllText(claims)
                .Replace(other, table, StringComparison.Ordinal)
                .Replace("swap", "bert-attack", StringComparison.Ordinal)
        );
        var output = _tiny.Task.Below("marked");
        var run = _tiny.Run(output, null, "--only", "plain", "--only", "ticket");
        Assert.True(run.Code == ExitCodes.Ok, run.Error);
        foreach (var file in new[] { "evidence.md", "evidence.html" })
        {
            var page = File.ReadAllText(Path.Combine(output, file));
            Assert.Equal(
                marked ? 2 : 0,
                Regex.Count(page, "† The papers' code calls a variant|† The papers&#39; code")
            );
            Assert.Equal(marked, page.Contains("toy, bert-attack †", StringComparison.Ordinal));
            Assert.Equal(marked, page.Contains("5.1: always †", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Under_the_attack_of_the_papers_scripts_nothing_is_marked()
    {
        var cell = new TableCell("robust-ticket/table-1", "fine-tune", "sst2", "bert-attack");
        Assert.True(PaperTables.IsOtherAttack(cell, "bert-attack"));
        Assert.True(PaperTables.IsOtherAttack(cell, "bert-attack-library"));
        Assert.False(PaperTables.IsOtherAttack(cell, "bert-attack-released"));
        Assert.False(PaperTables.IsOtherAttack(cell with { Attack = "textfooler" }, "textfooler"));
    }

    [Fact]
    public void The_report_of_a_table_tests_methods_on_the_same_examples_and_seeds()
    {
        var output = _tiny.Task.Below("report");
        var figures = Directory.CreateDirectory(TinyExperiment.Table(output, "figures")).FullName;
        File.WriteAllText(Path.Combine(figures, "older.toy.svg"), "<svg></svg>");
        var run = _tiny.Run(output);
        Assert.True(run.Code == ExitCodes.Ok, run.Error);
        var html = File.ReadAllText(TinyExperiment.Table(output, "report.html"));
        Assert.Contains("Differences to plain under swap on toy", html);
        Assert.Contains("The p-values are not corrected for multiple comparisons", html);
        Assert.Contains("Accuracy of the 10 attacked examples before and under swap, all seeds together.", html);
        Assert.Contains(
            "Clean is measured on the reported rows (toy: dev (sample of 30 of 40, seed 42), 30 rows)",
            html
        );
        // Beside the method stands what was asked: no scrolling on a narrow screen.
        Assert.Matches("<th scope=\"col\"[^>]*>Method</th><th scope=\"col\"[^>]*>Aua\u00a0%</th>", html);
        Assert.Contains("class=\"narrow\"", html);
        // Of the figures those that the experiment asks for.
        Assert.Contains("kept.toy", html);
        Assert.DoesNotContain("older.toy", html);
    }

    private void Claims(double margin) =>
        File.WriteAllText(
            _tiny.Task.Below("claims.json"),
            new JsonObject
            {
                ["title"] = "t",
                ["claims"] = new JsonArray(
                    Claim("always", "ticket", "plain", margin),
                    Claim("missing", "control", "plain", 0),
                    Claim("beyond", "another", "plain", 0)
                ),
            }.ToJsonString()
        );

    private static JsonObject Claim(string id, string more, string than, double margin)
    {
        JsonObject Cell(string row) =>
            new()
            {
                ["table"] = "paper/table-1",
                ["row"] = row,
                ["data"] = "toy",
                ["attack"] = "swap",
            };
        return new()
        {
            ["kind"] = "difference",
            ["id"] = id,
            ["paper"] = "paper",
            ["section"] = "5.1",
            ["sentence"] = id,
            ["measure"] = "aua",
            ["more"] = Cell(more),
            ["than"] = Cell(than),
            ["margin"] = margin,
        };
    }
}
