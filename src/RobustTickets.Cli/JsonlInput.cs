// Texts as JSON lines: {"text": "...", "text_pair": "..."?}, from a file or standard input. Other
// fields are the caller's own and are passed over.
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Cli;

/// <summary>One line of input.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Text">The text, or pair.</param>
public readonly record struct InputText(int Line, TextPair Text);

/// <summary>Reads JSON lines as they come, so that a pipe is answered while it is open.</summary>
public static class JsonlInput
{
    /// <summary>
    /// Reads texts in groups of at most <paramref name="size"/>. A group is handed over early when
    /// nothing more has arrived, so that a program that writes
    /// a line and waits for the answer gets it. Blank lines are passed over.
    /// </summary>
    /// <param name="context">Where standard input comes from.</param>
    /// <param name="path">A file, or <c>-</c> for standard input.</param>
    /// <param name="size">Texts in a group at most.</param>
    /// <exception cref="DataException">No such file, or a line that is not such an object; file and
    /// line named.</exception>
    public static IEnumerable<IReadOnlyList<InputText>> Read(CliContext context, string path, int size)
    {
        if (path == "-")
            return Groups(context.In, "standard input", size);
        if (!File.Exists(path))
            throw new DataException(
                $"{path}: no such file; give JSON lines {{\"text\": ...}}, or - for standard input"
            );
        return FileGroups(path, size);
    }

    private static IEnumerable<IReadOnlyList<InputText>> FileGroups(string path, int size)
    {
        using var reader = new StreamReader(path);
        foreach (var group in Groups(reader, path, size))
            yield return group;
    }

    private static IEnumerable<IReadOnlyList<InputText>> Groups(TextReader reader, string origin, int size)
    {
        var number = 0;
        var group = new List<InputText>(size);
        DataException? broken = null;
        while (broken is null && reader.ReadLine() is { } line)
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                try
                {
                    group.Add(Parse(line, $"{origin}:{number}", number));
                }
                catch (DataException e)
                {
                    broken = e;
                }
            }
            // Peek is -1 when the buffer is empty and the last read did not fill it: nobody knows
            // when the next line comes.
            if (group.Count == size || (group.Count > 0 && (broken is not null || reader.Peek() < 0)))
            {
                yield return group;
                group = new List<InputText>(size);
            }
        }
        if (group.Count > 0)
            yield return group;
        // What came before the bad line was answered.
        if (broken is not null)
            throw broken;
    }

    private static InputText Parse(string line, string place, int number)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new DataException($"{place}: expected an object {{\"text\": ...}}, found {Shorten(line)}");
            if (!root.TryGetProperty("text", out var text))
                throw new DataException(
                    $"{place}: no field \"text\"; found {string.Join(", ", root.EnumerateObject().Select(p => p.Name))}"
                );
            var pair =
                root.TryGetProperty("text_pair", out var second) && second.ValueKind != JsonValueKind.Null
                    ? Text(second, "text_pair", place)
                    : null;
            return new InputText(number, new TextPair(Text(text, "text", place), pair));
        }
        catch (JsonException e)
        {
            throw new DataException(
                $"{place}: expected an object {{\"text\": ...}} on one line, found {Shorten(line)}",
                e
            );
        }
    }

    private static string Text(JsonElement value, string field, string place) =>
        value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new DataException(
                $"{place}: field \"{field}\" must be a text, found {Shorten(value.GetRawText())}"
            );

    private static string Shorten(string text) => text.Length > 60 ? text[..60] + "..." : text;
}
