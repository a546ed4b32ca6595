// Texts as JSON lines: {"text": "...", "text_pair": "..."?}, from a file or standard input. Other fields are the caller's own and are passed over.
using System.Text.Json;
using RobustTickets.Text;

namespace RobustTickets.Cli;

/// <summary>One line of input.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Text">The text.</param>
/// <param name="TextPair">The second text, or null.</param>
public readonly record struct InputText(int Line, string Text, string? TextPair);

/// <summary>Reads JSON lines as they come, so that a pipe is answered while it is open.</summary>
public static class JsonlInput
{
    /// <summary>Reads texts; blank lines are passed over.</summary>
    /// <param name="context">Where standard input comes from.</param>
    /// <param name="path">A file, or <c>-</c> for standard input.</param>
    /// <exception cref="DataException">No such file, or a line that is not such an object; file and line named.</exception>
    public static IEnumerable<InputText> Read(CliContext context, string path)
    {
        if (path == "-") return Lines(context.In, "standard input");
        if (!File.Exists(path)) throw new DataException($"{path}: no such file; give JSON lines {{\"text\": ...}}, or - for standard input");
        return FileLines(path);
    }

    private static IEnumerable<InputText> FileLines(string path)
    {
        using var reader = new StreamReader(path);
        foreach (var text in Lines(reader, path)) yield return text;
    }

    private static IEnumerable<InputText> Lines(TextReader reader, string origin)
    {
        var number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            yield return Parse(line, $"{origin}:{number}", number);
        }
    }

    private static InputText Parse(string line, string place, int number)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new DataException($"{place}: expected an object {{\"text\": ...}}, found {Shorten(line)}");
            if (!root.TryGetProperty("text", out var text)) throw new DataException($"{place}: no field \"text\"; found {string.Join(", ", root.EnumerateObject().Select(p => p.Name))}");
            var pair = root.TryGetProperty("text_pair", out var second) && second.ValueKind != JsonValueKind.Null ? Text(second, "text_pair", place) : null;
            return new InputText(number, Text(text, "text", place), pair);
        }
        catch (JsonException e)
        {
            throw new DataException($"{place}: expected an object {{\"text\": ...}} on one line, found {Shorten(line)}", e);
        }
    }

    private static string Text(JsonElement value, string field, string place) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw new DataException($"{place}: field \"{field}\" must be a text, found {Shorten(value.GetRawText())}");

    private static string Shorten(string text) => text.Length > 60 ? text[..60] + "..." : text;
}
