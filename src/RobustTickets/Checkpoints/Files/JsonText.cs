// The text of a JSON file: valid UTF-8, or UTF-16 with a byte order mark; the mark (written by
// Windows editors) is skipped with a note.
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;

namespace RobustTickets.Checkpoints.Files;

internal static class JsonText
{
    private static readonly (byte[] Mark, Encoding Encoding, string Name)[] Marks =
    [
        ([0xEF, 0xBB, 0xBF], new UTF8Encoding(false, throwOnInvalidBytes: true), "a byte order mark"),
        ([0xFF, 0xFE], new UnicodeEncoding(false, false, throwOnInvalidBytes: true), "the mark of UTF-16"),
        ([0xFE, 0xFF], new UnicodeEncoding(true, false, throwOnInvalidBytes: true), "the mark of UTF-16"),
    ];

    /// <summary>The JSON object of a file; all its strings are valid text.</summary>
    /// <exception cref="CheckpointException">The file cannot be read or does not hold such a JSON
    /// object.</exception>
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
            var bytes = File.ReadAllBytes(path);
            foreach (var (mark, encoding, name) in Marks)
            {
                if (bytes.AsSpan().StartsWith(mark))
                    return (
                        encoding.GetString(bytes, mark.Length, bytes.Length - mark.Length),
                        $"{path}: begins with {name}, which is passed over; Python's json refuses it"
                    );
            }
            return (Marks[0].Encoding.GetString(bytes), null);
        }
        catch (DecoderFallbackException e)
        {
            throw new CheckpointException($"{path}: is not valid UTF-8 (byte {e.Index}); save it as UTF-8", e);
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
