// What a playground serves and how much of it a client may ask for.
using System.Net;

namespace RobustTickets.Cli.Playground;

/// <summary>What clients may ask for; what goes beyond is refused with the limit named.</summary>
/// <param name="BodyBytes">Bytes of a request.</param>
/// <param name="TextLength">UTF-16 units of a text.</param>
/// <param name="Words">Words of a text whose importance is measured.</param>
/// <param name="Attacks">Attacks at a time.</param>
/// <param name="AttackTime">Time of an attack; then the best text so far is its result.</param>
/// <param name="WaitingTexts">Texts that may wait for a model.</param>
/// <param name="Connections">Connections at a time.</param>
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
    /// <summary>The limits of the command.</summary>
    public static PlaygroundLimits Default { get; } = new(64 << 10, 5000, 300, 2, TimeSpan.FromMinutes(2), 4096, 1000);
}

/// <summary>Where a playground listens.</summary>
/// <param name="Address">Address of this machine.</param>
/// <param name="Port">Port; 0 takes any free one.</param>
internal sealed record ListenAddress(IPAddress Address, int Port)
{
    /// <summary>Whether programs of this machine alone can reach it.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Address);
}
