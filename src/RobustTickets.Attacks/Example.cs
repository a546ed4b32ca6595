namespace RobustTickets.Attacks;

/// <summary>Identifies a row of a data set by content, whatever the split is called.</summary>
/// <param name="Data">SHA-256 of the data.</param>
/// <param name="Row">Row number from 0 in a table; file name in aclImdb.</param>
public sealed record RowKey(string Data, string Row)
{
    /// <summary>The row part of an example id: <c>train:17</c> is row 17.</summary>
    public static string RowOf(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..];
    }

    /// <summary>Parses the output of <see cref="ToString"/>; null for any other text.</summary>
    public static RowKey? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var cut = text.IndexOf(':', StringComparison.Ordinal);
        return cut > 0 && cut < text.Length - 1 ? new RowKey(text[..cut], text[(cut + 1)..]) : null;
    }

    /// <summary><c>SHA256:ROW</c>.</summary>
    public override string ToString() => $"{Data}:{Row}";
}

/// <summary>
/// An example of a data set or of an attack: its named texts in order, and its class.
/// </summary>
/// <param name="Id">Unique within its data set and the same on every reading: <c>split:row</c> (row
/// from 0) for tables, <c>train/pos/0_9</c> for aclImdb. Key of caches, logs and errors.</param>
/// <param name="Columns">One or two named texts as in the file (<c>text</c>; <c>premise</c> and
/// <c>hypothesis</c>; ...). Attacks treat some column names specially.</param>
/// <param name="Label">Class index, from 0; <see cref="Unlabelled"/> without one.</param>
public sealed record Example(string Id, IReadOnlyList<KeyValuePair<string, string>> Columns, int Label)
{
    /// <summary>The label of an unlabelled example.</summary>
    public const int Unlabelled = -1;

    /// <summary>
    /// Creates an example with column <c>text</c> and, for a pair, <c>text_pair</c>.
    /// </summary>
    public Example(string id, TextPair text, int label)
        : this(id, Named(text, "text", "text_pair"), label) { }

    /// <summary>Unique within its data set and the same on every reading.</summary>
    public string Id { get; init; } = Id ?? throw new ArgumentNullException(nameof(Id));

    /// <summary>One or two named texts as in the file.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Columns { get; init; } = Whole(Columns);

    /// <summary>
    /// SHA-256 of the data it was read from (<see cref="Data.Split.Sha256"/>); null when created by
    /// a program.
    /// </summary>
    public string? Source { get; init; }

    /// <summary>
    /// For an adversarial text, the row it was generated from; for that original, its own row; null
    /// for a row that was never attacked.
    /// </summary>
    public RowKey? Origin { get; init; }

    /// <summary>Key of its row, whatever the split is called; null without a source.</summary>
    public RowKey? Row => Source is null ? null : new RowKey(Source, RowKey.RowOf(Id));

    /// <summary>The texts as input of a classifier.</summary>
    /// <exception cref="InvalidOperationException">More than two columns.</exception>
    public TextPair Text =>
        Columns.Count switch
        {
            1 => new TextPair(Columns[0].Value),
            2 => new TextPair(Columns[0].Value, Columns[1].Value),
            _ => throw new InvalidOperationException(
                $"example '{Id}' has {Columns.Count} columns; a classifier takes one or two"
            ),
        };

    private static IReadOnlyList<KeyValuePair<string, string>> Whole(
        IReadOnlyList<KeyValuePair<string, string>> columns
    )
    {
        ArgumentNullException.ThrowIfNull(columns, nameof(Columns));
        foreach (var (name, text) in columns)
            if (text is null)
                throw new ArgumentException($"column '{name}' is null; expected a text", nameof(columns));
        return columns;
    }

    /// <summary>A text or pair under column names.</summary>
    internal static KeyValuePair<string, string>[] Named(TextPair text, string first, string second) =>
        text.Second is null ? [new(first, text.First)] : [new(first, text.First), new(second, text.Second)];

    /// <summary>Compares id, label, column names and texts.</summary>
    public bool Equals(Example? other) =>
        other is not null && Id == other.Id && Label == other.Label && Columns.SequenceEqual(other.Columns);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Label, Columns.Count);
}
