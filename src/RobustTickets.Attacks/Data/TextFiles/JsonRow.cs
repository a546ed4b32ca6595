using System.Text.Json;

namespace RobustTickets.Attacks.Data.TextFiles;

/// <summary>
/// A row as a JSON object: strings, numbers and booleans are read as text. Fields that are not
/// requested may have any type.
/// </summary>
internal static class JsonRow
{
    private const string Expected = "expected one JSON object per line, or one array of objects";

    /// <summary>The names of an object's fields.</summary>
    /// <param name="json">UTF-8 of the row.</param>
    /// <param name="names">Each distinct name, in order.</param>
    /// <param name="reason">The error, or empty.</param>
    public static bool Fields(ReadOnlyMemory<byte> json, out string[] names, out string reason)
    {
        (names, reason) = ([], "");
        try
        {
            using var first = GuardedJson.ParseBytes(json);
            var root = first.RootElement;
            if (root.ValueKind == JsonValueKind.Object)
                names = [.. root.EnumerateObject().Select(field => field.Name).Distinct(StringComparer.Ordinal)];
            else
                reason = $"{Kind(root)}; {Expected}";
        }
        catch (JsonException e)
        {
            reason = $"not JSON: {GuardedJson.Reason(e)}";
        }
        return reason.Length == 0;
    }

    /// <summary>The values of an object's fields, or its error.</summary>
    /// <param name="line">First line of the object.</param>
    /// <param name="json">UTF-8 of the row.</param>
    /// <param name="columns">The requested fields.</param>
    public static RawRow Parse(int line, ReadOnlyMemory<byte> json, RequestedColumns columns)
    {
        try
        {
            using var document = GuardedJson.ParseBytes(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return new RawRow(line, null, $"{Kind(root)}; {Expected}");
            if (columns.Absent.FirstOrDefault(name => root.TryGetProperty(name, out _)) is { } odd)
            {
                return new RawRow(
                    line,
                    null,
                    $"field '{odd}', which the first object lacks; expected it in every object or in none"
                )
                {
                    Remedy = columns.Remedy,
                };
            }
            var values = new string[columns.Names.Count];
            for (var i = 0; i < values.Length; i++)
            {
                var name = columns.Names[i];
                if (!root.TryGetProperty(name, out var value))
                {
                    if (name == columns.Optional)
                    {
                        values[i] = "";
                        continue;
                    }
                    return new RawRow(
                        line,
                        null,
                        $"no field '{name}'; found "
                            + $"{string.Join(", ", root.EnumerateObject().Select(field => field.Name))}"
                    );
                }
                if (Text(value, columns.MayBeNull(name)) is not { } text)
                {
                    return new RawRow(
                        line,
                        null,
                        $"field '{name}' is {Kind(value)}; expected a string, number or boolean"
                    );
                }
                values[i] = text;
            }
            return new RawRow(line, values, null);
        }
        catch (JsonException e)
        {
            return new RawRow(line, null, $"not JSON: {GuardedJson.Reason(e)}");
        }
    }

    private static string? Text(JsonElement value, bool mayBeNull) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Null when mayBeNull => "",
            _ => null,
        };

    private static string Kind(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Array => "an array",
            JsonValueKind.Object => "an object",
            JsonValueKind.Null => "null",
            JsonValueKind.String => "a string",
            _ => element.GetRawText(),
        };
}
