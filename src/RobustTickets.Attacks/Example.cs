namespace RobustTickets.Attacks;

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

    /// <summary>A text or pair under column names.</summary>
    internal static KeyValuePair<string, string>[] Named(TextPair text, string first, string second) =>
        text.Second is null ? [new(first, text.First)] : [new(first, text.First), new(second, text.Second)];

    /// <summary>Whether id, label, names and texts are the same.</summary>
    public bool Equals(Example? other) =>
        other is not null && Id == other.Id && Label == other.Label && Columns.SequenceEqual(other.Columns);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Label, Columns.Count);
}
