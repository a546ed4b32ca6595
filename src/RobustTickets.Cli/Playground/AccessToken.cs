// The token of a playground that other machines can reach: printed once, held in memory only. A
// browser gives it once and is given a cookie for it; programs send it with each request.
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace RobustTickets.Cli.Playground;

/// <summary>Who may ask.</summary>
internal sealed class AccessToken
{
    private const int Bytes = 32;
    private readonly string _session = Random();

    // Cookies do not keep the ports of a machine apart; their names do.
    private readonly string _cookie = $"robust-tickets-{Random()[..8]}";

    /// <summary>What the user is told.</summary>
    public string Text { get; } = Random();

    /// <summary>Whether a request has the token or the cookie.</summary>
    public bool Admits(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return Equal(header[Scheme.Length..].Trim(), Text);
        return request.Cookies.TryGetValue(_cookie, out var value) && Equal(value, _session);
    }

    /// <summary>Gives the cookie for the token.</summary>
    /// <exception cref="RefusedException">It is another token.</exception>
    public void Open(HttpResponse response, string token)
    {
        if (!Equal(token, Text))
            throw new RefusedException(
                StatusCodes.Status401Unauthorized,
                "this is not the token that the program printed"
            );
        response.Cookies.Append(
            _cookie,
            _session,
            new CookieOptions
            {
                HttpOnly = true,
                SameSite = SameSiteMode.Strict,
                Path = "/",
            }
        );
    }

    private static bool Equal(string given, string expected) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected));

    private static string Random() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));
}
