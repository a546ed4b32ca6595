using System.Text.Json;

namespace RobustTickets.Attacks.Data;

/// <summary>
/// JSON lines: one object a line; strings, numbers and booleans are taken as their text. Fields
/// that are not asked for may be anything.
/// </summary>
internal sealed class JsonLinesFile : RecordFile
{
    private readonly string[] _columns;

    public JsonLinesFile(TextFile file)
        : base(file)
    {
        var (number, text) = file.Lines().First();
        if (text.TrimStart().StartsWith('['))
            throw new DataException($"{file.Path}: a JSON array; one JSON object a line is expected");
        try
        {
            using var first = JsonDocument.Parse(text);
            if (first.RootElement.ValueKind != JsonValueKind.Object)
                throw new DataException(
                    $"{file.Path}:{number}: {Kind(first.RootElement)}; one JSON object a line is expected"
                );
            _columns =
            [
                .. first.RootElement.EnumerateObject().Select(field => field.Name).Distinct(StringComparer.Ordinal),
            ];
        }
        catch (JsonException e)
        {
            throw new DataException($"{file.Path}:{number}: not JSON: {e.Message}", e);
        }
    }

    public override IReadOnlyList<string> Columns => _columns;

    public override IEnumerable<RawRow> Read(IReadOnlyList<string> columns) =>
        File.Lines().Select(line => Parse(line.Number, line.Text, columns));

    private static RawRow Parse(int line, string text, IReadOnlyList<string> columns)
    {
        if (string.IsNullOrWhiteSpace(text))
            return new RawRow(line, null, "empty line; one JSON object a line is expected");
        try
        {
            using var document = JsonDocument.Parse(text);
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
        // the latter: a lone surrogate escape in a string
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new RawRow(line, null, $"not JSON: {e.Message}");
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
