using System.Net;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Playground.Tests;

/// <summary>Runs and tickets over HTTP.</summary>
public sealed class RunsTests
{
    private static JsonElement Run(JsonElement list, string id) =>
        list.GetProperty("runs").EnumerateArray().Single(r => r.GetProperty("id").GetString() == id);

    [Fact]
    public async Task Runs_are_listed_with_their_results_and_an_unchanged_list_is_not_sent_again()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        var list = await playground.GetAsync("/api/runs");
        var robust = Run(list, "robust");
        Assert.Equal("finished", robust.GetProperty("status").GetString());
        Assert.Equal("early-robust", robust.GetProperty("recipe").GetProperty("name").GetString());
        Assert.True(robust.GetProperty("hasTicket").GetBoolean());
        Assert.False(Run(list, "baseline").GetProperty("hasTicket").GetBoolean());
        Assert.Equal(13, robust.GetProperty("kept").GetProperty("headsKept").GetInt32());

        var again = await playground.GetAsync($"/api/runs?since={list.GetProperty("version").GetString()}");
        Assert.True(again.GetProperty("unchanged").GetBoolean());
        Assert.False(again.TryGetProperty("runs", out _));
        Assert.True((await playground.GetAsync("/api/runs?since=other")).TryGetProperty("runs", out _));
        // No path of this machine is told.
        Assert.DoesNotContain(playground.State.Runs!, list.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_has_curves_masks_and_the_layers_of_its_ticket()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        var run = await playground.GetAsync("/api/runs/run?id=robust");
        Assert.InRange(run.GetProperty("loss").GetArrayLength(), 200, 400);
        Assert.NotEqual(0, run.GetProperty("masks").GetArrayLength());
        Assert.Equal(46, run.GetProperty("stop").GetProperty("stoppedAtStep").GetInt32());
        Assert.Equal(
            ["search", "retrain"],
            run.GetProperty("stages").EnumerateArray().Select(s => s.GetProperty("name").GetString())
        );
    }

    [Fact]
    public async Task A_run_at_work_is_seen_to_go_on_and_to_stop()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        var folder = Directory.CreateDirectory(Path.Combine(playground.State.Runs!, "now")).FullName;
        using (WriterLock.Take(folder))
        {
            using var log = EventLogWriter.Open(Path.Combine(folder, "events.jsonl"), 0);
            log.Append(new StageEntry("search", "begin", 40));
            log.Append(new StepEntry("search", 1, 0.1, double.NaN, 1e-5, 1, 400, 0.2, 5, 5, 5));
            var begun = await Until(playground, r => r.GetProperty("status").GetString() == "searching");
            Assert.Equal(40, begun.GetProperty("mostSteps").GetInt32());
            Assert.Equal(JsonValueKind.Null, begun.GetProperty("loss").ValueKind);
            log.Append(new StepEntry("search", 2, 0.2, 0.5, 1e-5, 1, 400, 0.2, 5, 5, 5));
            await Until(playground, r => r.GetProperty("step").GetInt32() == 2);
        }
        var left = await Until(playground, r => r.GetProperty("status").GetString() == "stopped");
        Assert.False(left.GetProperty("active").GetBoolean());
    }

    [Theory]
    [InlineData("/api/runs/run?id=../robust")]
    [InlineData("/api/runs/run?id=/etc")]
    [InlineData("/api/runs/run?id=")]
    [InlineData("/api/runs/run")]
    [InlineData("/report?run=../../etc/passwd")]
    [InlineData("/report?experiment=../x")]
    [InlineData("/api/ticket?run=..")]
    [InlineData("/api/ticket?run=baseline")]
    public async Task What_was_not_found_below_the_folder_is_not_there(string path)
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        using var response = await playground.Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var error = JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("error").GetString();
        Assert.DoesNotContain(playground.State.Runs!, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_is_made_without_writing_and_runs_no_script()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        var folder = Path.Combine(playground.State.Runs!, "robust");
        var before = Directory.GetFiles(folder, "*", SearchOption.AllDirectories);
        using (var made = await playground.Http.GetAsync("/report?run=robust"))
        {
            Assert.Contains("early-robust", await made.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            var policy = Assert.Single(made.Headers.GetValues("Content-Security-Policy"));
            Assert.StartsWith("default-src 'none'; style-src", policy, StringComparison.Ordinal);
            Assert.EndsWith("sandbox allow-popups", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("script", policy, StringComparison.Ordinal);
        }
        Assert.Equal(before, Directory.GetFiles(folder, "*", SearchOption.AllDirectories));

        // The file of the run goes first, but no link that leads elsewhere.
        File.WriteAllText(Path.Combine(folder, "report.html"), "<p>mine</p>");
        Assert.Equal("<p>mine</p>", await playground.Http.GetStringAsync("/report?run=robust"));
        File.Delete(Path.Combine(folder, "report.html"));
        File.WriteAllText(Path.Combine(playground.State.Runs!, "secret"), "secret");
        File.CreateSymbolicLink(Path.Combine(folder, "report.html"), Path.Combine(playground.State.Runs!, "secret"));
        using var linked = await playground.Http.GetAsync("/report?run=robust");
        Assert.Equal(HttpStatusCode.NotFound, linked.StatusCode);
    }

    [Fact]
    public async Task Tickets_are_compared_part_by_part()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        foreach (var (name, kept) in new[] { ("a", "[0,1]"), ("b", "[1,2]") })
        {
            var ticket = Directory.CreateDirectory(Path.Combine(playground.State.Runs!, name, "ticket")).FullName;
            File.WriteAllText(Path.Combine(playground.State.Runs!, name, "recipe.json"), "{}");
            File.WriteAllText(
                Path.Combine(ticket, "ticket.json"),
                """{"kind":"structured","heads":[4],"neurons":[8],"neurons_kept":[[0,1,2,3]],"heads_kept":["""
                    + kept
                    + "]}"
            );
        }
        var ticketA = await playground.GetAsync("/api/ticket?run=a");
        Assert.Equal("1100", ticketA.GetProperty("layers")[0].GetProperty("heads").GetString());
        var difference = await playground.GetAsync("/api/ticket/compare?run=a&other=b");
        var heads = difference.GetProperty("parts")[0];
        Assert.Equal((1, 0.5), (heads.GetProperty("shared").GetInt32(), heads.GetProperty("distance").GetDouble()));
        Assert.Equal(0, difference.GetProperty("parts")[1].GetProperty("distance").GetDouble());
        File.WriteAllText(Path.Combine(playground.State.Runs!, "b", "ticket", "ticket.json"), "{");
        using var broken = await playground.Http.GetAsync("/api/ticket/compare?run=a&other=b");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, broken.StatusCode);
    }

    private static async Task<JsonElement> Until(RunningPlayground playground, Func<JsonElement, bool> holds)
    {
        for (var look = 0; look < 300; look++)
        {
            var list = await playground.GetAsync("/api/runs");
            var run = list.GetProperty("runs")
                .EnumerateArray()
                .FirstOrDefault(r => r.GetProperty("id").GetString() == "now");
            if (run.ValueKind == JsonValueKind.Object && holds(run))
                return run;
            await Task.Delay(100);
        }
        throw new TimeoutException("the run never came to that");
    }
}
