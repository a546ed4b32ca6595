using System.Text;

namespace RobustTickets.Attacks;

/// <summary>Small files that are the old one or the whole new one, also after a crash.</summary>
internal static class WholeFile
{
    /// <summary>
    /// Writes text under a temporary name in the same folder, flushes it to the disk, then renames.
    /// </summary>
    /// <param name="path">The file; replaced if it exists. Its folder must exist.</param>
    /// <param name="text">The content, as UTF-8 without byte order mark.</param>
    /// <exception cref="OutputException">It cannot be written; path and reason named.</exception>
    public static void Write(string path, string text)
    {
        // Leftovers of a killed process are found by this form of name.
        var temporary = Path.Combine(
            Path.GetDirectoryName(path) ?? "",
            $".{Path.GetFileName(path)}.tmp-{Environment.ProcessId}-0"
        );
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                file.Write(Encoding.UTF8.GetBytes(text));
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"{path}: cannot be written: {e.Message}", e);
        }
    }
}
