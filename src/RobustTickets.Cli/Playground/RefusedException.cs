using Microsoft.AspNetCore.Http;

namespace RobustTickets.Cli.Playground;

/// <summary>
/// A rejected request: the status gives the category, the message what is possible.
/// </summary>
internal sealed class RefusedException(int status, string message) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>Seconds after which to retry, if the server is busy.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>400: the request is malformed.</summary>
    public static RefusedException Malformed(string message) => new(StatusCodes.Status400BadRequest, message);

    /// <summary>404: not found.</summary>
    public static RefusedException NotFound(string message) => new(StatusCodes.Status404NotFound, message);
}
