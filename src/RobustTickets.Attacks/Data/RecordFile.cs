namespace RobustTickets.Attacks.Data;

/// <summary>One row of a table as it stands in the file, or what is wrong with it.</summary>
/// <param name="Line">Line on which it begins, from 1; of Parquet its row.</param>
/// <param name="Values">Values of the columns asked for; null when the row is malformed.</param>
/// <param name="Error">What was found and what is expected; null when the row is fine.</param>
internal readonly record struct RawRow(int Line, string[]? Values, string? Error)
{
    /// <summary>Its place among the rows, from 0; malformed rows count.</summary>
    public int Ordinal { get; init; }

    /// <summary>What would put a malformed row right, or null.</summary>
    public Remedy? Remedy { get; init; }

    /// <summary>Line on which it ends; that of its begin unless it says otherwise.</summary>
    public int LastLine { get; init; } = Line;
}

/// <summary>
/// A file of rows with named columns: delimited text (<see cref="DelimitedFile"/>), JSON lines
/// (<see cref="JsonLinesFile"/>), a JSON array (<see cref="JsonArrayFile"/>) or Parquet
/// (<see cref="ParquetFiles.ParquetFile"/>).
/// </summary>
internal abstract class RecordFile(TextFile file)
{
    /// <summary>The text behind it.</summary>
    public TextFile File { get; } = file;

    /// <summary>
    /// Names of the columns: the header, numbers from 0 without one, the fields of the first JSON
    /// object.
    /// </summary>
    public abstract IReadOnlyList<string> Columns { get; }

    /// <summary>
    /// Rows with the values of <paramref name="columns"/> (all of them in <see cref="Columns"/>),
    /// malformed rows included.
    /// </summary>
    /// <param name="columns">The columns wanted.</param>
    /// <param name="label">The one among them whose value may be null, which reads as
    /// empty.</param>
    public abstract IEnumerable<RawRow> Read(IReadOnlyList<string> columns, string? label);
}
