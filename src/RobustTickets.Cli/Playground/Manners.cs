// Security checks of every request before it is handled: an own host name (against DNS rebinding),
// no foreign origin, and the token if there is one. Also sets the headers that prevent scripts,
// framing and leaks.
using System.Net;
using Microsoft.AspNetCore.Http;

namespace RobustTickets.Cli.Playground;

/// <summary>Security middleware, first in the pipeline.</summary>
/// <param name="policy">Content security policy of the page.</param>
/// <param name="token">The token; null: none is required.</param>
internal sealed class Manners(string policy, AccessToken? token)
{
    /// <summary>Path where a browser submits the token.</summary>
    public const string SessionPath = "/api/session";

    /// <summary>Passes a request on, or rejects it.</summary>
    public async Task Pass(HttpContext context, RequestDelegate next)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        if (!IsOwnName(request.Host.Host, token is not null))
            await Endpoint.Refuse(
                context,
                StatusCodes.Status421MisdirectedRequest,
                "this host name is not allowed; use the address of the server"
            );
        else if (IsForeign(request))
            await Endpoint.Refuse(context, StatusCodes.Status403Forbidden, "requests from other sites are rejected");
        else if (token is not null && NeedsToken(request.Path) && !token.Admits(request))
        {
            headers.WWWAuthenticate = "Bearer";
            await Endpoint.Refuse(
                context,
                StatusCodes.Status401Unauthorized,
                "the token that the program printed is required"
            );
        }
        else
            await next(context);
    }

    /// <summary>
    /// Whether a host name can only refer to this machine: any name resolved by public DNS could
    /// belong to an attacker. Ports are ignored, because they differ behind a tunnel.
    /// </summary>
    /// <param name="host">Host name of the request.</param>
    /// <param name="reachable">Whether other machines can reach the server by its address.</param>
    internal static bool IsOwnName(string host, bool reachable)
    {
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return true;
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
            return reachable || IPAddress.IsLoopback(address);
        return reachable && host.Equals(Dns.GetHostName(), StringComparison.OrdinalIgnoreCase);
    }

    private static bool NeedsToken(PathString path) => path != "/" && path != SessionPath;

    // Browsers send Origin with requests from scripts and with all but GET requests.
    private static bool IsForeign(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0)
            return !Uri.TryCreate(origin, UriKind.Absolute, out var uri)
                || !uri.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase);
        return request.Path != "/" && request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site";
    }
}
