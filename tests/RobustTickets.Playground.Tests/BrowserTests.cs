using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace RobustTickets.Playground.Tests;

public sealed class BrowserTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const string Text = "A warm and moving film.";
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("moving", 60));

    [SkippableFact]
    public async Task Typing_shows_the_answers_of_both_models_and_the_words_they_hang_on()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var opened = await browser.OpenAsync(playground.Address);
        var page = opened.Page;
        var asked = new List<string>();
        page.Request += (_, request) => asked.Add(request.Url);

        await page.GetByLabel("Text", new() { Exact = true }).PressSequentiallyAsync(Text);

        var answers = page.Locator(".answer");
        await Expect(answers).ToHaveCountAsync(2);
        await Expect(answers.Nth(0).Locator(".label")).ToHaveTextAsync("positive");
        await Expect(answers.Nth(0).Locator(".bars .top dd").Last).ToHaveTextAsync("90.0 %");
        await Expect(answers.Nth(0).Locator(".for")).ToHaveTextAsync(["warm", "moving"]);
        await Expect(answers.Nth(0).Locator(".strongest")).ToContainTextAsync("moving −21.0 points");
        // The text is in the link, behind the #, and in no address that was asked for.
        Assert.Contains("#/try?text=A+warm+and+moving+film.", page.Url);
        Assert.DoesNotContain(asked, url => url.Contains("warm", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_link_opens_with_its_text_and_attack()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var opened = await browser.OpenAsync(
            playground.Address,
            fragment: "#/try?text=A+flat+film.&pair=So+thin.&model=sturdy&attack=deepwordbug"
        );

        await Expect(opened.Page.GetByLabel("Text", new() { Exact = true })).ToHaveValueAsync("A flat film.");
        await Expect(opened.Page.GetByLabel("Second text", new() { Exact = true })).ToHaveValueAsync("So thin.");
        await Expect(opened.Page.GetByLabel("Model", new() { Exact = true })).ToHaveValueAsync("sturdy");
        await Expect(opened.Page.Locator(".answer .label").First).ToHaveTextAsync("negative");
    }

    [SkippableFact]
    public async Task An_attack_chosen_after_that_of_the_link_stays_when_the_model_changes()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var opened = await browser.OpenAsync(playground.Address);
        var page = opened.Page;
        // The list of the second model is longer, so that its arrival is seen.
        await page.RouteAsync(
            "**/api/attacks?*",
            route =>
            {
                string[] names = ["textfooler", "pwws", "deepwordbug"];
                var shown = route.Request.Url.EndsWith("sturdy", StringComparison.Ordinal) ? names : names[1..];
                var attacks = shown.Select(n => new Dictionary<string, object>
                {
                    ["name"] = n,
                    ["summary"] = "an attack",
                    ["lacks"] = Array.Empty<string>(),
                    ["without"] = Array.Empty<string>(),
                });
                return route.FulfillAsync(
                    new()
                    {
                        ContentType = "application/json",
                        Body = JsonSerializer.Serialize(new Dictionary<string, object> { ["attacks"] = attacks }),
                    }
                );
            }
        );
        var attack = page.Locator("#attack-name");
        await page.GotoAsync(new Uri(playground.Address, "#/try?text=A+flat+film.&attack=deepwordbug").ToString());
        await Expect(attack).ToHaveValueAsync("deepwordbug");
        await Expect(attack.Locator("option")).ToHaveCountAsync(2);

        await attack.SelectOptionAsync("pwws");
        await page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("sturdy");

        await Expect(attack.Locator("option")).ToHaveCountAsync(3);
        await Expect(attack).ToHaveValueAsync("pwws");
        await Expect(page).ToHaveURLAsync(new Regex("attack=pwws"));
    }

    [SkippableFact]
    public async Task A_late_answer_of_Compare_leaves_the_link_of_the_page_shown_alone()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        await using var opened = await browser.OpenAsync(playground.Address, fragment: $"#/try?text={Text}");
        var page = opened.Page;
        var late = new TaskCompletionSource();
        foreach (var path in new[] { "**/api/compare", "**/api/speed" })
            await page.RouteAsync(
                path,
                async route =>
                {
                    await late.Task;
                    await route.ContinueAsync();
                }
            );

        await Show("Compare");
        await Show("Try");
        await Answer("**/api/compare");
        Assert.Contains("#/try?text=", page.Url);

        // The same for an answer that redraws the table.
        await Show("Compare");
        var measure = page.GetByRole(AriaRole.Button, new() { Name = "Measure brittle" });
        await Expect(measure).ToBeVisibleAsync();
        late = new TaskCompletionSource();
        await measure.ClickAsync();
        await Show("Try");
        await Answer("**/api/speed");
        await Expect(page.Locator("#panel-compare")).ToContainTextAsync("word pieces");
        Assert.Contains("#/try?text=", page.Url);

        async Task Show(string name)
        {
            await page.GetByRole(AriaRole.Tab, new() { Name = name }).ClickAsync();
            await Expect(page.Locator($"#panel-{name.ToLowerInvariant()}")).ToBeVisibleAsync();
        }

        // Until the page has dealt with the answer: what it does then begins before the next frame.
        async Task Answer(string path)
        {
            await page.RunAndWaitForResponseAsync(
                () =>
                {
                    late.SetResult();
                    return Task.CompletedTask;
                },
                path
            );
            await page.EvaluateAsync("() => new Promise((r) => requestAnimationFrame(() => setTimeout(r, 200)))");
        }
    }

    [SkippableFact]
    public async Task An_attack_is_watched_to_its_end_on_every_model()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var opened = await browser.OpenAsync(playground.Address, fragment: $"#/try?text={Text}");
        var page = opened.Page;

        await page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("every model");
        await page.GetByRole(AriaRole.Button, new() { Name = "Attack", Exact = true }).ClickAsync();

        var fights = page.Locator(".fight");
        await Expect(fights).ToHaveCountAsync(2);
        await Expect(fights.Nth(0).Locator(".chip").First).ToHaveTextAsync("fell");
        await Expect(fights.Nth(0).Locator(".sentence")).ToContainTextAsync("positive became negative");
        await Expect(fights.Nth(0).Locator("mark.was").First).ToBeVisibleAsync();
        Assert.Equal(
            await fights.Nth(0).Locator("mark.was").CountAsync(),
            await fights.Nth(0).Locator("mark.now").CountAsync()
        );
        await Expect(fights.Nth(0).Locator(".steps li").First).ToBeVisibleAsync();
        await Expect(fights.Nth(0).Locator(".tries .falls").First).ToBeVisibleAsync();
        await Expect(fights.Nth(0).Locator(".curve[role=img]")).ToBeVisibleAsync();
        await Expect(fights.Nth(1).Locator(".chip").First).ToHaveTextAsync("held");
        await Expect(page.GetByText(new Regex("^[0-9] more cannot run here$"))).ToBeVisibleAsync();
    }

    [SkippableFact]
    public async Task Escape_stops_an_attack_at_once()
    {
        await using var playground = await RunningPlayground.StartAsync(TimeSpan.FromMilliseconds(40));
        await using var opened = await browser.OpenAsync(playground.Address, fragment: $"#/try?text={Long}");
        var page = opened.Page;
        await page.GetByLabel("Text", new() { Exact = true }).FocusAsync();

        await page.Keyboard.PressAsync("Alt+Enter");
        await Expect(page.Locator(".fight .chip")).ToHaveTextAsync("searches");
        await page.Keyboard.PressAsync("Escape");

        await Expect(page.Locator(".fight .chip")).ToHaveTextAsync("stopped");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Attack", Exact = true })).ToBeEnabledAsync();
        for (var i = 0; i < 100 && playground.State.Slots.Taken > 0; i++)
            await Task.Delay(20);
        Assert.Equal(0, playground.State.Slots.Taken);
    }

    [SkippableFact]
    public async Task Compare_filters_the_examples_where_only_the_first_fell()
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        await using var opened = await browser.OpenAsync(playground.Address, fragment: "#/compare");
        var page = opened.Page;

        await Expect(page.Locator("table tbody tr")).ToHaveCountAsync(2);
        await page.GetByText("Only the first fell").ClickAsync();
        await Expect(page.Locator(".filter label.on")).ToContainTextAsync("Only the first fell");
        var examples = page.Locator("article.example");
        await Expect(examples.First).ToBeVisibleAsync();
        Assert.All(
            await examples.Locator(".side:nth-child(1) .chip").AllTextContentsAsync(),
            t => Assert.Equal("fell", t)
        );
        Assert.All(
            await examples.Locator(".side:nth-child(2) .chip").AllTextContentsAsync(),
            t => Assert.Equal("held", t)
        );
        await Expect(examples.First.Locator("mark.now").First).ToBeVisibleAsync();
        Assert.Contains("show=only-first", page.Url);

        var download = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Button, new() { Name = "Export CSV" }).Last.ClickAsync()
        );
        Assert.Equal("examples.csv", download.SuggestedFilename);
        var lines = await File.ReadAllLinesAsync(await download.PathAsync());
        Assert.Equal(await Shown(), lines.Length - 1);

        async Task<int> Shown() => int.Parse((await page.Locator(".filter label.on small").TextContentAsync())!);
    }

    [SkippableTheory]
    [InlineData("<img src=x onerror=alert(1)>moving<script>alert(2)</script>")]
    [InlineData("moving \u202e gnivom \u2066 \" onmouseover=alert(3) x=\"")]
    [InlineData("{{constructor.constructor('alert(4)')()}} moving ${alert(5)} &lt;b&gt;")]
    public async Task A_hostile_text_is_only_text(string hostile)
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var opened = await browser.OpenAsync(playground.Address);
        var page = opened.Page;
        var dialogs = 0;
        page.Dialog += (_, dialog) =>
        {
            dialogs++;
            _ = dialog.DismissAsync();
        };

        await page.GetByLabel("Text", new() { Exact = true }).FillAsync(hostile);
        await Expect(page.Locator(".strongest").First).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Attack", Exact = true }).ClickAsync();
        await Expect(page.Locator(".fight .sentence, .fight [role=alert]")).ToBeVisibleAsync();

        Assert.Equal(0, dialogs);
        Assert.Equal(0, await page.Locator("main img, main script, main b b, [onmouseover]").CountAsync());
        // Controls of the reading direction are shown, not obeyed.
        Assert.DoesNotContain(await page.Locator(".answer .words").AllTextContentsAsync(), t => t.Contains('\u202e'));
    }

    [SkippableTheory]
    [InlineData(390)]
    [InlineData(2560)]
    public async Task No_page_is_wider_than_its_window(int width)
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        await using var opened = await browser.OpenAsync(playground.Address, width, fragment: $"#/try?text={Text}");
        var page = opened.Page;
        await Expect(page.Locator(".strongest").First).ToBeVisibleAsync();

        foreach (var name in new[] { "Try", "Compare", "Runs", "Ticket" })
        {
            await page.GetByRole(AriaRole.Tab, new() { Name = name }).ClickAsync();
            await Expect(page.Locator("[role=tabpanel]:not([hidden]) :not(.loading)").First).ToBeVisibleAsync();
            Assert.InRange(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, width);
        }
    }

    [SkippableFact]
    public async Task The_keyboard_alone_classifies_attacks_and_changes_pages()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var opened = await browser.OpenAsync(playground.Address);
        var page = opened.Page;
        await Expect(page.GetByRole(AriaRole.Tab, new() { Name = "Try" })).ToBeVisibleAsync();

        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Skip to the page" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByRole(AriaRole.Tab, new() { Name = "Try" })).ToBeFocusedAsync();
        Assert.Equal("solid", await Outline());
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(page.GetByRole(AriaRole.Tab, new() { Name = "Compare" })).ToBeFocusedAsync();
        await Expect(page.Locator("#panel-compare")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Home");
        await Expect(page.Locator("#panel-try")).ToBeVisibleAsync();
        for (var i = 0; i < 3 && !await IsFocused("text"); i++)
            await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync(Text);
        await page.Keyboard.PressAsync("Control+Enter");
        await Expect(page.Locator(".answer .label").First).ToHaveTextAsync("positive");
        await page.Keyboard.PressAsync("Alt+Enter");
        await Expect(page.Locator(".fight .chip")).ToHaveTextAsync("fell");

        Task<string> Outline() => page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle");

        Task<bool> IsFocused(string id) => page.EvaluateAsync<bool>("id => document.activeElement.id === id", id);
    }

    [SkippableTheory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Labels_roles_and_contrast_pass_axe_on_every_page(ColorScheme scheme)
    {
        await using var playground = await RunningPlayground.StartAsync(runs: true);
        await using var opened = await browser.OpenAsync(
            playground.Address,
            scheme: scheme,
            fragment: $"#/try?text={Text}"
        );
        var page = opened.Page;
        await Expect(page.Locator(".strongest").First).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Tab");
        await page.GetByRole(AriaRole.Button, new() { Name = "Attack", Exact = true }).ClickAsync();
        await Expect(page.Locator(".fight .sentence")).ToBeVisibleAsync();

        // The pages are the same in the dark but for their colours.
        var rules = new AxeRunOptions();
        if (scheme == ColorScheme.Dark)
            rules.RunOnly = new RunOnlyOptions { Type = "rule", Values = ["color-contrast"] };
        foreach (var name in new[] { "Try", "Compare", "Runs", "Ticket" })
        {
            await page.GetByRole(AriaRole.Tab, new() { Name = name }).ClickAsync();
            await Expect(page.Locator("[role=tabpanel]:not([hidden]) > *").First).ToBeVisibleAsync();
            await Expect(page.Locator("[role=tabpanel]:not([hidden]) .loading")).ToHaveCountAsync(0);
            var violations = (await page.RunAxe(rules)).Violations;
            Assert.True(
                violations.Length == 0,
                $"{name}: {string.Join("; ", violations.Select(v => $"{v.Id}: {v.Nodes[0].Html}"))}"
            );
        }
    }

    [SkippableFact]
    public async Task The_link_with_its_token_opens_once_and_forgets_the_token()
    {
        await using var playground = await RunningPlayground.StartAsync(address: IPAddress.Any);
        var address = playground.Address;
        await using var opened = await browser.OpenAsync(address, fragment: $"#token={playground.Token!.Text}");
        var page = opened.Page;

        await Expect(page.GetByRole(AriaRole.Tab, new() { Name = "Try" })).ToBeVisibleAsync();
        Assert.DoesNotContain(playground.Token.Text, page.Url);
        Assert.DoesNotContain(playground.Token.Text, await page.EvaluateAsync<string>("document.cookie"));

        await page.Context.ClearCookiesAsync();
        opened.Expected = c => c.Contains("401", StringComparison.Ordinal);
        await page.ReloadAsync();
        await page.Locator("#token").FillAsync("wrong");
        await page.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        await Expect(page.GetByText("wrong token; use the one that the program printed")).ToBeVisibleAsync();
        await page.Locator("#token").FillAsync(playground.Token.Text);
        await page.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Tab, new() { Name = "Try" })).ToBeVisibleAsync();
    }

    [SkippableFact]
    public async Task A_server_that_has_gone_is_an_error_with_a_way_on()
    {
        var playground = await RunningPlayground.StartAsync();
        await using var opened = await browser.OpenAsync(playground.Address);
        opened.Expected = c => c.Contains("ERR_CONNECTION", StringComparison.Ordinal);
        await Expect(opened.Page.GetByRole(AriaRole.Tab, new() { Name = "Try" })).ToBeVisibleAsync();
        await playground.DisposeAsync();

        await opened.Page.GetByLabel("Text", new() { Exact = true }).FillAsync(Text);

        await Expect(opened.Page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("Is the program still running?");
        await Expect(opened.Page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).First).ToBeVisibleAsync();
    }
}
