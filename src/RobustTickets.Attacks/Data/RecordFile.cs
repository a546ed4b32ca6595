using RobustTickets.Attacks.Data.TextFiles;

namespace RobustTickets.Attacks.Data;

/// <summary>One row of a table as read from the file, or its error.</summary>
/// <param name="Line">First line of the row, from 1; in Parquet the row number.</param>
/// <param name="Values">Values of the requested columns; null when the row is malformed.</param>
/// <param name="Error">What was found and what is expected; null when the row is valid.</param>
internal readonly record struct RawRow(int Line, string[]? Values, string? Error)
{
    /// <summary>Index of the row, from 0; malformed rows count.</summary>
    public int Ordinal { get; init; }

    /// <summary>How to fix a malformed row, or null.</summary>
    public Remedy? Remedy { get; init; }

    /// <summary>Last line of the row; by default its first.</summary>
    public int LastLine { get; init; } = Line;
}

/// <summary>The columns to read.</summary>
/// <param name="Names">The columns whose values a row gives, in order.</param>
/// <param name="Label">The label column; its value may be null, which reads as empty.</param>
/// <param name="Optional">A column that a row may lack, which reads as empty.</param>
/// <param name="Absent">Columns that the first object lacks: a row that has one is
/// malformed.</param>
internal sealed record RequestedColumns(
    IReadOnlyList<string> Names,
    string? Label,
    string? Optional,
    IReadOnlyList<string> Absent
)
{
    /// <summary>How to read the file if a row has one of <see cref="Absent"/>.</summary>
    public Remedy? Remedy { get; init; }

    /// <summary>Whether a value may be null.</summary>
    public bool MayBeNull(string column) => column == Label || column == Optional;
}

/// <summary>
/// A file of rows with named columns: delimited text (<see cref="DelimitedFile"/>), JSON lines
/// (<see cref="JsonLinesFile"/>), a JSON array (<see cref="JsonArrayFile"/>) or Parquet
/// (<see cref="ParquetFiles.ParquetFile"/>).
/// </summary>
internal abstract class RecordFile(TextFile file)
{
    /// <summary>The underlying text file.</summary>
    public TextFile File { get; } = file;

    /// <summary>
    /// Column names: from the header, numbers from 0 without one, or the fields of the first JSON
    /// object.
    /// </summary>
    public abstract IReadOnlyList<string> Columns { get; }

    /// <summary>Whether rows may have other columns than the first: JSON objects.</summary>
    public virtual bool HasOwnColumns => false;

    /// <summary>
    /// Rows with the values of the requested columns, malformed rows included. The columns must be
    /// in <see cref="Columns"/>, except the optional one if <see cref="HasOwnColumns"/>.
    /// </summary>
    /// <exception cref="DataException">After the last row: the file was changed since its SHA-256
    /// was computed.</exception>
    public IEnumerable<RawRow> Read(RequestedColumns columns)
    {
        foreach (var row in ReadRows(columns))
            yield return row;
        File.RequireUnchanged();
    }

    /// <summary>The rows of <see cref="Read"/>.</summary>
    protected abstract IEnumerable<RawRow> ReadRows(RequestedColumns columns);
}
