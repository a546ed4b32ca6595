using RobustTickets.Torch.Distributed;

namespace RobustTickets.Torch.Tests;

/// <summary>Ranks as threads of this process.</summary>
internal static class RankThreads
{
    /// <summary>Runs a body once a rank; what one throws is thrown.</summary>
    public static void Run(int size, Action<RankSettings> body) =>
        Testing.RankThreads.Run(
            size,
            (rank, port) => body(new RankSettings("127.0.0.1", port, rank, size, rank, size))
        );

    /// <summary>A port that nobody listens on.</summary>
    public static int FreePort() => Testing.RankThreads.FreePort();
}
