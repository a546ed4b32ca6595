// A lexical resource is a named, hashed file; the hash goes into every summary, so that two runs
// can be compared.

using System.IO.Compression;
using System.Security.Cryptography;

namespace RobustTickets.Attacks.Resources;

/// <summary>
/// What a run used: a file (or a built-in list), its content hash and what it holds.
/// </summary>
/// <param name="Kind">word-vectors, neighbours, stop-words, tagger, tag-map, wordnet or
/// masked-lm.</param>
/// <param name="Name">File name without folder, or the name of a built-in list.</param>
/// <param name="Sha256">SHA-256 of the file's bytes in lower-case hex; empty for a built-in
/// list.</param>
/// <param name="Content">What was read from it.</param>
public sealed record ResourceInfo(string Kind, string Name, string Sha256, string Content);

internal static class ResourceFile
{
    /// <summary>Opens a file for reading, unpacking it when its name ends in .gz.</summary>
    public static Stream Open(string path, string what)
    {
        if (!File.Exists(path))
            throw new DataException($"{what}: no file '{path}'");
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            return path.EndsWith(".gz", StringComparison.Ordinal)
                ? new BufferedStream(new GZipStream(file, CompressionMode.Decompress), 1 << 16)
                : file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{what}: cannot read '{path}': {e.Message}", e);
        }
    }

    /// <summary>The file's SHA-256 in lower-case hex.</summary>
    public static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
