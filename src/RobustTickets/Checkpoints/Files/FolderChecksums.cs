// SHA256SUMS of a folder, as `sha256sum -c` reads it: a corrupt file is reported by name instead of
// giving a different model.
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.Checkpoints.Files;

/// <summary>Checksums of the files of a checkpoint or model folder.</summary>
internal static class FolderChecksums
{
    /// <summary>Name of the checksum file.</summary>
    public const string FileName = "SHA256SUMS";

    /// <summary>Writes the checksum of every file in and below a folder.</summary>
    /// <param name="folder">The folder, complete except for this file.</param>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    internal static void Write(string folder)
    {
        var text = new StringBuilder();
        var files = Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'))
            .Where(name => name != FileName)
            .Order(StringComparer.Ordinal);
        foreach (var name in files)
            text.Append(Hash(Path.Combine(folder, name))).Append("  ").Append(name).Append('\n');
        AtomicFile.WriteAllText(Path.Combine(folder, FileName), text.ToString());
    }

    /// <summary>
    /// Verifies the checksums of a folder; a folder without them (from an older version or another
    /// program) is not checked.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="CheckpointException">A file is missing or differs, or the checksums cannot
    /// be read; the file is named.</exception>
    public static void Verify(string folder)
    {
        var sums = Path.Combine(folder, FileName);
        if (!File.Exists(sums))
            return;
        var number = 0;
        foreach (var line in File.ReadLines(sums))
        {
            number++;
            if (line.Length < 67 || line[64] != ' ' || !line.AsSpan(0, 64).ContainsOnlyHex())
                throw new CheckpointException(
                    $"{sums}:{number}: expected a SHA-256 and a file name, found {Show(line)}"
                );
            var parts = line[66..].Split('/', '\\');
            if (Path.IsPathRooted(line[66..]) || parts.Any(p => p is ".." or ""))
                throw new CheckpointException(
                    $"{sums}:{number}: lists '{Show(line[66..])}'; expected a file in or below the folder"
                );
            var file = Path.Combine([folder, .. parts]);
            if (!File.Exists(file))
                throw new CheckpointException($"{file}: is missing, but {FileName} in the same folder lists it");
            if (!Hash(file).Equals(line[..64], StringComparison.OrdinalIgnoreCase))
            {
                throw new CheckpointException(
                    $"{file}: does not match its checksum in {FileName}: it was damaged or changed since it was "
                        + $"written; restore it, or remove {FileName} if the change was intended"
                );
            }
        }
        if (number == 0)
            throw new CheckpointException($"{sums}: is empty; remove it if you trust the other files");
    }

    /// <summary>
    /// Whether a folder contains its checksum file and no files that it does not list, except those
    /// of file browsers; the files themselves are not read.
    /// </summary>
    public static bool NameAll(string folder)
    {
        var sums = Path.Combine(folder, FileName);
        if (!File.Exists(sums))
            return false;
        var named = File.ReadLines(sums)
            .Where(l => l.Length > 66)
            .Select(l => l[66..])
            .ToHashSet(StringComparer.Ordinal);
        return Directory
            .EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)
            .Where(path => !Directory.Exists(path) || !Directory.EnumerateFileSystemEntries(path).Any())
            .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))
            .All(name => name == FileName || named.Contains(name) || HiddenFiles.IsOfFileBrowser(name));
    }

    private static bool ContainsOnlyHex(this ReadOnlySpan<char> text)
    {
        foreach (var c in text)
            if (!char.IsAsciiHexDigit(c))
                return false;
        return true;
    }

    private static string Show(string line) => line.Length > 60 ? line[..60] + "..." : line;

    private static string Hash(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
