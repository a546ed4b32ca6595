using System.Text.RegularExpressions;
using Microsoft.Playwright;
using RobustTickets.Attacks;
using RobustTickets.Runs;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace RobustTickets.Playground.Tests;

/// <summary>The pages of runs and tickets in a browser.</summary>
public sealed class RunsBrowserTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private static StepEntry Step(long step) =>
        new("search", step, step / 40.0, 0.7 - step / 100.0, 1e-5, 1, 400, 0.2, 5, 5, 5);

    [SkippableFact]
    public async Task A_run_is_followed_from_its_first_step_to_its_end_without_reloading()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        await using var opened = await browser.OpenAsync(playground.Address, fragment: "#/runs");
        var page = opened.Page;
        await Expect(page.Locator(".runs-table tbody tr")).ToHaveCountAsync(2);

        var folder = Directory.CreateDirectory(Path.Combine(playground.State.Runs!, "now")).FullName;
        using (WriterLock.Take(folder))
        {
            using var log = EventLogWriter.Open(Path.Combine(folder, "events.jsonl"), 0);
            log.Append(new StageEntry("search", "begin", 40));
            for (var s = 1; s <= 10; s++)
                log.Append(Step(s));
            await page.GetByRole(AriaRole.Link, new() { Name = "now", Exact = true }).ClickAsync();
            await Expect(page.Locator(".title-line .chip")).ToHaveTextAsync("searching a ticket");
            await Expect(page.GetByText("step 10 of at most 40")).ToBeVisibleAsync();
            await Expect(page.GetByText(new Regex("6\\.0 s left in this stage"))).ToBeVisibleAsync();
            await Expect(page.GetByRole(AriaRole.Img, new() { NameRegex = new Regex("^Loss\\. 10 steps") }))
                .ToBeVisibleAsync();

            log.Append(
                new MaskEntry(
                    "search",
                    10,
                    1,
                    null,
                    null,
                    0,
                    [new MaskLayer("1101", 30, 64), new MaskLayer("0111", 20, 64)]
                )
            );
            log.Append(Step(11));
            log.Append(
                new MaskEntry(
                    "search",
                    11,
                    2,
                    0.25,
                    0.125,
                    1,
                    [new MaskLayer("1101", 30, 64), new MaskLayer("1111", 20, 64)]
                )
            );
            await Expect(page.GetByText("step 11 of at most 40")).ToBeVisibleAsync();
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The ticket that would be drawn now" }))
                .ToBeVisibleAsync();
            await Expect(page.Locator(".ticket .heads .kept")).ToHaveCountAsync(7);
            await Expect(page.GetByRole(AriaRole.Img, new() { NameRegex = new Regex("^Mask distance\\.") }))
                .ToBeVisibleAsync();
        }
        await Expect(page.Locator(".title-line .chip")).ToHaveTextAsync("stopped");
        await Expect(page.Locator("#say")).ToHaveTextAsync("now: stopped");
        // The curve as a table.
        await page.Locator("figure.chart")
            .Filter(new() { HasText = "Mask distance" })
            .GetByText("The figures")
            .ClickAsync();
        await Expect(page.Locator("figure.chart table tbody tr").First).ToContainTextAsync("10");
    }

    [SkippableTheory]
    [InlineData(390, ColorScheme.Dark)]
    [InlineData(2560, ColorScheme.Light)]
    public async Task Pages_of_runs_and_tickets_fit_their_screen(int width, ColorScheme scheme)
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        await using var opened = await browser.OpenAsync(playground.Address, width, scheme, "#/runs");
        var page = opened.Page;
        foreach (
            var (fragment, sign) in new[]
            {
                ("#/runs", ".runs-table"),
                ("#/runs?run=robust", "figure.chart svg"),
                ("#/ticket?run=robust", "#panel-ticket .ticket"),
            }
        )
        {
            await page.GotoAsync(new Uri(playground.Address, fragment).ToString());
            await Expect(page.Locator(sign).First).ToBeVisibleAsync();
            var over = await page.EvaluateAsync<int>(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            );
            Assert.True(over <= 0, $"{fragment} at {width}: {over} pixels too wide");
        }
    }

    [SkippableFact]
    public async Task A_hostile_run_is_text_and_a_run_that_goes_away_is_said()
    {
        const string Name = "<img src=x onerror=alert(1)>";
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        var folder = Directory.CreateDirectory(Path.Combine(playground.State.Runs!, Name)).FullName;
        File.WriteAllText(Path.Combine(folder, "recipe.json"), $$"""{"name":"{{Name}}","task":"</script>"}""");
        await using var opened = await browser.OpenAsync(playground.Address, fragment: "#/runs");
        opened.Expected = c => c.Contains("404", StringComparison.Ordinal);
        var page = opened.Page;
        await page.GetByRole(AriaRole.Link, new() { Name = Name, Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = Name, Exact = true })).ToBeVisibleAsync();
        Assert.Equal(0, await page.Locator("main img").CountAsync());
        Directory.Delete(folder, recursive: true);
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("there is no such run");
    }
}
