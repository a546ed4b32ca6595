using System.Globalization;

namespace RobustTickets.Attacks.Data.TextFiles;

/// <summary>
/// CSV and TSV (<see cref="DelimitedFields"/>). All rows must have as many fields as the first.
/// </summary>
internal sealed class DelimitedFile : RecordFile
{
    private readonly DelimitedFields _fields;
    private readonly bool _quoted;
    private readonly bool _header;
    private readonly string[] _columns;

    public DelimitedFile(TextFile file, char separator, bool quoted, bool header, char? escape)
        : base(file)
    {
        (_fields, _quoted, _header) = (new DelimitedFields(separator, quoted, escape), quoted, header);
        var first = Rows().First();
        var (line, fields, error) = first;
        if (error is not null)
            throw new DataException($"{file.Path}:{line}: {error}", first.Remedy);
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

    /// <summary>Whether the first row contains column names.</summary>
    public bool HasHeader => _header;

    /// <summary>Fields of the first row, header or not.</summary>
    public IReadOnlyList<string> FirstRow => Rows().First().Values!;

    protected override IEnumerable<RawRow> ReadRows(RequestedColumns columns)
    {
        var positions = columns.Names.Select(column => Array.IndexOf(_columns, column)).ToArray();
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
                    $"{hint}; expected {_columns.Length} ({string.Join(", ", _columns)})"
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
        _quoted ? QuotedRows() : File.Lines().Select(line => new RawRow(line.Number, _fields.Split(line.Text), null));

    private IEnumerable<RawRow> QuotedRows()
    {
        using var window = new RowWindow(File.RawLines());
        for (var line = 1; window.HasRow(); )
        {
            var (at, last, fields) = (window.Start, line, new List<string>());
            var error = _fields.Read(window.Text, window.End, ref at, ref last, fields);
            if (window.IsShortFor(at))
            {
                if (window.Grow())
                    continue;
                error ??= new RowError($"a row longer than {RowWindow.Most} characters; is a closing quote missing?");
            }

            yield return error is null
                ? new RawRow(line, [.. fields], null) { LastLine = last }
                : new RawRow(line, null, error.Reason) { Remedy = error.Remedy };
            if (error is not null)
            {
                // The end of a malformed row is unknown: continue at the line after its first.
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
}
