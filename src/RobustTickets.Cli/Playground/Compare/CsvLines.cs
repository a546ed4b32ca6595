using System.Text;

namespace RobustTickets.Cli.Playground.Compare;

/// <summary>
/// CSV (RFC 4180) that is safe for spreadsheets: no cell is evaluated as a formula.
/// </summary>
internal sealed class CsvLines
{
    private static readonly System.Buffers.SearchValues<char> Special = System.Buffers.SearchValues.Create("\",\r\n");
    private readonly StringBuilder _text = new();

    /// <summary>Adds a record.</summary>
    public CsvLines Add(params IEnumerable<string> cells)
    {
        _text.AppendJoin(',', cells.Select(Cell)).Append("\r\n");
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private static string Cell(string text)
    {
        // A leading apostrophe makes a spreadsheet treat the cell as text.
        if (text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] && !IsNumber(text))
            text = "'" + text;
        return text.AsSpan().ContainsAny(Special)
            ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : text;
    }

    private static bool IsNumber(string text) =>
        double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _);
}
