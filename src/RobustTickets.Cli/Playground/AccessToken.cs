// Access token of a playground that other machines can reach: printed once, kept in memory only. A
// browser exchanges it for a cookie; programs send it with each request.
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace RobustTickets.Cli.Playground;

/// <summary>Authorises requests.</summary>
internal sealed class AccessToken
{
    private const int Bytes = 32;
    private readonly string _session = Random();

    // Browsers share cookies between the ports of a host: a random name keeps them apart.
    private readonly string _cookie = $"robust-tickets-{Random()[..8]}";

    /// <summary>The token shown to the user.</summary>
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

    /// <summary>Sets the cookie if the token is correct.</summary>
    /// <exception cref="RefusedException">The token is wrong.</exception>
    public void Open(HttpResponse response, string token)
    {
        if (!Equal(token, Text))
            throw new RefusedException(
                StatusCodes.Status401Unauthorized,
                "wrong token; use the one that the program printed"
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
