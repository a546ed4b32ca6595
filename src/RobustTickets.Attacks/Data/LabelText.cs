using System.Globalization;

namespace RobustTickets.Attacks.Data;

/// <summary>Classifies the text of a label: missing, a number, or a name.</summary>
internal static class LabelText
{
    // Missing values of pandas.read_csv, in any case; None only in Python's spelling, because
    // "none" is a class of many data sets.
    private static readonly HashSet<string> MissingWords = new(StringComparer.OrdinalIgnoreCase)
    {
        "nan",
        "-nan",
        "na",
        "<na>",
        "n/a",
        "#n/a",
        "#n/a n/a",
        "#na",
        "null",
        "1.#ind",
        "-1.#ind",
        "1.#qnan",
        "-1.#qnan",
    };

    /// <summary>Whether the text denotes a missing label.</summary>
    public static bool IsMissing(string label) =>
        string.IsNullOrWhiteSpace(label) || label == "None" || MissingWords.Contains(label);

    /// <summary>
    /// The value of a plain decimal number (1, 1.0, -1); otherwise null. 01 and 1E1 are names, as
    /// codes are.
    /// </summary>
    public static decimal? Number(string label) =>
        !HasLeadingZero(label)
        && decimal.TryParse(
            label,
            NumberStyles.Float & ~NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture,
            out var value
        )
            ? value
            : null;

    /// <summary>Whether it is a plain decimal number.</summary>
    public static bool IsNumber(string label) => Number(label) is not null;

    /// <summary>
    /// Whether a name could be read as a number, also in a spelling that <see cref="Number"/> takes
    /// for a name.
    /// </summary>
    public static bool IsLikeNumber(string label) =>
        decimal.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private static bool HasLeadingZero(string label) =>
        label.AsSpan().TrimStart(" \t+-") is ['0', >= '0' and <= '9', ..];

    /// <summary>The canonical spelling of a number: 1 for 1.0, 0.5 for 0.50.</summary>
    public static string Spell(decimal value)
    {
        var text = value.ToString(CultureInfo.InvariantCulture);
        text = text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
        return text is "-0" ? "0" : text;
    }

    /// <summary>The canonical spelling of a number; a name unchanged.</summary>
    public static string Canonical(string label) => Number(label) is { } value ? Spell(value) : label;
}

/// <summary>Finds the class of a label: by exact spelling, then by numeric value.</summary>
internal sealed class LabelLookup
{
    private readonly LabelMap _map;
    private readonly Dictionary<string, int> _byValue = new(StringComparer.Ordinal);

    public LabelLookup(LabelMap map)
    {
        _map = map;
        foreach (var (label, index) in map.Indices)
        {
            if (LabelText.Number(label) is { } value)
                _byValue.TryAdd(LabelText.Spell(value), index);
        }
    }

    /// <summary>
    /// The first label that matched only by value, such as 1.0 where the map has 1.
    /// </summary>
    public string? ReadByValue { get; private set; }

    /// <summary>Whether the map contains the label.</summary>
    public bool Contains(string label) => Find(label) is not null;

    /// <summary>The class of a label; null for an unknown label.</summary>
    public int? Find(string label)
    {
        if (_map.Indices.TryGetValue(label, out var index))
            return index;
        if (LabelText.Number(label) is not { } value || !_byValue.TryGetValue(LabelText.Spell(value), out index))
            return null;
        ReadByValue ??= label;
        return index;
    }
}
