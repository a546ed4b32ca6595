// One row per line: JSON objects {"text": "...", "text_pair": "..."?}, or plain text.
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Input;

/// <summary>Plain lines; blank ones are skipped.</summary>
internal class LineRows(TextReader reader) : InputRows
{
    private int _number;

    /// <inheritdoc/>
    public override bool MayWait => reader.Peek() < 0;

    /// <inheritdoc/>
    public override InputText? Next()
    {
        while (true)
        {
            _number++;
            if (reader.ReadLine() is not { } line)
                return null;
            if (!string.IsNullOrWhiteSpace(line))
                return Row(line, _number);
        }
    }

    /// <summary>Parses a line.</summary>
    protected virtual InputText Row(string line, int number) => new(number, new TextPair(line), []);
}

/// <summary>JSON objects, one per line.</summary>
internal sealed class JsonRows(TextReader reader, string origin, TextColumns columns) : LineRows(reader)
{
    /// <inheritdoc/>
    protected override InputText Row(string line, int number)
    {
        var place = $"{origin}:{number}";
        JsonDocument document;
        try
        {
            document = GuardedJson.ParseLine(line);
        }
        catch (JsonException e)
        {
            throw new DataException(
                $"{place}: expected an object {{\"text\": ...}} on one line, found {Shorten(line)} "
                    + $"({GuardedJson.Reason(e)}){OtherFormat(line)}",
                e
            );
        }
        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new DataException($"{place}: expected an object {{\"text\": ...}}, found {Shorten(line)}");
            var texts = columns.TextNames(name => root.TryGetProperty(name, out _));
            var text = string.Join(' ', texts.Select(name => Text(root, name, place)));
            var pair = columns.PairName is { } second && HasPair(root, second) ? Text(root, second, place) : null;
            return new InputText(
                number,
                new TextPair(text, pair),
                [
                    .. root.EnumerateObject()
                        .Where(f => !texts.Contains(f.Name) && f.Name != columns.PairName)
                        .Select(f => KeyValuePair.Create(f.Name, JsonNode.Parse(f.Value.GetRawText()))),
                ]
            );
        }
    }

    private bool HasPair(JsonElement root, string name) =>
        !columns.PairIsOptional || (root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null);

    private static string Text(JsonElement root, string field, string place)
    {
        if (!root.TryGetProperty(field, out var value))
            throw new DataException(
                $"{place}: no field \"{field}\"; found "
                    + $"{string.Join(", ", root.EnumerateObject().Select(p => p.Name))}; "
                    + "set the text field with --text-column"
            );
        return value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new DataException(
                $"{place}: field \"{field}\" must be a string, found {Shorten(value.GetRawText())}"
            );
    }

    // A line that does not start like JSON is plain text, or a row of columns.
    private static string OtherFormat(string line) =>
        line.TrimStart().StartsWith('{')
            ? ""
            : "; --format text reads plain lines, --format csv and tsv read columns with a header";

    private static string Shorten(string text) => text.Length > 60 ? text[..60] + "..." : text;
}
