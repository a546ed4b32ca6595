// A lexical resource is a named, hashed file; the hash goes into every summary, so that two runs
// can be compared.

using System.Security.Cryptography;
using System.Text.Json;
using RobustTickets.Attacks.Data;

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
    /// <param name="path">The file.</param>
    /// <param name="what">What it is, for errors.</param>
    /// <param name="limit">Bytes that a packed file may unpack to.</param>
    /// <exception cref="DataException">It is missing or cannot be read; later, when it unpacks to
    /// more.</exception>
    public static Stream Open(string path, string what, long limit = DataOptions.UnpackedBytes)
    {
        if (!File.Exists(path))
            throw new DataException($"{what}: no file '{path}'");
        try
        {
            return IsPacked(path)
                ? new BufferedStream(
                    new UnpackedStream(WholeGzip.Open(path), $"{what} {path}", limit, CancellationToken.None),
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
    /// <exception cref="DataException">It is missing, damaged, or no text; the line is
    /// named.</exception>
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

    /// <summary>A JSON file, every string of which can be read.</summary>
    /// <exception cref="DataException">It is missing, damaged, or no such JSON.</exception>
    public static JsonDocument Json(string path, string what, long limit = DataOptions.UnpackedBytes)
    {
        if (!File.Exists(path))
            throw new DataException($"{what}: no file '{path}'");
        try
        {
            var bytes = IsPacked(path)
                ? UnpackedStream.Whole(path, limit, CancellationToken.None)
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
