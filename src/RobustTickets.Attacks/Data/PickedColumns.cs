namespace RobustTickets.Attacks.Data;

/// <summary>Order of the values in a row: texts, second text, row of origin, label.</summary>
/// <param name="Texts">Number of columns of the first text, joined with a space.</param>
/// <param name="HasPair">Whether a second text follows.</param>
/// <param name="HasLabel">Whether the last value is a label.</param>
/// <param name="MinusOneIsAClass">Whether -1 is an ordinary label.</param>
/// <param name="Given">The classes, if given by the user: a name among them is a class even if it
/// would otherwise read as missing.</param>
internal sealed record PickedColumns(int Texts, bool HasPair, bool HasLabel, bool MinusOneIsAClass, LabelLookup? Given)
{
    /// <summary>Whether the row of origin follows the texts.</summary>
    public bool HasOrigin { get; init; }

    /// <summary>The row from which this one was generated; null without one.</summary>
    public RowKey? Origin(RawRow row) => HasOrigin ? RowKey.Parse(row.Values![Texts + (HasPair ? 1 : 0)]) : null;

    /// <summary>The texts of a row.</summary>
    public TextPair Text(RawRow row)
    {
        var values = row.Values!;
        var first = Texts == 1 ? values[0] : string.Join(' ', values[..Texts].Where(part => part.Length > 0));
        return new TextPair(first, HasPair ? values[Texts] : null);
    }

    /// <summary>The label as written in the file; null without a label column.</summary>
    public string? Written(RawRow row) => HasLabel ? row.Values![^1].Trim() : null;

    /// <summary>The label; null for an unlabelled row.</summary>
    public string? Label(RawRow row) => Written(row) is { } value && !IsMissing(value) ? value : null;

    /// <summary>Why the row counts as unlabelled.</summary>
    public string WhyUnlabelled(RawRow row) =>
        Written(row) switch
        {
            null or "" => "the label is empty",
            var value when LabelText.Canonical(value) == "-1" => $"label {value} marks an unlabelled row",
            var value => $"label '{value}' counts as missing unless the label map contains it",
        };

    private bool IsMissing(string value) =>
        LabelText.IsMissing(value)
            ? value.Length == 0 || Given?.Contains(value) != true
            : !MinusOneIsAClass && LabelText.Canonical(value) == "-1";
}
