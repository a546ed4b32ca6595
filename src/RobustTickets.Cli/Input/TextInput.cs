// Texts from a file or standard input, in groups, as they come: a pipe is answered while it is
// open, and what came before a malformed row is answered before the row is told.
using System.Runtime.ExceptionServices;
using RobustTickets.Attacks;
using RobustTickets.Cli.Terminal;

namespace RobustTickets.Cli.Input;

/// <summary>How rows are written.</summary>
internal enum InputFormat
{
    /// <summary>A JSON object a line.</summary>
    Jsonl,

    /// <summary>A text a line.</summary>
    Text,

    /// <summary>Comma-separated columns with a header.</summary>
    Csv,

    /// <summary>Tab-separated columns with a header.</summary>
    Tsv,
}

/// <summary>Where texts come from.</summary>
/// <param name="Path">A file, or <c>-</c> for standard input.</param>
/// <param name="Format">How its rows are written.</param>
/// <param name="Columns">Which fields are the texts.</param>
/// <param name="SkipBadRows">Whether malformed rows are left out, each with a note, instead of
/// ending the work.</param>
/// <param name="Separator">Separator of columns; null: that of the format.</param>
/// <param name="Escape">Character that escapes quotes and separators; null: none.</param>
internal sealed record TextInput(
    string Path,
    InputFormat Format,
    TextColumns Columns,
    bool SkipBadRows,
    char? Separator = null,
    char? Escape = null
)
{
    /// <summary>The place of a row, for people.</summary>
    public string Origin => Path == "-" ? "standard input" : Path;

    /// <summary>
    /// Reads texts in groups of at most <paramref name="size"/>. A group is handed over early when
    /// nothing more has arrived, so that a program that writes a line and waits for the answer gets
    /// it. Blank lines are passed over.
    /// </summary>
    /// <param name="context">Standard input, and where notes go.</param>
    /// <param name="size">Texts in a group at most.</param>
    /// <exception cref="DataException">No such file, or one without rows; a malformed row, file and
    /// line named; or rows, but none that fits.</exception>
    public IEnumerable<IReadOnlyList<InputText>> Read(CliContext context, int size)
    {
        if (Path == "-")
            return Groups(context, context.In, Origin, size);
        if (!File.Exists(Path))
            throw new DataException(
                $"{Path}: {(Directory.Exists(Path) ? "is a folder" : "no such file")}; give a file of JSON lines "
                    + "{\"text\": ...}, plain lines (--format text) or columns (csv, tsv), or - for standard input"
            );
        return FileGroups(context, size);
    }

    private IEnumerable<IReadOnlyList<InputText>> FileGroups(CliContext context, int size)
    {
        using var reader = new StrictLineReader(new StoppableInput(File.OpenRead(Path), context.Stop.Token), Path);
        foreach (var group in Groups(context, reader, Path, size))
            yield return group;
    }

    private IEnumerable<IReadOnlyList<InputText>> Groups(CliContext context, TextReader reader, string origin, int size)
    {
        InputRows rows = Format switch
        {
            InputFormat.Text => new LineRows(reader),
            InputFormat.Csv => new DelimitedRows(reader, origin, quoted: true, Separator ?? ',', Escape, Columns),
            InputFormat.Tsv => new DelimitedRows(reader, origin, quoted: false, Separator ?? '\t', Escape, Columns),
            _ => new JsonRows(reader, origin, Columns),
        };
        rows.Begin();
        var group = new List<InputText>();
        DataException? first = null;
        for (var (answered, more) = (0, true); more; )
        {
            var (row, broken) = Next(rows);
            more = row is not null || (broken is not null && SkipBadRows);
            if (row is { } whole)
            {
                group.Add(whole);
                answered++;
            }
            if (group.Count == size || (group.Count > 0 && (!more || rows.MayWait)))
            {
                yield return group;
                group = new List<InputText>();
            }
            first ??= broken;
            if (broken is not null && !SkipBadRows)
                ExceptionDispatchInfo.Throw(broken);
            if (broken is not null)
                context.Error.WriteLine($"left out: {broken.Message}");
            if (!more && answered == 0 && first is not null)
                throw new DataException($"no row fits; the first: {first.Problem}", first.Remedy, first);
            // A pipe may have nothing to say; a file that is named is meant to hold texts.
            if (!more && answered == 0 && Path != "-")
                throw new DataException(
                    $"{Path}: " + (rows.HasHeader ? "a header but no row" : "the file is empty, or its lines are")
                );
        }
    }

    private static (InputText? Row, DataException? Broken) Next(InputRows rows)
    {
        try
        {
            return (rows.Next(), null);
        }
        catch (DataException e)
        {
            return (null, e);
        }
    }
}
