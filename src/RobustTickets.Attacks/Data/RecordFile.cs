namespace RobustTickets.Attacks.Data;

/// <summary>One row of a table, or what is wrong with it.</summary>
/// <param name="Line">Line on which it begins, from 1.</param>
/// <param name="Values">Values of the columns asked for; null when the row is malformed.</param>
/// <param name="Error">What was found and what is expected; null when the row is fine.</param>
internal readonly record struct Record(int Line, string[]? Values, string? Error);

/// <summary>
/// A file of rows with named columns: delimited text (<see cref="DelimitedFile"/>) or JSON lines
/// (<see cref="JsonLinesFile"/>).
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
    public abstract IEnumerable<Record> Read(IReadOnlyList<string> columns);
}
