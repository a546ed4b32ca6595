// Streams CSV (RFC 4180, strict) and TSV (no quoting, as in GLUE) with a header; fields are parsed
// as in data files.
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Data.TextFiles;

namespace RobustTickets.Cli.Input;

/// <summary>Rows with named columns; blank lines are skipped.</summary>
internal sealed class DelimitedRows(
    TextReader reader,
    string origin,
    bool quoted,
    char separator,
    char? escape,
    TextColumns columns
) : InputRows
{
    // An unclosed quote must not block the rest of a stream.
    private const int MostLines = 1000;
    private readonly DelimitedFields _fields = new(separator, quoted, escape);
    private readonly Queue<(int Number, string Text)> _again = new();
    private string[] _names = [];
    private int[] _texts = [];
    private int _pair = -1,
        _read;

    /// <inheritdoc/>
    public override bool HasHeader => _names.Length > 0;

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
        // Columns without a name (from trailing separators) are named by position.
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
                $"{origin}:{line}: {fields.Length} fields; expected {_names.Length} ({string.Join(", ", _names)})"
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
        if (index >= 0)
            return index;
        var found = string.Join(", ", _names.Select(n => $"'{n}'"));
        var mark = DelimitedFields.Suggested(_names);
        var remedy =
            mark == '\0' ? "set the text column with --text-column"
            : mark == '\t' ? "if the columns are separated by tabs, set --separator tab"
            : $"if the columns are separated by '{mark}', set --separator '{mark}'";
        throw new DataException($"{origin}:{line}: no column '{name}'; found {found}; {remedy}");
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
            return (number, _fields.Split(begin));
        var row = new StringBuilder(begin);
        var more = new List<(int, string)>();
        var error = Fields(begin, out var fields);
        while (error is { IsOpen: true })
        {
            if (more.Count == MostLines)
                error = new RowError($"a quoted field is not closed within {MostLines} lines");
            else if (Line() is var (next, text))
            {
                more.Add((next, text));
                row.Append('\n').Append(text);
                // Only a quote closes the field.
                if (text.Contains('"', StringComparison.Ordinal))
                    error = Fields(row.ToString(), out fields);
            }
            else
                break;
        }
        if (error is null)
            return (number, [.. fields]);
        // The end of a malformed row is unknown: continue at the line after its first one.
        var rest = _again.ToArray();
        _again.Clear();
        foreach (var line in more.Concat(rest))
            _again.Enqueue(line);
        throw new DataException($"{origin}:{number}: {error.Reason}", error.Remedy);
    }

    private RowError? Fields(string row, out List<string> fields)
    {
        fields = [];
        var (at, line) = (0, 0);
        return _fields.Read(row, row.Length, ref at, ref line, fields);
    }
}
