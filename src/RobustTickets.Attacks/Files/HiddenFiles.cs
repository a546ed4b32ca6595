// Files that a system or a tool leaves in folders that users give: they are neither data nor part
// of a resource.
namespace RobustTickets.Attacks;

/// <summary>Recognizes hidden files by their names.</summary>
internal static class HiddenFiles
{
    /// <summary>
    /// Whether a path below a given folder is hidden: a part starts with a dot, or a file browser
    /// wrote the file.
    /// </summary>
    /// <param name="relative">The path below the folder; the folder's own name is not part of
    /// it.</param>
    public static bool IsHidden(string relative) =>
        relative.Split('/', '\\').Any(part => part.StartsWith('.')) || IsOfFileBrowser(relative);

    /// <summary>
    /// Whether a file browser wrote the file (macOS: <c>.DS_Store</c>, <c>._NAME</c>; Windows:
    /// <c>Thumbs.db</c>, <c>desktop.ini</c>).
    /// </summary>
    /// <param name="path">The path of the file, separated by <c>/</c> or <c>\</c>.</param>
    public static bool IsOfFileBrowser(string path)
    {
        var name = path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
        return name is ".DS_Store"
            || name.StartsWith("._", StringComparison.Ordinal)
            || name.Equals("Thumbs.db", StringComparison.OrdinalIgnoreCase)
            || name.Equals("desktop.ini", StringComparison.OrdinalIgnoreCase);
    }
}
