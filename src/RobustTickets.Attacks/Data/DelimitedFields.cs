using System.Text;

namespace RobustTickets.Attacks.Data;

/// <summary>Why a text is no row.</summary>
/// <param name="Reason">What was found and what is expected.</param>
/// <param name="Remedy">What would put it right, or null.</param>
internal sealed record RowError(string Reason, Remedy? Remedy = null)
{
    /// <summary>Whether the text ends inside quotes, so that more of it may make a row.</summary>
    public bool IsOpen { get; init; }
}

/// <summary>
/// Fields of CSV and TSV, of whole files and of streams. Unquoted: a line is a row, <c>"</c> an
/// ordinary character (GLUE). Quoted: RFC 4180 read strictly: a field is quoted as a whole or not
/// at all, <c>""</c> stands for one quote, quoted fields may hold separators and line ends;
/// anything else is a malformed row, for a lenient reader would swallow half the file after one
/// stray quote. An escape character, when one is given, takes the meaning from a quote, a
/// separator or itself.
/// </summary>
internal sealed class DelimitedFields(char separator, bool quoted, char? escape)
{
    /// <summary>The fields of an unquoted line.</summary>
    public string[] Split(string line)
    {
        if (escape is null)
            return line.Split(separator);
        var fields = new List<string>();
        var at = 0;
        do
        {
            fields.Add(Unquoted(line, line.Length, ref at, out _));
        } while (at < line.Length && ++at > 0);
        return [.. fields];
    }

    /// <summary>
    /// Reads the fields of a quoted row; leaves <paramref name="at"/> on the line end or the end of
    /// the text.
    /// </summary>
    /// <param name="text">Text that holds the row.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="at">Where the row begins.</param>
    /// <param name="line">The line on which it begins, then that on which it ends.</param>
    /// <param name="fields">Takes the fields.</param>
    /// <returns>Why it is no row, or null.</returns>
    public RowError? Read(string text, int end, ref int at, ref int line, List<string> fields)
    {
        RowError? error;
        do
        {
            error = Field(text, end, ref at, ref line, out var field);
            fields.Add(field);
        } while (error is null && at < end && text[at] == separator && ++at > 0);
        return error;
    }

    /// <summary>
    /// Reads one field; leaves <paramref name="at"/> on the separator, the line end or the end of
    /// the text.
    /// </summary>
    private RowError? Field(string text, int end, ref int at, ref int line, out string field)
    {
        if (at >= end || text[at] != '"')
        {
            field = Unquoted(text, end, ref at, out var quote);
            return quote
                ? new RowError(
                    $"a quote inside the unquoted field '{Shorten(field)}'; quote the whole field and double the quote",
                    Escaping(field)
                )
                : null;
        }

        field = "";
        var value = new StringBuilder();
        at++;
        while (true)
        {
            var stop = text.AsSpan(at, end - at).IndexOfAny('"', escape ?? '"');
            if (stop < 0)
            {
                at = end;
                return new RowError("a quoted field is never closed") { IsOpen = true };
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
            || text[at] == separator
            || text[at] == '\n'
            || (text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n')
        )
            return null;
        return new RowError(
            $"'{text[at]}' after the closing quote of the field '{Shorten(field)}'; quotes inside a quoted field must "
                + "be doubled",
            Escaping(field)
        );
    }

    /// <summary>
    /// Reads up to the separator or line end; to a quote (of a quoted file), which is told.
    /// </summary>
    private string Unquoted(string text, int end, ref int at, out bool quote)
    {
        quote = false;
        var start = at;
        StringBuilder? value = null;
        while (at < end && text[at] != separator && text[at] != '\n')
        {
            if (IsEscaped(text, end, at))
            {
                value ??= new StringBuilder();
                value.Append(text, start, at - start).Append(text[at + 1]);
                start = at += 2;
                continue;
            }
            if (quoted && text[at] == '"')
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
        escape is { } sign
        && text[at] == sign
        && at + 1 < end
        && (text[at + 1] == '"' || text[at + 1] == sign || text[at + 1] == separator);

    private Remedy? Escaping(string before) =>
        escape is null && before.EndsWith('\\')
            ? new Remedy("if a backslash escapes quotes here, say so", nameof(DataOptions.Escape), "\\")
            : null;

    private static string Shorten(string text) => VisibleText.OnOneLine(text.Length <= 30 ? text : text[..30] + "..");
}
