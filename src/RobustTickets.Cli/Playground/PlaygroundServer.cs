// Minimal Kestrel: no configuration files, environment variables, static files or logging. Unmapped
// paths return 404.
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RobustTickets.Cli.Playground.Api;

namespace RobustTickets.Cli.Playground;

/// <summary>A running playground.</summary>
internal sealed class PlaygroundServer : IAsyncDisposable
{
    private const string Elsewhere = "{**path}";
    private const int HeaderBytes = 16 << 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private readonly WebApplication _app;
    private readonly PlaygroundState _state;

    private PlaygroundServer(WebApplication app, PlaygroundState state, ListenAddress place, AccessToken? token)
    {
        (_app, _state, Token) = (app, state, token);
        Place = place;
    }

    /// <summary>Its address, with the actual port.</summary>
    public ListenAddress Place { get; }

    /// <summary>The token; null on loopback.</summary>
    public AccessToken? Token { get; }

    /// <summary>
    /// The URL to open; the token is in the fragment, which browsers do not send.
    /// </summary>
    public string Link =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"http://{Host}:{Place.Port}/{(Token is null ? "" : $"#token={Token.Text}")}"
        );

    // When listening on all addresses, the URL uses this machine's name.
    private string Host =>
        Place.Address.Equals(IPAddress.Any) || Place.Address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName()
        : Place.Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Place.Address}]"
        : $"{Place.Address}";

    /// <summary>Starts listening.</summary>
    /// <exception cref="UsageException">The address is not available.</exception>
    public static async Task<PlaygroundServer> StartAsync(PlaygroundState state, ListenAddress place)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        // The program handles signals itself.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = Patience);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, state.Limits, place));
        var app = builder.Build();
        var page = PlaygroundPage.Make();
        var token = place.IsLoopback ? null : new AccessToken();
        var manners = new Manners(page.Policy, token);
        app.Use(next => context => Counted(state.Counters, context, next));
        app.Use(next => context => manners.Pass(context, next));
        app.UseRouting();
        Endpoint.GetText(app, "/", "text/html; charset=utf-8", _ => Task.FromResult(page.Html));
        Endpoint.Post<TokenRequest>(
            app,
            Manners.SessionPath,
            (context, request) =>
            {
                token?.Open(context.Response, request.Token);
                return Task.FromResult<object>(new { open = true });
            }
        );
        ModelsApi.Map(app, state);
        WordsApi.Map(app, state);
        CompareApi.Map(app, state);
        AttackApi.Map(app, state);
        RunsApi.Map(app, state);
        TicketApi.Map(app, state);
        MetricsApi.Map(app, state);
        app.MapFallback(Elsewhere, context => Endpoint.Refuse(context, StatusCodes.Status404NotFound, "not found"));
        try
        {
            await app.StartAsync();
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await app.DisposeAsync();
            throw new UsageException(Reason(e, place));
        }
        return new PlaygroundServer(app, state, place with { Port = PortOf(app) }, token);
    }

    /// <summary>Cancels requests and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        _state.End();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    // Counts by mapped route, so that clients cannot add lines to the metrics.
    private static async Task Counted(PlaygroundCounters counters, HttpContext context, RequestDelegate next)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            var path = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? Elsewhere;
            var streams = context.Response.ContentType == EventWriter.ContentType;
            counters.Answered(
                path == Elsewhere ? "none" : path,
                context.Response.StatusCode,
                Stopwatch.GetElapsedTime(start),
                streams
            );
        }
    }

    private static void Configure(KestrelServerOptions kestrel, PlaygroundLimits limits, ListenAddress place)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = limits.BodyBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = HeaderBytes;
        kestrel.Limits.MaxConcurrentConnections = limits.Connections;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Listen(place.Address, place.Port, listen => listen.Protocols = HttpProtocols.Http1);
    }

    private static string Reason(Exception e, ListenAddress place)
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"port {place.Port} of {place.Address}");
        for (var inner = e; inner is not null; inner = inner.InnerException!)
        {
            if (inner is AddressInUseException)
                return $"{where} is in use by another program; --port picks another one (0: any free one)";
            if (inner is SocketException { SocketErrorCode: SocketError.AccessDenied })
                return $"{where} cannot be opened by this user; --port picks another one, 1024 or above";
            if (inner is SocketException { SocketErrorCode: SocketError.AddressNotAvailable })
                return $"{place.Address} is not an address of this machine; 0.0.0.0 listens on all of them";
        }
        return $"{where} cannot be opened: {e.Message}";
    }

    private static int PortOf(WebApplication app) =>
        new Uri(
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()
        ).Port;

    private sealed record TokenRequest(string Token);

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
