// Resolves the files of a corpus and fingerprints them to detect changes. Files are streamed and
// hashed while they are read.
using RobustTickets.Attacks;

namespace RobustTickets.Pretraining;

/// <summary>A file of a corpus.</summary>
/// <param name="Name">Its name, without its folder.</param>
/// <param name="Bytes">Its length on disk.</param>
/// <param name="Sha256">Hash of its bytes on disk.</param>
internal sealed record CorpusFile(string Name, long Bytes, string Sha256);

/// <summary>Finds and fingerprints the files of a corpus.</summary>
internal static class CorpusFiles
{
    /// <summary>
    /// Resolves paths in order: a file is itself, a folder is all files in and below it sorted by
    /// name, except hidden ones.
    /// </summary>
    /// <exception cref="DataException">A path is missing, a folder is empty, or a file can be read
    /// only once.</exception>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> names)
    {
        var files = new List<string>();
        foreach (var name in names)
        {
            if (!Directory.Exists(name))
            {
                files.Add(File.Exists(name) ? name : throw new DataException($"{name}: no such corpus file"));
                continue;
            }
            var within = Directory
                .EnumerateFiles(name, "*", SearchOption.AllDirectories)
                .Where(f => !HiddenFiles.IsHidden(Path.GetRelativePath(name, f)))
                .Order(StringComparer.Ordinal)
                .ToArray();
            if (within.Length == 0)
                throw new DataException($"{name}: the folder contains no corpus file");
            files.AddRange(within);
        }
        foreach (var file in files)
        {
            using var stream = Open(file);
            if (!stream.CanSeek)
                throw new DataException($"{file}: can be read only once, but is read in every epoch; name a file");
        }
        return files;
    }

    /// <summary>Length and hash of a file.</summary>
    /// <exception cref="DataException">The file cannot be read.</exception>
    public static CorpusFile Fingerprint(string file, CancellationToken stop)
    {
        using var stream = new HashedStream(Open(file));
        return stream.Fingerprint(stop);
    }

    private static FileStream Open(string file)
    {
        try
        {
            return File.OpenRead(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{file}: cannot be read: {e.Message}", e);
        }
    }
}
