// Server-sent events (HTML standard, 9.2): "event: NAME", "data: JSON", an empty line.
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace RobustTickets.Cli.Playground;

/// <summary>Writes the events of one response.</summary>
internal sealed class EventWriter
{
    /// <summary>Content type of the response.</summary>
    public const string ContentType = "text/event-stream";

    private readonly HttpContext _context;

    private EventWriter(HttpContext context) => _context = context;

    /// <summary>Starts the response.</summary>
    public static async Task<EventWriter> BeginAsync(HttpContext context)
    {
        context.Response.ContentType = ContentType;
        // Disables buffering in proxies.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        await context.Response.StartAsync(context.RequestAborted);
        return new EventWriter(context);
    }

    /// <summary>Sends an event.</summary>
    public async Task SendAsync(string name, object data)
    {
        var json = JsonSerializer.Serialize(data, data.GetType(), Endpoint.Json);
        await WriteAsync($"event: {name}\ndata: {json}\n\n");
    }

    /// <summary>Sends a comment, to detect a disconnected client.</summary>
    public Task PingAsync() => WriteAsync(":\n\n");

    private async Task WriteAsync(string text)
    {
        await _context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), _context.RequestAborted);
        await _context.Response.Body.FlushAsync(_context.RequestAborted);
    }
}
