namespace RobustTickets.Attacks.Data;

/// <summary>User options for reading a file; null means the task's default.</summary>
/// <param name="TextColumn">Name of the text column (its number from 0 in a headerless file).
/// <c>a+b</c> joins columns with a space.</param>
/// <param name="PairColumn">Name of the second text's column; empty: no second text.</param>
/// <param name="LabelColumn">Name of the label column.</param>
/// <param name="Labels">Label values and their indices: those of the training split
/// (<see cref="Split.Labels"/>), or <see cref="LabelMap.Given"/>,
/// <see cref="LabelMap.FromNames"/>.</param>
/// <param name="Separator">Column separator of CSV and TSV files.</param>
/// <param name="Quoted">Whether fields may be quoted with <c>"</c>. Default: CSV yes, TSV no (in
/// GLUE, quotes are ordinary characters).</param>
/// <param name="Header">Whether the first row contains column names.</param>
/// <param name="Limit">Maximum number of examples, from the start of the file.</param>
/// <param name="RequireLabels">Refuse data without labels; otherwise such examples get
/// <see cref="Example.Unlabelled"/>.</param>
/// <param name="SkipBadRows">Skip invalid rows and report them in <see cref="Split.Notes"/>,
/// instead of refusing the file: malformed rows (GLUE's QQP train has some), bytes that are not
/// UTF-8, missing and unknown labels.</param>
/// <param name="Escape">Character that escapes a quote, a separator or itself (a backslash in
/// exports of MySQL and Yelp); null: quotes are doubled, as in RFC 4180.</param>
/// <param name="MaxUnpackedBytes">Maximum unpacked size of a compressed file (gzip, tar); more is
/// rejected before it is read into memory.</param>
public sealed record DataOptions(
    string? TextColumn = null,
    string? PairColumn = null,
    string? LabelColumn = null,
    LabelMap? Labels = null,
    char? Separator = null,
    bool? Quoted = null,
    bool Header = true,
    int? Limit = null,
    bool RequireLabels = true,
    bool SkipBadRows = false,
    char? Escape = null,
    long MaxUnpackedBytes = DataOptions.UnpackedBytes
)
{
    /// <summary>Default of <see cref="MaxUnpackedBytes"/>: 512 MiB.</summary>
    public const long UnpackedBytes = 512L << 20;
}
