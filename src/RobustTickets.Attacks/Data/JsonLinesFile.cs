using System.Text.Json;

namespace RobustTickets.Attacks.Data;

/// <summary>
/// JSON lines: one object a line; strings, numbers and booleans are taken as their text. Fields
/// that are not asked for may be anything.
/// </summary>
internal sealed class JsonLinesFile : RecordFile
{
    private readonly string[] _columns;

    /// <param name="file">The text.</param>
    /// <param name="skip">Whether malformed lines before the first object are passed over.</param>
    public JsonLinesFile(TextFile file, bool skip)
        : base(file)
    {
        if (
            file.Lines().FirstOrDefault(l => !string.IsNullOrWhiteSpace(l.Text)).Text?.TrimStart().StartsWith('[')
            == true
        )
            throw new DataException($"{file.Path}: a JSON array; one JSON object a line is expected");
        string? error = null;
        foreach (var (number, text) in file.Lines())
        {
            if (Fields(text, out _columns, out var reason))
                return;
            error ??= $"{file.Path}:{number}: {reason}";
            if (!skip)
                break;
        }
        throw new DataException(error!);
    }

    public override IReadOnlyList<string> Columns => _columns;

    public override IEnumerable<RawRow> Read(IReadOnlyList<string> columns, string? label) =>
        File.Lines().Select(line => Parse(line.Number, line.Text, columns, label));

    private static bool Fields(string text, out string[] names, out string reason)
    {
        (names, reason) = ([], "");
        try
        {
            using var first = GuardedJson.ParseLine(text);
            var root = first.RootElement;
            if (root.ValueKind == JsonValueKind.Object)
                names = [.. root.EnumerateObject().Select(field => field.Name).Distinct(StringComparer.Ordinal)];
            else
                reason = $"{Kind(root)}; one JSON object a line is expected";
        }
        catch (JsonException e)
        {
            reason = $"not JSON: {GuardedJson.Reason(e)}";
        }
        return reason.Length == 0;
    }

    private static RawRow Parse(int line, string text, IReadOnlyList<string> columns, string? label)
    {
        if (string.IsNullOrWhiteSpace(text))
            return new RawRow(line, null, "empty line; one JSON object a line is expected");
        try
        {
            using var document = GuardedJson.ParseLine(text);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return new RawRow(line, null, $"{Kind(root)}; one JSON object a line is expected");
            var values = new string[columns.Count];
            for (var i = 0; i < values.Length; i++)
            {
                if (!root.TryGetProperty(columns[i], out var value))
                {
                    return new RawRow(
                        line,
                        null,
                        $"no field '{columns[i]}'; found "
                            + $"{string.Join(", ", root.EnumerateObject().Select(field => field.Name))}"
                    );
                }
                switch (value.ValueKind)
                {
                    case JsonValueKind.String:
                        values[i] = value.GetString()!;
                        break;
                    case JsonValueKind.Number:
                        values[i] = value.GetRawText();
                        break;
                    case JsonValueKind.True:
                        values[i] = "true";
                        break;
                    case JsonValueKind.False:
                        values[i] = "false";
                        break;
                    case JsonValueKind.Null when columns[i] == label:
                        values[i] = "";
                        break;
                    default:
                        return new RawRow(
                            line,
                            null,
                            $"field '{columns[i]}' is {Kind(value)}; a string, number or boolean is expected"
                        );
                }
            }
            return new RawRow(line, values, null);
        }
        catch (JsonException e)
        {
            return new RawRow(line, null, $"not JSON: {GuardedJson.Reason(e)}");
        }
    }

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
