using System.Text;

namespace RobustTickets.Attacks.Data.TextFiles;

/// <summary>Why a text is not a valid row.</summary>
/// <param name="Reason">What was found and what is expected.</param>
/// <param name="Remedy">How to fix it, or null.</param>
internal sealed record RowError(string Reason, Remedy? Remedy = null)
{
    /// <summary>
    /// Whether the text ends inside quotes, so that reading more may complete the row.
    /// </summary>
    public bool IsOpen { get; init; }
}

/// <summary>
/// Fields of CSV and TSV, of whole files and of streams. Unquoted: a line is a row, <c>"</c> an
/// ordinary character (GLUE). Quoted: strict RFC 4180: a field is quoted entirely or not at all,
/// <c>""</c> is one quote, quoted fields may contain separators and line ends; anything else is a
/// malformed row, because a lenient reader would swallow half the file after one stray quote. The
/// optional escape character escapes a quote, a separator or itself.
/// </summary>
internal sealed class DelimitedFields(char separator, bool quoted, char? escape)
{
    /// <summary>
    /// The separator that a header of a single field suggests; NUL if there is none.
    /// </summary>
    public static char Suggested(IReadOnlyList<string> names) =>
        names is [var only] ? only.FirstOrDefault(c => c is ';' or ',' or '\t' or '|') : '\0';

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
    /// Reads the fields of a quoted row; leaves <paramref name="at"/> at the line end or the end of
    /// the text.
    /// </summary>
    /// <param name="text">Text that contains the row.</param>
    /// <param name="end">End of the text.</param>
    /// <param name="at">Start of the row.</param>
    /// <param name="line">Line of the row's start; on return, of its end.</param>
    /// <param name="fields">Receives the fields.</param>
    /// <returns>The error, or null for a valid row.</returns>
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
    /// Reads one field; leaves <paramref name="at"/> at the separator, the line end or the end of
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
    /// Reads to the separator or line end; in a quoted file it stops at a quote and reports it.
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

    // Before other characters the escape is an ordinary character: C:\new is unchanged.
    private bool IsEscaped(string text, int end, int at) =>
        escape is { } sign
        && text[at] == sign
        && at + 1 < end
        && (text[at + 1] == '"' || text[at + 1] == sign || text[at + 1] == separator);

    private Remedy? Escaping(string before) =>
        escape is null && before.EndsWith('\\')
            ? new Remedy(
                "if the file escapes quotes with a backslash, set it as the escape character",
                nameof(DataOptions.Escape),
                "\\"
            )
            : null;

    private static string Shorten(string text) => VisibleText.OnOneLine(text.Length <= 30 ? text : text[..30] + "..");
}
