using Microsoft.Playwright;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Playground.Tests;

/// <summary>Debian's chromium without a window, driven by Playwright; tests are skipped by name
/// where there is none.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string[] Places =
    [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    private const float Patience = 60_000;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        var program =
            Environment.GetEnvironmentVariable("ROBUST_TICKETS_CHROMIUM") ?? Places.FirstOrDefault(File.Exists);
        if (program is null)
            return;
        Assertions.SetDefaultExpectTimeout(Patience);
        _playwright = await Microsoft.Playwright.Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions
            {
                ExecutablePath = program,
                // Without a user namespace, as in a container, its sandbox cannot start.
                Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
            }
        );
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.CloseAsync();
        _playwright?.Dispose();
    }

    /// <summary>A page that is watched: what it asks of other machines and what it complains about
    /// fails the test when it is disposed of.</summary>
    internal async Task<WatchedPage> OpenAsync(
        Uri address,
        int width = 1280,
        ColorScheme scheme = ColorScheme.Light,
        string fragment = ""
    )
    {
        if (_browser is null)
            throw Golden.Skip("chromium is not installed");
        var context = await _browser.NewContextAsync(
            new BrowserNewContextOptions
            {
                ViewportSize = new ViewportSize { Width = width, Height = width < 600 ? 844 : 900 },
                ColorScheme = scheme,
                ReducedMotion = ReducedMotion.Reduce,
            }
        );
        // Guards against a hang, not measures of speed.
        context.SetDefaultTimeout(Patience);
        var page = await WatchedPage.OpenAsync(context, address);
        await page.Page.GotoAsync(new Uri(address, fragment).ToString());
        return page;
    }
}
