using Microsoft.Playwright;
using Xunit;

namespace RobustTickets.Playground.Tests;

/// <summary>A page and everything it should not have done.</summary>
internal sealed class WatchedPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _complaints = [];

    private WatchedPage(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    public IPage Page { get; }

    /// <summary>Complaints that the test expects, such as the console's line about a refused
    /// request.</summary>
    public Predicate<string> Expected { get; set; } = _ => false;

    public static async Task<WatchedPage> OpenAsync(IBrowserContext context, Uri address)
    {
        var watched = new WatchedPage(context, await context.NewPageAsync());
        watched.Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                watched._complaints.Add($"console: {message.Text}");
        };
        watched.Page.PageError += (_, error) => watched._complaints.Add($"error: {error}");
        watched.Page.Request += (_, request) =>
        {
            var uri = new Uri(request.Url);
            if (uri.Scheme is "http" or "https" or "ws" or "wss" && uri.Authority != address.Authority)
                watched._complaints.Add($"request: {request.Url}");
        };
        return watched;
    }

    public async ValueTask DisposeAsync()
    {
        await _context.CloseAsync();
        Assert.DoesNotContain(_complaints, c => !Expected(c));
    }
}
