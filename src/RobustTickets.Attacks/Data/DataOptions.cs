namespace RobustTickets.Attacks.Data;

/// <summary>
/// What a user says about a file beyond its task; null means the task's own choice.
/// </summary>
/// <param name="TextColumn">Name of the text column (of a headerless file its number from 0).
/// <c>a+b</c> joins columns with a blank.</param>
/// <param name="PairColumn">Name of the second text's column; empty: read no second text.</param>
/// <param name="LabelColumn">Name of the label column.</param>
/// <param name="Labels">Label value to index: that of the training split
/// (<see cref="Split.Labels"/>), or <see cref="LabelMap.Given"/>,
/// <see cref="LabelMap.FromNames"/>.</param>
/// <param name="Separator">Column separator of CSV and TSV files.</param>
/// <param name="Quoted">Whether fields may be quoted with <c>"</c>. Default: in CSV yes, in TSV no
/// (GLUE's quotes are ordinary characters).</param>
/// <param name="Header">Whether the first row names the columns.</param>
/// <param name="Limit">Keep only the first so many examples.</param>
/// <param name="RequireLabels">Refuse data without labels; else such examples get
/// <see cref="Example.Unlabelled"/>.</param>
/// <param name="SkipBadRows">Leave rows out that do not fit, and say so in
/// <see cref="Split.Notes"/>,
/// instead of refusing the file: malformed ones (GLUE's QQP train has some), bytes that are not
/// UTF-8, missing and unknown labels.</param>
/// <param name="Escape">Character that takes the meaning from a quote, a separator or itself (a
/// backslash in exports of MySQL and Yelp); null: quotes are doubled, as in RFC 4180.</param>
/// <param name="MaxUnpackedBytes">Bytes that a packed file (gzip, tar) may unpack to; more is
/// refused before it is held.</param>
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
    /// <summary>What a packed file may unpack to unless something else is said: 512 MiB.</summary>
    public const long UnpackedBytes = 512L << 20;
}
