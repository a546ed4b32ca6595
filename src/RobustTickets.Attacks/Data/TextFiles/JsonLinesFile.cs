using System.Text;

namespace RobustTickets.Attacks.Data.TextFiles;

/// <summary>JSON lines: one object per line (<see cref="JsonRow"/>).</summary>
internal sealed class JsonLinesFile : RecordFile
{
    private readonly string[] _columns;

    /// <param name="file">The text.</param>
    /// <param name="skip">Whether malformed lines before the first object are skipped.</param>
    public JsonLinesFile(TextFile file, bool skip)
        : base(file)
    {
        string? error = null;
        foreach (var (number, text) in file.Lines())
        {
            if (JsonRow.Fields(Encoding.UTF8.GetBytes(text), out _columns, out var reason))
                return;
            error ??= $"{file.Path}:{number}: {reason}";
            if (!skip)
                break;
        }
        throw new DataException(error!);
    }

    public override IReadOnlyList<string> Columns => _columns;

    public override bool HasOwnColumns => true;

    protected override IEnumerable<RawRow> ReadRows(RequestedColumns columns) =>
        File.Lines()
            .Select(line =>
                string.IsNullOrWhiteSpace(line.Text)
                    ? new RawRow(line.Number, null, "empty line; expected one JSON object per line")
                    : JsonRow.Parse(line.Number, Encoding.UTF8.GetBytes(line.Text), columns)
            );
}
