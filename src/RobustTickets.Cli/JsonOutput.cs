using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RobustTickets.Cli;

/// <summary>
/// How commands print JSON: indented for one result, one line for streams; text readable beyond
/// ASCII.
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

    /// <summary>One result.</summary>
    public static void Write(TextWriter output, JsonNode node) => output.WriteLine(node.ToJsonString(Indented));

    /// <summary>One object of a JSONL stream.</summary>
    public static void WriteLine(TextWriter output, JsonNode node) => output.WriteLine(LineOf(node));

    /// <summary>The text of such an object, without the line feed.</summary>
    public static string LineOf(JsonNode node) => node.ToJsonString(Line);

    /// <summary>A list of texts or numbers.</summary>
    public static JsonArray Array<T>(IEnumerable<T> items) => [.. items.Select(i => JsonValue.Create(i))];

    /// <summary>A number that JSON can hold, else null.</summary>
    public static JsonNode? Number(double? value) => value is { } v && double.IsFinite(v) ? JsonValue.Create(v) : null;
}
