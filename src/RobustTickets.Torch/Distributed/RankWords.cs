using System.Globalization;

namespace RobustTickets.Torch.Distributed;

/// <summary>First fields of the lines that ranks send each other.</summary>
internal static class RankWords
{
    public const string Hello = "hello",
        Refused = "no",
        StoreAt = "store",
        Alive = ".",
        Bye = "bye",
        Failed = "failed",
        Stopped = "stopped";

    /// <summary>A rank, as errors name it.</summary>
    public static string Name(int rank, string process, string host) => $"rank {rank} (process {process} on {host})";

    /// <summary>A number as text.</summary>
    public static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The number in a text, or null.</summary>
    public static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
