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

    /// <summary>
    /// Rows with the values of <paramref name="columns"/> (all of them in <see cref="Columns"/>),
    /// malformed rows included.
    /// </summary>
    /// <param name="columns">The requested columns.</param>
    /// <param name="label">The label column; only its value may be null, which reads as
    /// empty.</param>
    public abstract IEnumerable<RawRow> Read(IReadOnlyList<string> columns, string? label);
}
