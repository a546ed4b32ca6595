using Microsoft.AspNetCore.Http;

namespace RobustTickets.Cli.Playground;

/// <summary>A request that is not answered: the status says whose fault it is, the message what is
/// possible.</summary>
internal sealed class RefusedException(int status, string message) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>When to try again, of what is only busy.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>400: the request makes no sense.</summary>
    public static RefusedException Malformed(string message) => new(StatusCodes.Status400BadRequest, message);

    /// <summary>404: there is no such thing.</summary>
    public static RefusedException NotFound(string message) => new(StatusCodes.Status404NotFound, message);
}
