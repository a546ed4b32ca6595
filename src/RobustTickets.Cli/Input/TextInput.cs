// Streams texts from a file or standard input in groups: an open pipe is answered as it is read,
// and rows before a malformed one are answered before the error.
using System.Runtime.ExceptionServices;
using RobustTickets.Attacks;
using RobustTickets.Cli.Terminal;

namespace RobustTickets.Cli.Input;

/// <summary>Format of the rows.</summary>
internal enum InputFormat
{
    /// <summary>A JSON object per line.</summary>
    Jsonl,

    /// <summary>A text per line.</summary>
    Text,

    /// <summary>Comma-separated columns with a header.</summary>
    Csv,

    /// <summary>Tab-separated columns with a header.</summary>
    Tsv,
}

/// <summary>Source of texts.</summary>
/// <param name="Path">A file, or <c>-</c> for standard input.</param>
/// <param name="Format">Format of the rows.</param>
/// <param name="Columns">Fields of the texts.</param>
/// <param name="SkipBadRows">Whether malformed rows are skipped, each with a note, instead of
/// failing.</param>
/// <param name="Separator">Column separator; null: the format's.</param>
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
    /// <summary>Name of the source in messages.</summary>
    public string Origin => Path == "-" ? "standard input" : Path;

    /// <summary>
    /// Reads texts in groups of at most <paramref name="size"/>. A group is returned early when no
    /// more input is available, so that a program that writes a line and waits for the answer gets
    /// it. Blank lines are skipped.
    /// </summary>
    /// <param name="context">Provides standard input and receives notes.</param>
    /// <param name="size">Maximum group size.</param>
    /// <exception cref="DataException">The file is missing or has no rows; a row is malformed (file
    /// and line named); or no row is usable.</exception>
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
                context.Error.WriteLine($"skipped: {broken.Message}");
            if (!more && answered == 0 && first is not null)
                throw new DataException($"no valid row; the first problem: {first.Problem}", first.Remedy, first);
            // A pipe may be empty; a named file must have texts.
            if (!more && answered == 0 && Path != "-")
                throw new DataException(
                    $"{Path}: " + (rows.HasHeader ? "a header but no rows" : "no text; the file is empty or blank")
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
