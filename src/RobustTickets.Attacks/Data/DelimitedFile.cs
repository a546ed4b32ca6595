using System.Globalization;
using System.Text;

namespace RobustTickets.Attacks.Data;

/// <summary>
/// CSV and TSV. Unquoted: a line is a row, <c>"</c> an ordinary character (GLUE). Quoted: RFC 4180
/// read strictly: a field is quoted as a whole or not at all,
/// <c>""</c> stands for one quote, quoted fields may hold separators and line ends; anything else
/// is a malformed row, for a lenient reader would swallow
/// half the file after one stray quote. An escape character, when one is given, takes the meaning
/// from a quote, a separator or itself. All rows must have as many fields as the first.
/// </summary>
internal sealed class DelimitedFile : RecordFile
{
    private readonly char _separator;
    private readonly bool _quoted;
    private readonly char? _escape;
    private readonly bool _header;
    private readonly string[] _columns;

    public DelimitedFile(TextFile file, char separator, bool quoted, bool header, char? escape)
        : base(file)
    {
        (_separator, _quoted, _header, _escape) = (separator, quoted, header, escape);
        var (line, fields, error) = Rows().First();
        if (error is not null)
            throw new DataException($"{file.Path}:{line}: {error}");
        _columns = header
            ? fields!
            : [.. Enumerable.Range(0, fields!.Length).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        if (
            _columns
                .GroupBy(name => name, StringComparer.Ordinal)
                .FirstOrDefault(group => group.Key.Length > 0 && group.Count() > 1) is
            { } twice
        )
        {
            throw new DataException(
                $"{file.Path}:{line}: column '{twice.Key}' occurs {twice.Count()} times in the header"
            );
        }
    }

    public override IReadOnlyList<string> Columns => _columns;

    /// <summary>Fields of the first row, header or not.</summary>
    public IReadOnlyList<string> FirstRow => Rows().First().Values!;

    public override IEnumerable<RawRow> Read(IReadOnlyList<string> columns, string? label)
    {
        var positions = columns.Select(column => Array.IndexOf(_columns, column)).ToArray();
        foreach (var row in Rows().Skip(_header ? 1 : 0))
        {
            if (row.Values is not { } fields)
            {
                yield return row;
            }
            else if (fields.Length != _columns.Length)
            {
                var hint = fields.Length == 1 && fields[0].Length == 0 ? "empty line" : $"{fields.Length} fields";
                yield return new RawRow(
                    row.Line,
                    null,
                    $"{hint}; {_columns.Length} are expected ({string.Join(", ", _columns)})"
                );
            }
            else
            {
                yield return row with
                {
                    Values = Array.ConvertAll(positions, position => fields[position]),
                };
            }
        }
    }

    private IEnumerable<RawRow> Rows() =>
        _quoted ? QuotedRows() : File.Lines().Select(line => new RawRow(line.Number, Split(line.Text), null));

    private string[] Split(string line)
    {
        if (_escape is null)
            return line.Split(_separator);
        var fields = new List<string>();
        var at = 0;
        do
        {
            fields.Add(Unquoted(line, line.Length, ref at, out _));
        } while (at < line.Length && ++at > 0);
        return [.. fields];
    }

    private IEnumerable<RawRow> QuotedRows()
    {
        using var window = new RowWindow(File.RawLines());
        for (var line = 1; window.HasRow(); )
        {
            var (at, last, fields) = (window.Start, line, new List<string>());
            string? error;
            do
            {
                error = Field(window.Text, window.End, ref at, ref last, out var field);
                fields.Add(field);
            } while (error is null && at < window.End && window.Text[at] == _separator && ++at > 0);
            if (window.IsShortFor(at))
            {
                if (window.Grow())
                    continue;
                error ??= $"a row of more than {RowWindow.Most} characters; is a quote never closed?";
            }

            yield return error is null
                ? new RawRow(line, [.. fields], null) { LastLine = last }
                : new RawRow(line, null, error);
            if (error is not null)
            {
                // Where a broken row ends is anyone's guess: go on at the line after the one it
                // began on.
                window.SkipLine();
                line++;
            }
            else
            {
                window.GoOn(at);
                line = last + 1;
            }
        }
    }

    /// <summary>
    /// Reads one field; leaves <paramref name="at"/> on the separator, the line end or the end of
    /// the text.
    /// </summary>
    private string? Field(string text, int end, ref int at, ref int line, out string field)
    {
        if (at >= end || text[at] != '"')
        {
            field = Unquoted(text, end, ref at, out var quote);
            return quote
                ? $"a quote inside the unquoted field '{Shorten(field)}'; quote the whole field and double the "
                    + $"quote{EscapeHint(field)}"
                : null;
        }

        field = "";
        var value = new StringBuilder();
        at++;
        while (true)
        {
            var stop = text.AsSpan(at, end - at).IndexOfAny('"', _escape ?? '"');
            if (stop < 0)
            {
                at = end;
                return "a quoted field is never closed";
            }
            value.Append(text, at, stop);
            line += text.AsSpan(at, stop).Count('\n');
            at += stop;
            if (IsEscaped(text, end, at))
            {
                value.Append(text[at + 1]);
                at += 2;
                continue;
            }
            if (text[at] != '"')
            {
                value.Append(text[at++]);
                continue;
            }
            at++;
            if (at >= end || text[at] != '"')
                break;
            value.Append('"');
            at++;
        }
        field = value.ToString();
        if (
            at >= end
            || text[at] == _separator
            || text[at] == '\n'
            || (text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n')
        )
            return null;
        return $"'{text[at]}' after the closing quote of the field '{Shorten(field)}'; quotes inside a quoted field "
            + $"must be doubled{EscapeHint(field)}";
    }

    /// <summary>
    /// Reads up to the separator or line end; to a quote (of a quoted file), which is told.
    /// </summary>
    private string Unquoted(string text, int end, ref int at, out bool quote)
    {
        quote = false;
        var start = at;
        StringBuilder? value = null;
        while (at < end && text[at] != _separator && text[at] != '\n')
        {
            if (IsEscaped(text, end, at))
            {
                value ??= new StringBuilder();
                value.Append(text, start, at - start).Append(text[at + 1]);
                start = at += 2;
                continue;
            }
            if (_quoted && text[at] == '"')
            {
                quote = true;
                break;
            }
            at++;
        }
        var stop = at < end && text[at] == '\n' && at > start && text[at - 1] == '\r' ? at - 1 : at;
        return value is null ? text[start..stop] : value.Append(text, start, stop - start).ToString();
    }

    // Before anything else the escape is an ordinary character: C:\new stays what it is.
    private bool IsEscaped(string text, int end, int at) =>
        _escape is { } escape
        && text[at] == escape
        && at + 1 < end
        && (text[at + 1] == '"' || text[at + 1] == escape || text[at + 1] == _separator);

    private string EscapeHint(string before) =>
        _escape is null && before.EndsWith('\\')
            ? "; here a backslash escapes them: Escape: '\\' reads such files"
            : "";

    private static string Shorten(string text) => text.Length <= 30 ? text : text[..30] + "..";
}
