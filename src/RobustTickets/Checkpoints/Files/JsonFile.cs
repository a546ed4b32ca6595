// Reads the text of a JSON file: valid UTF-8, or UTF-16 with a byte order mark, as Windows editors
// write it. The mark is skipped with a note.
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;

namespace RobustTickets.Checkpoints.Files;

internal static class JsonFile
{
    /// <summary>Reads a JSON object whose strings are all valid Unicode.</summary>
    /// <exception cref="CheckpointException">The file cannot be read or is not such
    /// JSON.</exception>
    public static JsonObject Object(string path)
    {
        try
        {
            using var json = GuardedJson.ParseLine(Read(path).Text);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw new CheckpointException($"{path}: is {json.RootElement.ValueKind}; an object is needed");
            return JsonNode.Parse(json.RootElement.GetRawText(), documentOptions: GuardedJson.EachNameOnce)!.AsObject();
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{path}: is not valid JSON: {GuardedJson.Reason(e)}", e);
        }
    }

    /// <summary>The text, and a note if it began with a byte order mark.</summary>
    /// <exception cref="CheckpointException">The file cannot be read or is not valid
    /// text.</exception>
    public static (string Text, string? Note) Read(string path)
    {
        try
        {
            var text = StrictText.DecodeByMark(path, File.ReadAllBytes(path), out var mark);
            return (
                text,
                mark is null ? null : $"{path}: starts with {mark}, which is ignored; Python's json module rejects it"
            );
        }
        catch (DataException e)
        {
            throw new CheckpointException(e.Message, e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException($"{path}: no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
