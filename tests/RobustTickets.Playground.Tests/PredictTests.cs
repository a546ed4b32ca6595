using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace RobustTickets.Playground.Tests;

public sealed class PredictTests
{
    [Fact]
    public async Task Each_model_answers_with_its_label_and_probabilities()
    {
        await using var playground = await RunningPlayground.StartAsync();

        var told = await playground.AskAsync("/api/predict", new { text = "A warm, moving film." });

        var answers = told.GetProperty("answers").EnumerateArray().ToArray();
        Assert.Equal(["brittle", "sturdy"], answers.Select(a => a.GetProperty("model").GetString()));
        Assert.Equal("positive", answers[0].GetProperty("label").GetString());
        // 1 / (1 + exp(-(0.8 + 1.4)))
        Assert.Equal(0.90025, answers[0].GetProperty("scores")[1].GetDouble(), 5);
        Assert.False(answers[0].GetProperty("cut").GetBoolean());
    }

    [Fact]
    public async Task A_word_matters_by_how_much_the_answer_falls_without_it()
    {
        await using var playground = await RunningPlayground.StartAsync();

        var told = await playground.AskAsync("/api/words", new { text = "A moving, flat film." });

        var importance = told.GetProperty("models")[0].GetProperty("importance").EnumerateArray().ToArray();
        Assert.Equal("positive", told.GetProperty("models")[0].GetProperty("label").GetString());
        // p(positive) is 0.54983; without "moving" 0.23148, without "flat" 0.80218.
        Assert.Equal(4, importance.Length);
        foreach (var (value, expected) in importance.Zip([0, 0.31835, -0.25235, 0]))
            Assert.Equal(expected, value.GetDouble(), tolerance: 2e-5);
        Assert.Equal(
            ["A", " ", "moving", ", ", "flat", " ", "film", "."],
            told.GetProperty("text")[0].EnumerateArray().Select(part => part[0].GetString())
        );
    }

    [Fact]
    public async Task Importance_is_measured_up_to_the_limit_of_words_and_says_so()
    {
        await using var playground = await RunningPlayground.StartAsync();

        var told = await playground.AskAsync("/api/words", new { text = string.Join(' ', Enumerable.Repeat("a", 30)) });

        Assert.Equal((30, 20), (told.GetProperty("words").GetInt32(), told.GetProperty("ranked").GetInt32()));
        Assert.Equal(20, told.GetProperty("models")[0].GetProperty("importance").GetArrayLength());
    }

    [Theory]
    [InlineData("{\"text\": \" \"}", HttpStatusCode.BadRequest, "the text is blank")]
    [InlineData("{\"text\": \"a\", \"color\": 1}", HttpStatusCode.BadRequest, "invalid request body")]
    [InlineData("{\"text\": \"a\", \"text\": \"b\"}", HttpStatusCode.BadRequest, "invalid request body")]
    [InlineData("{\"text\": \"\\ud800\"}", HttpStatusCode.BadRequest, "invalid request body")]
    [InlineData("{\"text\": 1}", HttpStatusCode.BadRequest, "invalid request body")]
    [InlineData("null", HttpStatusCode.BadRequest, "the body is null")]
    [InlineData("", HttpStatusCode.BadRequest, "invalid request body")]
    public async Task A_request_that_makes_no_sense_is_refused_with_the_reason(
        string body,
        HttpStatusCode status,
        string reason
    )
    {
        await using var playground = await RunningPlayground.StartAsync();

        using var response = await playground.Http.PostAsync(
            "/api/predict",
            new StringContent(body, Encoding.UTF8, "application/json")
        );

        Assert.Equal(status, response.StatusCode);
        var error = JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("error").GetString();
        Assert.Contains(reason, error);
    }

    [Fact]
    public async Task Texts_and_bodies_have_a_limit_that_is_named()
    {
        await using var playground = await RunningPlayground.StartAsync();

        using var text = await playground.PostAsync("/api/predict", new { text = new string('a', 501) });
        using var pair = await playground.PostAsync("/api/predict", new { text = "a", pair = new string('a', 501) });
        using var body = await playground.PostAsync("/api/predict", new { text = new string('a', 100_000) });

        Assert.Equal(HttpStatusCode.BadRequest, text.StatusCode);
        Assert.Contains("501 characters; at most 500", await text.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.BadRequest, pair.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, body.StatusCode);
    }

    [Fact]
    public async Task Two_hundred_clients_at_once_are_all_answered_alike()
    {
        await using var playground = await RunningPlayground.StartAsync();
        var alone = await playground.AskAsync("/api/predict", new { text = "A warm film." });

        var together = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => playground.AskAsync("/api/predict", new { text = "A warm film." }))
        );

        Assert.All(together, told => Assert.Equal(alone.GetRawText(), told.GetRawText()));
    }

    [Fact]
    public async Task Metrics_count_requests_by_mapped_path_and_texts_by_model()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await playground.AskAsync("/api/predict", new { text = "A warm film." });
        using var nowhere = await playground.Http.GetAsync("/etc/passwd");

        var metrics = await playground.Http.GetStringAsync("/metrics");

        Assert.Equal(HttpStatusCode.NotFound, nowhere.StatusCode);
        Assert.Contains("robust_tickets_requests_total{path=\"/api/predict\",status=\"200\"} 1\n", metrics);
        Assert.Contains("robust_tickets_texts_total{model=\"brittle\"} 1\n", metrics);
        Assert.DoesNotContain("passwd", metrics);
        Assert.All(
            metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line =>
                Assert.Matches(
                    @"^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[^}]*\})? [0-9.E+-]+|[a-z_]+\{le=""\+Inf""\} \d+)$",
                    line
                )
        );
    }
}
