using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RobustTickets.Cli;

/// <summary>
/// JSON output of commands: indented for one result, one line per object for streams; non-ASCII
/// text is not escaped.
/// </summary>
public static class JsonOutput
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
    private static readonly JsonSerializerOptions Line = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes one result.</summary>
    public static void Write(TextWriter output, JsonNode node) => output.WriteLine(node.ToJsonString(Indented));

    /// <summary>Writes one object of a JSONL stream.</summary>
    public static void WriteLine(TextWriter output, JsonNode node) => output.WriteLine(LineOf(node));

    /// <summary>An object as one line, without the line feed.</summary>
    public static string LineOf(JsonNode node) => node.ToJsonString(Line);

    /// <summary>An array of texts or numbers.</summary>
    public static JsonArray Array<T>(IEnumerable<T> items) => [.. items.Select(i => JsonValue.Create(i))];

    /// <summary>A finite number, else null.</summary>
    public static JsonNode? Number(double? value) => value is { } v && double.IsFinite(v) ? JsonValue.Create(v) : null;
}
