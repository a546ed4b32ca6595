using System.Net;
using System.Text.Json;
using RobustTickets.Cli.Playground.Compare;
using RobustTickets.Reports;
using Xunit;

namespace RobustTickets.Playground.Tests;

public sealed class CompareTests
{
    [Fact]
    public async Task The_table_has_the_figures_of_the_runs()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);

        var table = await playground.GetAsync("/api/compare");

        var run = RunRecord.Load(playground.State.Models[0].Run!);
        var row = table.GetProperty("models")[0];
        var attack = row.GetProperty("attacks").GetProperty("textfooler");
        Assert.Equal(["textfooler"], table.GetProperty("attacks").EnumerateArray().Select(a => a.GetString()));
        Assert.Equal(run.Parameters, row.GetProperty("parameters").GetInt64());
        Assert.Equal(run.Clean, row.GetProperty("clean").GetDouble());
        Assert.Equal(run.Attacks[0].Aua, attack.GetProperty("aua").GetDouble());
        Assert.Equal(run.Attacks[0].Suc, attack.GetProperty("suc").GetDouble());
        Assert.Equal(run.Attacks[0].MeanQueries, attack.GetProperty("queries").GetDouble());
    }

    [Fact]
    public async Task Only_the_first_fell_shows_exactly_those()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        const string Pair = "/api/compare/examples?attack=textfooler&first=brittle&second=sturdy";

        var all = await playground.GetAsync(Pair);
        var only = await playground.GetAsync($"{Pair}&show=only-first");

        var counts = all.GetProperty("counts").EnumerateObject().Sum(c => c.Value.GetInt32());
        Assert.Equal((200, 200), (all.GetProperty("count").GetInt32(), counts));
        var shown = only.GetProperty("examples").EnumerateArray().ToArray();
        Assert.NotEmpty(shown);
        Assert.All(
            shown,
            e =>
            {
                Assert.Equal("success", e.GetProperty("first").GetProperty("result").GetString());
                Assert.Equal("failed", e.GetProperty("second").GetProperty("result").GetString());
            }
        );
        var first = shown[0].GetProperty("first");
        Assert.Equal(Marked(first.GetProperty("before")).Length, Marked(first.GetProperty("after")).Length);
        Assert.NotEmpty(Marked(first.GetProperty("after")));
    }

    [Fact]
    public async Task Attacks_with_different_settings_are_said_not_to_compare()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        const string Pair = "/api/compare/examples?attack=textfooler&first=brittle&second=sturdy";
        Assert.Equal(JsonValueKind.Null, (await playground.GetAsync(Pair)).GetProperty("differs").ValueKind);
        var before = await playground.GetAsync("/api/compare");
        Assert.Empty(before.GetProperty("differs").GetProperty("textfooler").EnumerateArray());

        var summary = Path.Combine(playground.State.Models[1].Run!, "attacks", "textfooler", "summary.json");
        var text = await File.ReadAllTextAsync(summary);
        await File.WriteAllTextAsync(summary, text.Replace("\"query_budget\": null", "\"query_budget\": 9"));

        const string Why = "textfooler ran with different settings: query budget (none and 9)";
        Assert.Equal(Why, (await playground.GetAsync(Pair)).GetProperty("differs").GetString());
        var table = await playground.GetAsync("/api/compare");
        Assert.Equal(
            [$"sturdy cannot be compared with brittle: {Why}."],
            table.GetProperty("differs").GetProperty("textfooler").EnumerateArray().Select(d => d.GetString())
        );
    }

    [Fact]
    public async Task Pages_of_examples_follow_each_other()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        const string Pair = "/api/compare/examples?attack=textfooler&first=brittle&second=sturdy";

        var ids = new List<string>();
        for (var from = 0; from < 60; from += 20)
            ids.AddRange(Ids(await playground.GetAsync($"{Pair}&from={from}")));

        Assert.Equal(Enumerable.Range(0, 60).Select(i => $"test:{i}"), ids);
    }

    [Theory]
    [InlineData("attack=hammer&first=brittle&second=sturdy", HttpStatusCode.NotFound)]
    [InlineData("attack=../x&first=brittle&second=sturdy", HttpStatusCode.NotFound)]
    [InlineData("attack=textfooler&first=nobody&second=sturdy", HttpStatusCode.NotFound)]
    [InlineData("attack=textfooler&first=brittle&second=sturdy&show=x", HttpStatusCode.BadRequest)]
    [InlineData("attack=textfooler&first=brittle&second=sturdy&from=-1", HttpStatusCode.BadRequest)]
    public async Task What_cannot_be_compared_is_refused(string query, HttpStatusCode status)
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);

        using var response = await playground.Http.GetAsync($"/api/compare/examples?{query}");

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Exports_are_csv_with_a_line_for_each_row()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);

        var table = await playground.Http.GetStringAsync("/api/compare/table.csv?attack=textfooler");
        var examples = await playground.Http.GetStringAsync(
            "/api/compare/examples.csv?attack=textfooler&first=brittle&second=sturdy&show=both"
        );

        Assert.Equal(3, Lines(table).Length);
        Assert.StartsWith("brittle,", Lines(table)[1]);
        Assert.All(Lines(examples)[1..], line => Assert.Contains(",both,", line));
    }

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("@cmd", "'@cmd")]
    [InlineData("-x", "'-x")]
    [InlineData("-0.5", "-0.5")]
    [InlineData("a, b", "\"a, b\"")]
    [InlineData("say \"x\"", "\"say \"\"x\"\"\"")]
    [InlineData("=\"a\"", "\"'=\"\"a\"\"\"")]
    public void No_cell_is_run_by_a_spreadsheet(string cell, string written) =>
        Assert.Equal(written + "\r\n", new CsvLines().Add(cell).ToString());

    [Fact]
    public async Task A_speed_is_measured_on_texts_of_the_model()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);

        var told = await playground.AskAsync("/api/speed", new { model = "brittle" });

        Assert.True(told.GetProperty("textsPerSecond").GetDouble() > 0);
        Assert.Equal("texts of its own attacks", told.GetProperty("source").GetString());
    }

    private static string[] Lines(string csv) => csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> Ids(JsonElement told) =>
        told.GetProperty("examples").EnumerateArray().Select(e => e.GetProperty("id").GetString()!);

    private static string[] Marked(JsonElement words) =>
        [
            .. words
                .GetProperty("marks")
                .EnumerateArray()
                .Select(m => words.GetProperty("words")[m.GetInt32()].GetString()!),
        ];
}
