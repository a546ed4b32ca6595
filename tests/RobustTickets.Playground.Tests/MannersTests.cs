using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using RobustTickets.Cli.Playground;
using Xunit;

namespace RobustTickets.Playground.Tests;

public sealed class MannersTests
{
    [Theory]
    [InlineData("localhost", false, true)]
    [InlineData("127.0.0.1", false, true)]
    [InlineData("[::1]", false, true)]
    [InlineData("evil.example", false, false)]
    [InlineData("localhost.evil.example", false, false)]
    [InlineData("127.0.0.1.evil.example", false, false)]
    [InlineData("192.168.1.5", false, false)]
    [InlineData("192.168.1.5", true, true)]
    [InlineData("evil.example", true, false)]
    public void A_host_name_is_own_when_no_foreign_server_can_answer_for_it(string host, bool reachable, bool own) =>
        Assert.Equal(own, Manners.IsOwnName(host, reachable));

    [Theory]
    [InlineData("/")]
    [InlineData("/api/models")]
    [InlineData("/metrics")]
    public async Task A_foreign_host_name_is_refused_everywhere(string path)
    {
        await using var playground = await RunningPlayground.StartAsync();

        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Host = "evil.example";
        using var response = await playground.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.MisdirectedRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("Origin", "https://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "http://127.0.0.1:1", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-origin", HttpStatusCode.OK)]
    public async Task A_request_of_another_page_is_refused(string header, string value, HttpStatusCode status)
    {
        await using var playground = await RunningPlayground.StartAsync();

        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/models");
        request.Headers.Add(header, value);
        using var response = await playground.Http.SendAsync(request);

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task A_form_of_another_page_cannot_send_what_is_taken()
    {
        await using var playground = await RunningPlayground.StartAsync();

        using var response = await playground.Http.PostAsync(
            "/api/predict",
            new StringContent("{\"text\": \"a\"}", Encoding.UTF8, "text/plain")
        );

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task The_page_may_run_its_own_script_and_style_and_nothing_else()
    {
        await using var playground = await RunningPlayground.StartAsync();

        using var response = await playground.Http.GetAsync("/");
        var html = await response.Content.ReadAsStringAsync();
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();

        Assert.Contains("default-src 'none'", policy);
        Assert.Contains("require-trusted-types-for 'script'", policy);
        Assert.DoesNotContain("unsafe", policy);
        foreach (var (tag, directive) in new[] { ("script", "script-src"), ("style", "style-src") })
        {
            var content = Regex.Match(html, $"<{tag}>(.*?)</{tag}>", RegexOptions.Singleline).Groups[1].Value;
            var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(content)));
            Assert.Contains($"{directive} 'sha256-{hash}'", policy);
        }
        Assert.DoesNotMatch(@"(src|href)\s*=\s*""?(https?:)?//", html);
        Assert.DoesNotContain("innerHTML", html);
    }

    [Theory]
    [InlineData("/../../etc/passwd")]
    [InlineData("/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/Playground/Page/page.html")]
    [InlineData("/appsettings.json")]
    [InlineData("/api")]
    public async Task No_path_leads_to_a_file(string path)
    {
        await using var playground = await RunningPlayground.StartAsync();

        using var response = await playground.Http.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("{\"error\":\"not found\"}", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task What_other_machines_can_reach_asks_for_the_token_of_the_link()
    {
        await using var playground = await RunningPlayground.StartAsync(address: IPAddress.Any);
        var token = playground.Token!.Text;
        Assert.EndsWith($"/#token={token}", playground.Link);
        Assert.Equal(64, token.Length);

        Assert.Equal(HttpStatusCode.OK, await Status("/"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status("/api/models"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status("/metrics"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status("/api/models", "Authorization", "Bearer wrong"));
        Assert.Equal(HttpStatusCode.OK, await Status("/metrics", "Authorization", $"Bearer {token}"));

        using var wrong = await playground.PostAsync("/api/session", new { token = "wrong" });
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        Assert.False(wrong.Headers.Contains("Set-Cookie"));
        using var open = await playground.PostAsync("/api/session", new { token });
        var cookie = open.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=strict", cookie);
        Assert.DoesNotContain(token, cookie);
        Assert.Equal(HttpStatusCode.OK, await Status("/api/models", "Cookie", cookie.Split(';')[0]));

        async Task<HttpStatusCode> Status(string path, string? header = null, string? value = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (header is not null)
                request.Headers.TryAddWithoutValidation(header, value);
            using var response = await playground.Http.SendAsync(request);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Loopback_asks_for_no_token()
    {
        await using var playground = await RunningPlayground.StartAsync();

        Assert.Null(playground.Token);
        Assert.Equal(playground.Address.ToString(), playground.Link);
        using var response = await playground.Http.PostAsync("/api/session", JsonContent.Create(new { token = "x" }));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
