// Reading and writing the small JSON files of a run folder.
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Attacks;

namespace RobustTickets.Runs;

/// <summary>Small files, written whole or not at all, read with errors that name them.</summary>
internal static class RunFile
{
    /// <summary>Writes text under a temporary name, forces it to disk, then renames.</summary>
    public static void Write(string path, string text)
    {
        // Named as Checkpoints.AtomicFile names its own, so that what a killed process leaves is
        // found and removed together.
        var temporary = Path.Combine(
            Path.GetDirectoryName(path) ?? "",
            $".{Path.GetFileName(path)}.tmp-{Environment.ProcessId}-0"
        );
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Reads a JSON file as a record.</summary>
    /// <exception cref="DataException">Missing or broken.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type)
    {
        if (!File.Exists(path))
            throw new DataException($"{path}: no such file");
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type)
                ?? throw new DataException($"{path}: holds null");
        }
        catch (JsonException e)
        {
            throw new DataException($"{path}: {e.Message}", e);
        }
    }
}
