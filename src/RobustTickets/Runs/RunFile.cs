// Reading and writing the small JSON files of a run folder.
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Runs;

/// <summary>Small files, written whole or not at all, read with errors that name them.</summary>
internal static class RunFile
{
    /// <summary>Reads a JSON file as a record.</summary>
    /// <param name="path">The file.</param>
    /// <param name="type">The record.</param>
    /// <param name="schema">The <c>schema_version</c> that is read, of a file that has one. It is
    /// looked at first: a layout of another version lacks members of this one.</param>
    /// <exception cref="DataException">Missing, broken, or of another version.</exception>
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
            throw new DataException($"{path}: is not what a run writes: {GuardedJson.Reason(e)}", e);
        }
    }

    /// <summary>
    /// Writes a JSON file and a line feed; the file and its name are on the disk when this returns.
    /// </summary>
    /// <exception cref="OutputException">It cannot be written; path and reason named.</exception>
    public static void Write(string path, string json)
    {
        WholeFile.Write(path, json + "\n");
        Disk.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static void RequireVersion(string path, JsonElement found, int schema)
    {
        if (found.Integer() != schema)
            throw new DataException(
                $"{path}: schema_version is {found.GetRawText()}, this program reads {schema}: "
                    + "it is a file of another version of this program"
            );
    }
}
