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
/// <param name="SkipBadRows">Leave malformed rows out and say so in <see cref="Split.Notes"/>,
/// instead of refusing the file (GLUE's QQP train has some).</param>
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
    bool SkipBadRows = false
);
