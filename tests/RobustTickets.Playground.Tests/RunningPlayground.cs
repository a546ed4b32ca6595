using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli.Playground;
using RobustTickets.Tests.Reports;

namespace RobustTickets.Playground.Tests;

/// <summary>A playground on a free port of this machine, with two models whose words are
/// known.</summary>
internal sealed class RunningPlayground : IAsyncDisposable
{
    private readonly PlaygroundServer _server;
    private readonly PlaygroundState _state;
    private readonly DirectoryInfo _folder;

    private RunningPlayground(PlaygroundServer server, PlaygroundState state, DirectoryInfo folder)
    {
        (_server, _state, _folder) = (server, state, folder);
        Http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = Address };
    }

    public HttpClient Http { get; }

    public Uri Address => new($"http://127.0.0.1:{_server.Place.Port}/");

    public string Link => _server.Link;

    public PlaygroundState State => _state;

    public AccessToken? Token => _server.Token;

    /// <summary>Limits of the tests: small, so that they can be reached.</summary>
    public static PlaygroundLimits Limits { get; } =
        PlaygroundLimits.Default with
        {
            TextLength = 500,
            Words = 20,
            AttackTime = TimeSpan.FromSeconds(20),
        };

    /// <param name="pause">Time of a call of the first model.</param>
    /// <param name="limits">Limits; null: those of the tests.</param>
    /// <param name="runs">Whether the models are those of two runs with an attack each.</param>
    /// <param name="address">Address to listen at; null: loopback.</param>
    public static async Task<RunningPlayground> StartAsync(
        TimeSpan pause = default,
        PlaygroundLimits? limits = null,
        bool runs = false,
        IPAddress? address = null
    )
    {
        var folder = Directory.CreateTempSubdirectory("playground");
        var (first, second) = ((string?)null, (string?)null);
        if (runs)
        {
            first = new SyntheticRun(folder.FullName) { Name = "fine-tune", Withstand = 0.2 }.Write("baseline");
            second = new SyntheticRun(folder.FullName)
            {
                Name = "early-robust",
                Ticket = true,
                Withstand = 0.5,
            }.Write("robust");
        }
        var state = new PlaygroundState(
            [
                new PlaygroundModel("brittle", "brittle", new LexiconClassifier { Pause = pause }, first, null),
                new PlaygroundModel("sturdy", "sturdy", new LexiconClassifier(prefix: 0), second, null),
            ],
            runs ? folder.FullName : null,
            // No files: what runs then needs none.
            new ResourceFiles(Folder: new ResourceFolder(folder.FullName)),
            limits ?? Limits,
            CancellationToken.None
        );
        var server = await PlaygroundServer.StartAsync(state, new ListenAddress(address ?? IPAddress.Loopback, 0));
        return new RunningPlayground(server, state, folder);
    }

    public Task<HttpResponseMessage> PostAsync(string path, object body, CancellationToken stop = default) =>
        Http.PostAsync(path, JsonContent.Create(body), stop);

    public async Task<JsonElement> AskAsync(string path, object body)
    {
        using var response = await PostAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonElement.Parse(text)
            : throw new InvalidOperationException($"{(int)response.StatusCode}: {text}");
    }

    public async Task<JsonElement> GetAsync(string path) => JsonElement.Parse(await Http.GetStringAsync(path));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.DisposeAsync();
        _state.Dispose();
        _folder.Delete(recursive: true);
    }
}
