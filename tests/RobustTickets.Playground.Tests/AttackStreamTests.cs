using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using Xunit;

namespace RobustTickets.Playground.Tests;

public sealed class AttackStreamTests
{
    private const string Text = "A warm and moving film.";

    // An attack on it takes as long as it is given.
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("moving", 60));

    [Fact]
    public async Task A_watched_attack_tells_each_step_and_ends_as_the_engine_alone_does()
    {
        await using var playground = await RunningPlayground.StartAsync();

        var events = await Watch(playground, Attack(Text));

        var alone = await new AttackEngine(AttackRecipe.Find("deepwordbug").Build(), new LexiconClassifier())
            .RunAsync([new Example("text", Text, 1)])
            .SingleAsync();
        var end = events[^1];
        Assert.Equal("end", end.Name);
        Assert.Equal("success", end.Data.GetProperty("result").GetString());
        Assert.Equal(alone.Queries, end.Data.GetProperty("queries").GetInt32());
        Assert.Equal(alone.UniqueForwards, end.Data.GetProperty("forwards").GetInt32());
        Assert.Equal(alone.Perturbed[0].Value, string.Concat(Parts(end.Data.GetProperty("after").GetProperty("text"))));
        Assert.Equal(
            alone.PerturbedMarks,
            end.Data.GetProperty("after").GetProperty("marks").EnumerateArray().Select(m => m.GetInt32())
        );
        var names = events.Select(e => e.Name).ToList();
        Assert.Equal(["building", "begin"], names.Where(n => n is "building" or "begin"));
        Assert.True(names.IndexOf("ranking") < names.IndexOf("candidates"));
        Assert.True(names.IndexOf("candidates") < names.IndexOf("took"));
        Assert.Equal(end.Data.GetProperty("queries").GetInt32(), Last("queries").GetProperty("queries").GetInt32());
        Assert.Equal(
            end.Data.GetProperty("after").GetProperty("probability").GetDouble(),
            Last("took").GetProperty("probability").GetDouble()
        );

        JsonElement Last(string name) => events.Last(e => e.Name == name).Data;
    }

    [Fact]
    public async Task The_ranking_that_is_told_is_what_the_search_saw()
    {
        await using var playground = await RunningPlayground.StartAsync();

        var events = await Watch(playground, Attack(Text));

        // DeepWordBug hides a word as [UNK]: "warm" (0.8) and "moving" (1.4) carry the answer.
        var told = events.First(e => e.Name == "ranking").Data.GetProperty("words").EnumerateArray();
        var ranked = told.ToDictionary(w => w[0].GetInt32(), w => w[1].GetDouble());
        Assert.Equal(0.0981, ranked[1], 4);
        Assert.Equal(0.2103, ranked[3], 4);
    }

    [Fact]
    public async Task A_query_budget_ends_an_attack()
    {
        await using var playground = await RunningPlayground.StartAsync();

        var events = await Watch(playground, Attack(Text, model: "sturdy", queryBudget: 3));

        Assert.Equal("failed", events[^1].Data.GetProperty("result").GetString());
        Assert.Equal(3, events[^1].Data.GetProperty("queries").GetInt32());
    }

    [Fact]
    public async Task A_client_that_leaves_ends_its_attack_and_frees_its_place()
    {
        var limits = RunningPlayground.Limits with { Attacks = 1 };
        await using var playground = await RunningPlayground.StartAsync(TimeSpan.FromMilliseconds(40), limits);
        var body = Attack(Long);
        using var leaving = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/attack")
        {
            Content = JsonContent.Create(body),
        };
        using var response = await playground.Http.SendAsync(
            request,
            HttpCompletionOption.ResponseHeadersRead,
            leaving.Token
        );
        var stream = await response.Content.ReadAsStreamAsync();
        Assert.True(await stream.ReadAsync(new byte[64]) > 0);

        using var second = await playground.PostAsync("/api/attack", body);
        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
        Assert.NotNull(second.Headers.RetryAfter);
        Assert.Equal(1, playground.State.Slots.Taken);

        stream.Dispose();
        response.Dispose();
        await Until(() => playground.State.Slots.Taken == 0);
        var calls = ((LexiconClassifier)playground.State.Models[0].Classifier).Calls;
        await Task.Delay(200);
        Assert.InRange(((LexiconClassifier)playground.State.Models[0].Classifier).Calls, calls, calls + 1);
        Assert.Contains(
            "attacks_total{attack=\"deepwordbug\",result=\"stopped\"} 1",
            await playground.Http.GetStringAsync("/metrics")
        );
    }

    [Fact]
    public async Task An_attack_ends_when_its_time_is_over_with_the_best_text_so_far()
    {
        var limits = RunningPlayground.Limits with { AttackTime = TimeSpan.FromMilliseconds(150) };
        await using var playground = await RunningPlayground.StartAsync(TimeSpan.FromMilliseconds(40), limits);

        var events = await Watch(playground, Attack(Long));

        Assert.Equal("end", events[^1].Name);
        Assert.True(events[^1].Data.GetProperty("stoppedByTime").GetBoolean());
    }

    [Fact]
    public async Task The_end_of_the_server_ends_attacks()
    {
        var playground = await RunningPlayground.StartAsync(TimeSpan.FromMilliseconds(40));
        var body = Attack(Long);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/attack")
        {
            Content = JsonContent.Create(body),
        };
        using var response = await playground.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var state = playground.State;

        await playground.DisposeAsync();

        Assert.Equal(0, state.Slots.Taken);
    }

    [Fact]
    public async Task Attacks_that_lack_their_words_are_listed_and_refused()
    {
        await using var playground = await RunningPlayground.StartAsync();

        var told = await playground.GetAsync("/api/attacks?model=brittle");
        using var refused = await playground.PostAsync(
            "/api/attack",
            new
            {
                model = "brittle",
                attack = "textfooler",
                text = Text,
            }
        );

        var attacks = told.GetProperty("attacks").EnumerateArray().ToArray();
        Assert.Equal(AttackRecipe.All.Select(r => r.Name), attacks.Select(a => a.GetProperty("name").GetString()));
        Assert.Equal("word-vectors", attacks[0].GetProperty("lacks")[0].GetProperty("kind").GetString());
        Assert.Equal(0, attacks[^1].GetProperty("lacks").GetArrayLength());
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("missing: word-vectors", await refused.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("nobody", "deepwordbug", "no such model; possible: brittle, sturdy")]
    [InlineData("brittle", "hammer", "no such attack; possible: textfooler")]
    public async Task What_is_not_there_is_named_with_what_is(string model, string attack, string reason)
    {
        await using var playground = await RunningPlayground.StartAsync();

        using var response = await playground.PostAsync(
            "/api/attack",
            new
            {
                model,
                attack,
                text = Text,
            }
        );

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains(reason, await response.Content.ReadAsStringAsync());
    }

    private static object Attack(string text, string model = "brittle", int? queryBudget = null) =>
        new
        {
            model,
            attack = "deepwordbug",
            text,
            queryBudget,
        };

    private static async Task<List<(string Name, JsonElement Data)>> Watch(RunningPlayground playground, object body)
    {
        using var response = await playground.PostAsync("/api/attack", body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return
        [
            .. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
                .Where(e => e.StartsWith("event: ", StringComparison.Ordinal))
                .Select(e => e.Split('\n'))
                .Select(lines => (lines[0]["event: ".Length..], JsonElement.Parse(lines[1]["data: ".Length..]))),
        ];
    }

    private static IEnumerable<string> Parts(JsonElement text) =>
        text.EnumerateArray().SelectMany(c => c.EnumerateArray()).Select(part => part[0].GetString()!);

    private static async Task Until(Func<bool> condition)
    {
        for (var i = 0; i < 200 && !condition(); i++)
            await Task.Delay(25);
        Assert.True(condition());
    }
}
