// The files of the repository as a reader sees them: build outputs and version control left out.
namespace RobustTickets.Tests.Layering;

internal static class RepositoryFiles
{
    private static readonly HashSet<string> Skipped =
    [
        ".git",
        "bin",
        "obj",
        "build",
        "TestResults",
        "runs",
        ".vs",
        ".idea",
        "node_modules",
    ];

    /// <summary>
    /// Paths below <paramref name="root"/> (forward slashes, sorted) of all files in
    /// <paramref name="folder"/>; an empty folder name means all.
    /// </summary>
    public static IReadOnlyList<string> Below(string root, string folder)
    {
        var found = new List<string>();
        Collect(new DirectoryInfo(Path.Combine(root, folder)));
        found.Sort(StringComparer.Ordinal);
        return found;

        void Collect(DirectoryInfo directory)
        {
            foreach (var file in directory.GetFiles())
            {
                // A worktree's .git is a file.
                if (!Skipped.Contains(file.Name))
                    found.Add(Path.GetRelativePath(root, file.FullName).Replace('\\', '/'));
            }
            foreach (
                var child in directory
                    .GetDirectories()
                    .Where(child => !Skipped.Contains(child.Name) && child.LinkTarget is null)
            )
                Collect(child);
        }
    }

    /// <summary>The text of a file, or null when it is binary.</summary>
    public static string? Text(string path)
    {
        var bytes = File.ReadAllBytes(path);
        return bytes.AsSpan(0, Math.Min(bytes.Length, 8192)).Contains((byte)0)
            ? null
            : System.Text.Encoding.UTF8.GetString(bytes);
    }
}
