// Reading and writing the small JSON files of a run folder.
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Attacks;

namespace RobustTickets.Runs;

/// <summary>Small files, written whole or not at all, read with errors that name them.</summary>
internal static class RunFile
{
    /// <summary>Reads a JSON file as a record.</summary>
    /// <exception cref="DataException">Missing or broken.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type)
    {
        if (!File.Exists(path))
            throw new DataException($"{path}: no such file");
        try
        {
            using var json = GuardedJson.Parse(path, File.ReadAllBytes(path), GuardedJson.EachNameOnce);
            return json.RootElement.Deserialize(type) ?? throw new DataException($"{path}: holds null");
        }
        catch (JsonException e)
        {
            throw new DataException($"{path}: is not what a run writes: {GuardedJson.Reason(e)}", e);
        }
    }
}
