using System.IO.Compression;

namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Writes files, gzipped when their name ends in .gz.</summary>
internal static class GzipOutput
{
    /// <summary>Writes to a stream, gzipped when the name ends in .gz.</summary>
    public static void Write(Stream stream, string name, Action<Stream> fill)
    {
        if (Plain(name) == name)
        {
            fill(stream);
            return;
        }
        using var packed = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true);
        using var buffered = new BufferedStream(packed, 1 << 16);
        fill(buffered);
    }

    /// <summary>The name without .gz.</summary>
    public static string Plain(string name) =>
        name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3] : name;
}
