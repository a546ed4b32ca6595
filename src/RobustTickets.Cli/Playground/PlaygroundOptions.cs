// Settings of a playground and limits for its clients.
using System.Net;

namespace RobustTickets.Cli.Playground;

/// <summary>Limits for clients; requests beyond them are rejected with the limit named.</summary>
/// <param name="BodyBytes">Maximum request size in bytes.</param>
/// <param name="TextLength">Maximum text length in UTF-16 units.</param>
/// <param name="Words">Maximum number of words for word importance.</param>
/// <param name="Attacks">Maximum number of concurrent attacks.</param>
/// <param name="AttackTime">Time limit of an attack; then the best text so far is its
/// result.</param>
/// <param name="WaitingTexts">Maximum number of queued texts.</param>
/// <param name="Connections">Maximum number of concurrent connections.</param>
internal sealed record PlaygroundLimits(
    int BodyBytes,
    int TextLength,
    int Words,
    int Attacks,
    TimeSpan AttackTime,
    int WaitingTexts,
    int Connections
)
{
    /// <summary>The command's default limits.</summary>
    public static PlaygroundLimits Default { get; } = new(64 << 10, 5000, 300, 2, TimeSpan.FromMinutes(2), 4096, 1000);
}

/// <summary>Where a playground listens.</summary>
/// <param name="Address">Local address.</param>
/// <param name="Port">Port; 0: any free one.</param>
internal sealed record ListenAddress(IPAddress Address, int Port)
{
    /// <summary>Whether only this machine can reach it.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Address);
}
