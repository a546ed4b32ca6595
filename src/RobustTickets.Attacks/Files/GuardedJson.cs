using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RobustTickets.Attacks;

/// <summary>
/// JSON files whose every string can be read: strict UTF-8, no half of a surrogate pair, a byte
/// order mark allowed. What System.Text.Json would throw later, wherever a string is taken, is
/// refused here with file and line.
/// </summary>
internal static class GuardedJson
{
    private const int MostTokens = 1 << 25;
    private const int LongestQuote = 40;

    /// <summary>What is wrong with a string that is no text.</summary>
    public const string HalfPair =
        "holds half of a surrogate pair (an escape \\ud8.. to \\udf.. alone), which is no text";

    /// <summary>For files in which a name occurs once.</summary>
    public static readonly JsonDocumentOptions EachNameOnce = new() { AllowDuplicateProperties = false };

    /// <summary>Parses a file.</summary>
    /// <param name="place">What to call it in an error; the line is put behind it.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="options">What else is refused.</param>
    /// <exception cref="DataException">It is not JSON, or a string of it is no text.</exception>
    public static JsonDocument Parse(string place, ReadOnlyMemory<byte> bytes, JsonDocumentOptions options = default)
    {
        if (bytes.Span.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];
        try
        {
            Check(place, bytes.Span);
            return JsonDocument.Parse(bytes, options);
        }
        catch (JsonException e)
        {
            throw new DataException($"{place}:{e.LineNumber + 1 ?? 1}: not JSON: {Reason(e)}", e);
        }
    }

    /// <summary>Parses the text of one line.</summary>
    /// <exception cref="JsonException">It is not JSON, or a string of it is no text; the message
    /// says why.</exception>
    public static JsonDocument ParseLine(string text) =>
        // A lone surrogate in the text itself becomes U+FFFD.
        ParseBytes(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Parses UTF-8, which the document refers to.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="most">Names and values at most.</param>
    /// <inheritdoc cref="ParseLine" path="/exception"/>
    public static JsonDocument ParseBytes(ReadOnlyMemory<byte> bytes, int most = MostTokens)
    {
        var reader = new Utf8JsonReader(bytes.Span);
        var tokens = 0;
        while (reader.Read())
        {
            if (++tokens > most)
                throw new JsonException($"more than {most} JSON values");
            if (IsBroken(ref reader))
                throw new JsonException("a string holds half of a surrogate pair");
        }
        return JsonDocument.Parse(bytes);
    }

    /// <summary>Reads a text as a record; null when it says null.</summary>
    /// <exception cref="JsonException">It is not JSON or not such a record, or a string of it is no
    /// text.</exception>
    public static T? Deserialize<T>(string text, JsonTypeInfo<T> type)
    {
        using var json = ParseLine(text);
        return json.RootElement.Deserialize(type);
    }

    /// <summary>A member of an object; null when it is missing, or the element no object.</summary>
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    /// <summary>The text of a string; null for every other kind.</summary>
    public static string? Text(this JsonElement element) =>
        element.ValueKind == JsonValueKind.String ? element.GetString() : null;

    /// <summary>The text of a string; null where it is none (<see cref="HalfPair"/>).</summary>
    public static string? TryText(this JsonElement text) => Try(text.GetString);

    /// <summary>The name of a member; null where it is no text.</summary>
    public static string? TryName(this JsonProperty member) => Try(() => member.Name);

    /// <summary>The value of a whole number; null for every other kind.</summary>
    public static int? Integer(this JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value) ? value : null;

    /// <summary>
    /// What is wrong, for a person: without the reader's own positions, and without the text that a
    /// literal which is none is quoted with to the end of the file. Of other exceptions the
    /// message.
    /// </summary>
    public static string Reason(Exception e)
    {
        if (e is not JsonException)
            return e.Message;
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var text = (end < 0 ? e.Message : e.Message[..end]).TrimEnd(' ', '|');
        if (text.StartsWith("The input does not contain any JSON", StringComparison.Ordinal))
            return "it is empty";
        if (
            text.Contains("reached end of data", StringComparison.Ordinal)
            || text.StartsWith("Expected depth to be zero at the end", StringComparison.Ordinal)
        )
            return "it ends in the middle";
        var literal = text.LastIndexOf("' is an invalid JSON literal", StringComparison.Ordinal);
        if (literal < 1)
            return text;
        var line = text[1..literal].Split('\n')[0].TrimEnd('\r');
        return $"'{(line.Length <= LongestQuote ? line : line[..LongestQuote] + "...")}' is no JSON value";
    }

    private static void Check(string place, ReadOnlySpan<byte> bytes)
    {
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
            StrictText.Decode(place, bytes); // names the byte
        var reader = new Utf8JsonReader(bytes);
        var tokens = 0;
        while (reader.Read())
        {
            // A document holds twelve bytes a token, whatever the token's own length.
            if (++tokens > MostTokens)
                throw new DataException($"{place}: more than {MostTokens} JSON values");
            if (!IsBroken(ref reader))
                continue;
            var line = bytes[..(int)reader.TokenStartIndex].Count((byte)'\n') + 1;
            throw new DataException($"{place}:{line}: a string {HalfPair}");
        }
    }

    private static bool IsBroken(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || !reader.ValueIsEscaped)
            return false;
        try
        {
            reader.GetString();
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private static string? Try(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
