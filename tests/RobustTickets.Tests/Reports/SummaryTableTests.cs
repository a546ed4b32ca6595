using System.Globalization;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Reports;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Reports;

public sealed class SummaryTableTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("table").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private RunRecord Ticket() =>
        RunRecord.Load(
            new SyntheticRun(_root)
            {
                Name = "early-robust",
                Ticket = true,
                Withstand = 0.4,
            }.Write("ticket")
        );

    private static double Number(ReportTable table, int row, string key) =>
        table.Rows[row][table.Columns.ToList().FindIndex(c => c.Key == key)].Number!.Value;

    // Recounted here from the raw lines with TextAttack's definitions, not through AttackRecord.
    [Fact]
    public void Rates_are_those_of_the_lines()
    {
        var run = Ticket();
        var lines = File.ReadLines(Path.Combine(run.Folder, "attacks", "textfooler", "examples.jsonl"))
            .Select(l => JsonElement.Parse(l))
            .ToArray();
        int Count(string result) => lines.Count(l => l.GetProperty("result").GetString() == result);
        var attacked = lines.Where(l => l.GetProperty("result").GetString() != "skipped").ToArray();
        var table = SummaryTable.Main([run]);
        Assert.Equal(100.0 * Count("failed") / lines.Length, Number(table, 0, "aua"), 10);
        Assert.Equal(
            100.0 * (Count("failed") + Count("success")) / lines.Length,
            Number(table, 0, "clean_attacked"),
            10
        );
        Assert.Equal(100.0 * Count("success") / (Count("success") + Count("failed")), Number(table, 0, "suc"), 10);
        Assert.Equal(
            attacked.Average(l => l.GetProperty("queries_asked").GetInt32()),
            Number(table, 0, "queries_asked"),
            10
        );
        Assert.Equal(
            attacked.Average(l => l.GetProperty("queries_forwarded").GetInt32()),
            Number(table, 0, "queries_forwarded"),
            10
        );
        Assert.NotEqual(
            lines.Average(l => l.GetProperty("queries_asked").GetInt32()),
            Number(table, 0, "queries_asked"),
            3
        );
        var won = lines.Where(l =>
            l.GetProperty("result").GetString() == "success" && l.GetProperty("words_changed").GetInt32() > 0
        );
        Assert.Equal(
            100
                * won.Average(l =>
                    (double)l.GetProperty("words_changed").GetInt32() / l.GetProperty("words").GetInt32()
                ),
            Number(table, 0, "words_changed"),
            10
        );
    }

    [Fact]
    public void Costs_and_stop_are_those_of_the_result()
    {
        var run = Ticket();
        var table = SummaryTable.Main([run]);
        Assert.Equal(run.Result.Model.ParametersWithoutEmbeddings, Number(table, 0, "parameters"));
        Assert.Equal(14.2, Number(table, 0, "seconds_search"));
        Assert.Equal(25.5, Number(table, 0, "seconds_retrain"));
        Assert.Equal(12_235, Number(table, 0, "tokens_per_second"));
        Assert.Equal(46, Number(table, 0, "stop_step"));
        Assert.Equal(93, Number(table, 0, "clean"), 10);
        Assert.Equal(["search", "retrain"], SummaryTable.Cost([run]).Rows.Select(r => r[1].Text));
    }

    [Fact]
    public void The_four_forms_hold_the_same_rows()
    {
        var plain = RunRecord.Load(new SyntheticRun(_root) { Attacked = 0 }.Write("plain"));
        var table = SummaryTable.Main([plain, Ticket()]);
        var markdown = table.ToMarkdown().TrimEnd('\n').Split('\n');
        Assert.Equal(4, markdown.Length);
        Assert.Single(markdown.Select(l => l.Length).Distinct());
        Assert.Contains("early-robust", markdown[3]);

        var csv = table.ToCsv().TrimEnd('\n').Split('\n');
        Assert.Equal(3, csv.Length);
        Assert.Equal(table.Columns.Select(c => c.Key), csv[0].Split(','));
        var at = csv[0].Split(',').ToList().IndexOf("aua");
        Assert.Equal("", csv[1].Split(',')[at]);
        Assert.Equal(Number(table, 1, "aua"), double.Parse(csv[2].Split(',')[at], CultureInfo.InvariantCulture));

        var json = JsonElement.Parse(table.ToJson().ToJsonString());
        Assert.Equal(JsonValueKind.Null, json[0].GetProperty("aua").ValueKind);
        Assert.Equal("fine-tune", json[0].GetProperty("model").GetString());
        Assert.Equal(Number(table, 1, "aua"), json[1].GetProperty("aua").GetDouble());
        Assert.Contains("<td class=\"number\">46</td>", table.ToHtml("x"));
    }

    [Fact]
    public void Special_characters_keep_their_cells()
    {
        var table = new ReportTable(
            [new("a", "A", "", false), new("b", "B", "", true)],
            [(ReportCell[])[new("x|\"y\",<z>"), ReportCell.Of(1.5, "0.0")]]
        );
        Assert.Contains("x\\|\"y\",<z>", table.ToMarkdown());
        Assert.Contains("\"x|\"\"y\"\",<z>\",1.5", table.ToCsv());
        Assert.Contains("x|&quot;y&quot;,&lt;z&gt;", table.ToHtml("c"));
    }

    [Fact]
    public void Equal_names_are_told_apart()
    {
        string Run(string folder, int seed) => new SyntheticRun(_root) { Seed = seed, Attacked = 0 }.Write(folder);
        Assert.Equal(
            ["fine-tune, seed 1", "fine-tune, seed 2"],
            RunRecord.LoadAll([Run("a", 1), Run("b", 2)]).Select(r => r.Label)
        );
        Assert.Equal(
            ["fine-tune (c)", "fine-tune (d)"],
            RunRecord.LoadAll([Run("c", 1), Run("d", 1)]).Select(r => r.Label)
        );
        Assert.Equal(["fine-tune"], RunRecord.LoadAll([Run("e", 1)]).Select(r => r.Label));
    }

    [Fact]
    public void Broken_and_unfinished_folders_are_refused_by_name()
    {
        Assert.Contains(
            "no such run folder",
            Assert.Throws<RunFolderException>(() => RunRecord.Load(Path.Combine(_root, "none"))).Message
        );

        var folder = new SyntheticRun(_root) { Ticket = true }.Write("broken");
        void Refused(string file, string content, string message)
        {
            var path = Path.Combine(folder, file);
            var before = File.ReadAllText(path);
            File.WriteAllText(path, content);
            var error = Assert.Throws<DataException>(() => RunRecord.Load(folder));
            Assert.Contains(path, error.Message);
            Assert.Contains(message, error.Message);
            File.WriteAllText(path, before);
        }

        Refused("recipe.json", "{", "recipe.json:1: not JSON");
        Refused("ticket/ticket.json", "{\"heads_kept\": 3}", "indices per layer");
        Refused("ticket/distances.json", "{\"steps\":[1,2],\"heads\":[[0]],\"neurons\":[[0]]}", "2 x 2");
        Refused("attacks/textfooler/examples.jsonl", "{\"result\":\"maybe\"}\n", "maybe");
        Refused("attacks/textfooler/summary.json", "[", "summary.json:1: not JSON");
        File.Delete(Path.Combine(folder, "result.json"));
        Assert.Contains("has not finished", Assert.Throws<DataException>(() => RunRecord.Load(folder)).Message);
    }

    [Theory]
    [InlineData(63_200_000, "63.2M")]
    [InlineData(786_432, "0.79M")]
    [InlineData(12_345, "12.3k")]
    [InlineData(12, "12")]
    public void Parameters_print_as_in_papers(long count, string text) =>
        Assert.Equal(text, SummaryTable.Parameters(count));
}
