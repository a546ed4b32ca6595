// A lexical resource is a named, hashed file; summaries contain the hash, so that runs can be
// compared.

using System.Security.Cryptography;
using System.Text.Json;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Data.TextFiles;

namespace RobustTickets.Attacks.Resources;

/// <summary>
/// A resource used by a run: a file (or a built-in list), its hash and its content.
/// </summary>
/// <param name="Kind">word-vectors, neighbours, stop-words, tagger, tag-map, wordnet or
/// masked-lm.</param>
/// <param name="Name">File name without folder, or the name of a built-in list.</param>
/// <param name="Sha256">SHA-256 of the file's bytes in lower-case hex; empty for a built-in
/// list.</param>
/// <param name="Content">Description of the content.</param>
public sealed record ResourceInfo(string Kind, string Name, string Sha256, string Content);

internal static class ResourceFile
{
    /// <summary>Opens a file for reading; unpacks it when its name ends in .gz.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">Kind of file, for errors.</param>
    /// <param name="limit">Maximum unpacked size in bytes.</param>
    /// <exception cref="DataException">The file is missing or cannot be read; while reading, the
    /// unpacked size exceeds the limit.</exception>
    public static Stream Open(string path, string what, long limit = DataOptions.UnpackedBytes)
    {
        if (!File.Exists(path))
            throw new DataException($"{what}: no file '{path}'");
        try
        {
            return IsPacked(path)
                ? new BufferedStream(
                    new SizeLimitedStream(StrictGzip.Open(path), $"{what} {path}", limit, CancellationToken.None),
                    1 << 16
                )
                : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{what}: cannot read '{path}': {e.Message}", e);
        }
    }

    /// <summary>The lines of a text file, strictly UTF-8.</summary>
    /// <exception cref="DataException">The file is missing, damaged, or not text; the message names
    /// the line.</exception>
    public static IEnumerable<(int Number, string Text)> Lines(
        string path,
        string what,
        long limit = DataOptions.UnpackedBytes
    )
    {
        using var stream = Open(path, what, limit);
        using var lines = StrictText.Lines(stream, $"{what} {path}").GetEnumerator();
        while (Next(lines, path, what))
            yield return lines.Current;
    }

    /// <summary>Reads a JSON file and validates its strings.</summary>
    /// <exception cref="DataException">The file is missing, damaged, or not valid JSON.</exception>
    public static JsonDocument Json(string path, string what, long limit = DataOptions.UnpackedBytes)
    {
        if (!File.Exists(path))
            throw new DataException($"{what}: no file '{path}'");
        try
        {
            var bytes = IsPacked(path)
                ? SizeLimitedStream.Whole(path, limit, CancellationToken.None)
                : File.ReadAllBytes(path);
            return GuardedJson.Parse($"{what} {path}", bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{what}: cannot read '{path}': {e.Message}", e);
        }
    }

    private static bool IsPacked(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static bool Next(IEnumerator<(int, string)> lines, string path, string what)
    {
        try
        {
            return lines.MoveNext();
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new DataException($"{what} {path}: {e.Message}", e);
        }
    }

    /// <summary>The file's SHA-256 in lower-case hex.</summary>
    public static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
