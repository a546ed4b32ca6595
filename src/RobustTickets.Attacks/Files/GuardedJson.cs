using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RobustTickets.Attacks;

/// <summary>
/// Parses JSON and validates every string: strict UTF-8, no lone surrogates; a byte order mark is
/// allowed. System.Text.Json would throw only when a string is read; here the error comes with file
/// and line.
/// </summary>
internal static class GuardedJson
{
    private const int MostTokens = 1 << 25;
    private const int LongestQuote = 40;

    /// <summary>The error for a string that is not valid Unicode.</summary>
    public const string HalfPair =
        "contains an unpaired surrogate (an escape \\ud8.. to \\udf.. on its own), which is not valid text";

    /// <summary>Options that reject duplicate property names.</summary>
    public static readonly JsonDocumentOptions EachNameOnce = new() { AllowDuplicateProperties = false };

    /// <summary>Parses a file.</summary>
    /// <param name="place">Name in errors; the line is appended.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="options">Further restrictions.</param>
    /// <exception cref="DataException">The file is not JSON, or a string of it is not valid
    /// text.</exception>
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
    /// <exception cref="JsonException">The line is not JSON, or a string of it is not valid
    /// text.</exception>
    public static JsonDocument ParseLine(string text) =>
        // GetBytes replaces a lone surrogate in the text by U+FFFD.
        ParseBytes(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Parses UTF-8 bytes; the document keeps a reference to them.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="most">Maximum number of names and values.</param>
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
                throw new JsonException("a string contains an unpaired surrogate");
        }
        return JsonDocument.Parse(bytes);
    }

    /// <summary>Deserializes a record; null for the JSON value null.</summary>
    /// <exception cref="JsonException">The text is not JSON or not such a record, or a string of it
    /// is not valid text.</exception>
    public static T? Deserialize<T>(string text, JsonTypeInfo<T> type)
    {
        using var json = ParseLine(text);
        return json.RootElement.Deserialize(type);
    }

    /// <summary>
    /// A property of an object; null when it is missing, or the element is not an object.
    /// </summary>
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    /// <summary>The value of a string; null for any other kind.</summary>
    public static string? Text(this JsonElement element) =>
        element.ValueKind == JsonValueKind.String ? element.GetString() : null;

    /// <summary>
    /// The value of a string; null if it is not valid Unicode (<see cref="HalfPair"/>).
    /// </summary>
    public static string? TryText(this JsonElement text) => Try(text.GetString);

    /// <summary>The name of a property; null if it is not valid Unicode.</summary>
    public static string? TryName(this JsonProperty member) => Try(() => member.Name);

    /// <summary>The value of an integer; null for any other kind.</summary>
    public static int? Integer(this JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value) ? value : null;

    /// <summary>
    /// A JsonException's message for users, without the reader's byte positions and with a quoted
    /// invalid literal cut to its first line. Other exceptions: the message.
    /// </summary>
    public static string Reason(Exception e)
    {
        if (e is not JsonException)
            return e.Message;
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var text = (end < 0 ? e.Message : e.Message[..end]).TrimEnd(' ', '|');
        if (text.StartsWith("The input does not contain any JSON", StringComparison.Ordinal))
            return "the input is empty";
        if (
            text.Contains("reached end of data", StringComparison.Ordinal)
            || text.StartsWith("Expected depth to be zero at the end", StringComparison.Ordinal)
        )
            return "unexpected end of input";
        var literal = text.LastIndexOf("' is an invalid JSON literal", StringComparison.Ordinal);
        if (literal < 1)
            return text;
        var line = text[1..literal].Split('\n')[0].TrimEnd('\r');
        return $"'{(line.Length <= LongestQuote ? line : line[..LongestQuote] + "...")}' is not a JSON value";
    }

    private static void Check(string place, ReadOnlySpan<byte> bytes)
    {
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
            StrictText.Decode(place, bytes); // throws, naming the byte
        var reader = new Utf8JsonReader(bytes);
        var tokens = 0;
        while (reader.Read())
        {
            // JsonDocument uses twelve bytes per token, whatever the token's length.
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
