namespace RobustTickets.Attacks;

/// <summary>A row of a data set, however often the data are read and under whatever name.</summary>
/// <param name="Data">SHA-256 of the data.</param>
/// <param name="Row">Its number from 0 in a table; its name in aclImdb.</param>
public sealed record RowKey(string Data, string Row)
{
    /// <summary>The row of an example's id: <c>train:17</c> is row 17.</summary>
    public static string RowOf(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..];
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; null when it is no such text.</summary>
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
/// One example of a data set, and of an attack: its named texts in order, and its class.
/// </summary>
/// <param name="Id">Unique within its data set and the same on every reading: <c>split:row</c> (row
/// from 0) for tables, <c>train/pos/0_9</c> for aclImdb. It keys caches, logs and errors.</param>
/// <param name="Columns">One or two named texts as they stand in the file (<c>text</c>;
/// <c>premise</c> and <c>hypothesis</c>; ...). Attacks know some columns by name.</param>
/// <param name="Label">Index of the class, from 0; <see cref="Unlabelled"/> without one.</param>
public sealed record Example(string Id, IReadOnlyList<KeyValuePair<string, string>> Columns, int Label)
{
    /// <summary>The label of an example without one.</summary>
    public const int Unlabelled = -1;

    /// <summary>
    /// An example whose columns are <c>text</c> and, of a pair, <c>text_pair</c>.
    /// </summary>
    public Example(string id, TextPair text, int label)
        : this(id, Named(text, "text", "text_pair"), label) { }

    /// <summary>Unique within its data set and the same on every reading.</summary>
    public string Id { get; init; } = Id ?? throw new ArgumentNullException(nameof(Id));

    /// <summary>One or two named texts as they stand in the file.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Columns { get; init; } = Whole(Columns);

    /// <summary>
    /// SHA-256 of the data it was read from (<see cref="Data.Split.Sha256"/>); null when it was
    /// made by a program.
    /// </summary>
    public string? Source { get; init; }

    /// <summary>
    /// The row that it was made from by an attack, or of whose adversarial text it is the original;
    /// null for a row that no attack has touched.
    /// </summary>
    public RowKey? Origin { get; init; }

    /// <summary>Its row, whatever the split is called; null without a source.</summary>
    public RowKey? Row => Source is null ? null : new RowKey(Source, RowKey.RowOf(Id));

    /// <summary>The texts as a classifier reads them.</summary>
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
                throw new ArgumentException($"column '{name}' holds no text but null", nameof(columns));
        return columns;
    }

    /// <summary>A text or pair under column names.</summary>
    internal static KeyValuePair<string, string>[] Named(TextPair text, string first, string second) =>
        text.Second is null ? [new(first, text.First)] : [new(first, text.First), new(second, text.Second)];

    /// <summary>Whether id, label, names and texts are the same.</summary>
    public bool Equals(Example? other) =>
        other is not null && Id == other.Id && Label == other.Label && Columns.SequenceEqual(other.Columns);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Label, Columns.Count);
}
