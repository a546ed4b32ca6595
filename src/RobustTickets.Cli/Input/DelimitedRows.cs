// CSV (RFC 4180, read strictly) and TSV (no quoting, as GLUE's) as they come, with a header. What
// is malformed and why is told in the words of the data reader, which wants whole files.
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Input;

/// <summary>Rows with named columns; blank lines are passed over.</summary>
internal sealed class DelimitedRows(TextReader reader, string origin, char separator, bool quoted, TextColumns columns)
    : InputRows
{
    // A quote that is never closed must not hold back the rest of a stream.
    private const int MostLines = 1000;
    private readonly Queue<(int Number, string Text)> _again = new();
    private string[] _names = [];
    private int[] _texts = [];
    private int _pair = -1,
        _read;

    /// <inheritdoc/>
    public override bool MayWait => _again.Count == 0 && reader.Peek() < 0;

    /// <inheritdoc/>
    public override void Begin()
    {
        if (Record() is not var (line, names))
            return;
        var twice = names
            .GroupBy(n => n, StringComparer.Ordinal)
            .FirstOrDefault(g => g.Key.Length > 0 && g.Count() > 1);
        if (twice is not null)
            throw new DataException($"{origin}:{line}: column '{twice.Key}' occurs {twice.Count()} times");
        // Columns without a name, as trailing separators make them, are told apart by their place.
        _names = [.. names.Select((name, i) => name.Length > 0 ? name : Unnamed(i, names))];
        _texts = Array.ConvertAll(columns.TextNames(names.Contains), name => Index(name, line));
        if (columns.PairName is { } pair && (!columns.PairIsOptional || names.Contains(pair)))
            _pair = Index(pair, line);
    }

    /// <inheritdoc/>
    public override InputText? Next()
    {
        if (Record() is not var (line, fields))
            return null;
        if (fields.Length != _names.Length)
            throw new DataException(
                $"{origin}:{line}: {fields.Length} fields; {_names.Length} are expected ({string.Join(", ", _names)})"
            );
        return new InputText(
            line,
            new TextPair(string.Join(' ', _texts.Select(i => fields[i])), _pair < 0 ? null : fields[_pair]),
            [
                .. Enumerable
                    .Range(0, fields.Length)
                    .Where(i => i != _pair && !_texts.Contains(i))
                    .Select(i => KeyValuePair.Create(_names[i], (JsonNode?)JsonValue.Create(fields[i]))),
            ]
        );
    }

    private static string Unnamed(int index, string[] names)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"column_{index + 1}");
        while (names.Contains(name))
            name += "_";
        return name;
    }

    private int Index(string name, int line)
    {
        var index = Array.IndexOf(_names, name);
        return index >= 0
            ? index
            : throw new DataException(
                $"{origin}:{line}: no column '{name}'; found {string.Join(", ", _names)}; name the text's "
                    + "(--text-column)"
            );
    }

    private (int Number, string Text)? Line()
    {
        if (_again.TryDequeue(out var line))
            return line;
        _read++;
        return reader.ReadLine() is { } text ? (_read, text) : null;
    }

    private (int Line, string[] Fields)? Record()
    {
        (int Number, string Text)? first;
        do
        {
            first = Line();
        } while (first is { Text: "" });
        if (first is not var (number, begin))
            return null;
        if (!quoted)
            return (number, begin.Split(separator));
        var fields = new List<string>();
        var value = new StringBuilder();
        var more = new List<(int, string)>();
        var error = Fields(begin, fields, value, open: false, out var isOpen);
        while (isOpen && error is null)
        {
            if (more.Count == MostLines || Line() is not var (next, text))
            {
                error =
                    more.Count == MostLines
                        ? $"a quoted field is not closed within {MostLines} lines"
                        : "a quoted field is never closed";
                break;
            }
            more.Add((next, text));
            value.Append('\n');
            error = Fields(text, fields, value, open: true, out isOpen);
        }
        if (error is null)
            return (number, [.. fields]);
        // Where a broken row ends is anyone's guess: go on at the line after the one it began on.
        var rest = _again.ToArray();
        _again.Clear();
        foreach (var line in more.Concat(rest))
            _again.Enqueue(line);
        throw new DataException($"{origin}:{number}: {error}");
    }

    /// <summary>Reads the fields of a line, the first of which may have begun before it.</summary>
    private string? Fields(string line, List<string> fields, StringBuilder value, bool open, out bool isOpen)
    {
        for (var at = 0; ; at++)
        {
            isOpen = open || (at < line.Length && line[at] == '"');
            if (!isOpen)
            {
                var end = line.IndexOf(separator, at);
                var field = end < 0 ? line[at..] : line[at..end];
                if (field.Contains('"', StringComparison.Ordinal))
                    return $"a quote inside the unquoted field '{Shorten(field)}'; quote the whole field and double "
                        + "the quote";
                fields.Add(field);
                if (end < 0)
                    return null;
                at = end;
                continue;
            }
            at += open ? 0 : 1;
            open = false;
            while (true)
            {
                var quote = line.IndexOf('"', at);
                value.Append(line, at, (quote < 0 ? line.Length : quote) - at);
                if (quote < 0)
                    return null;
                at = quote + 1;
                if (at == line.Length || line[at] != '"')
                    break;
                value.Append('"');
                at++;
            }
            isOpen = false;
            fields.Add(value.ToString());
            value.Clear();
            if (at == line.Length)
                return null;
            if (line[at] != separator)
                return $"'{line[at]}' after the closing quote of the field '{Shorten(fields[^1])}'; quotes inside a "
                    + "quoted "
                    + "field must be doubled";
        }
    }

    private static string Shorten(string text) => VisibleText.OnOneLine(text.Length <= 30 ? text : text[..30] + "..");
}
