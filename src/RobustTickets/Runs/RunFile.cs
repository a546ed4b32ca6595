// Reads and writes the small JSON files of a run folder.
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Runs;

/// <summary>Small files, written atomically; errors on reading name the file.</summary>
internal static class RunFile
{
    /// <summary>Reads a JSON file as a record.</summary>
    /// <param name="path">The file.</param>
    /// <param name="type">The record.</param>
    /// <param name="schema">The supported <c>schema_version</c>, if the file has one. Checked
    /// first, because other versions may lack fields.</param>
    /// <exception cref="DataException">The file is missing, corrupt, or of another
    /// version.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type, int? schema = null)
    {
        if (!File.Exists(path))
            throw new DataException($"{path}: no such file");
        try
        {
            using var json = GuardedJson.Parse(path, File.ReadAllBytes(path), GuardedJson.EachNameOnce);
            if (schema is not null && json.RootElement.Member("schema_version") is { } found)
                RequireVersion(path, found, schema.Value);
            return json.RootElement.Deserialize(type) ?? throw new DataException($"{path}: holds null");
        }
        catch (JsonException e)
        {
            throw new DataException($"{path}: not in the expected format: {GuardedJson.Reason(e)}", e);
        }
    }

    /// <summary>
    /// Writes a JSON file with a line feed; file and name are flushed to disk on return.
    /// </summary>
    /// <exception cref="OutputException">The file cannot be written; the message names path and
    /// reason.</exception>
    public static void Write(string path, string json)
    {
        WholeFile.Write(path, json + "\n");
        Disk.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static void RequireVersion(string path, JsonElement found, int schema)
    {
        if (found.Integer() != schema)
            throw new DataException(
                $"{path}: schema_version is {found.GetRawText()}, but this program reads {schema}; "
                    + "the file was written by another version"
            );
    }
}
