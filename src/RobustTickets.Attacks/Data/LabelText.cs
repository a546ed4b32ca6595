using System.Globalization;

namespace RobustTickets.Attacks.Data;

/// <summary>
/// What the text of a label says before any class is known: missing, a number, or a name.
/// </summary>
internal static class LabelText
{
    // What pandas.read_csv takes for a missing value, in any case; None only as Python spells it,
    // for "none" is a class of many data sets.
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

    /// <summary>Whether it stands for a label that is not there.</summary>
    public static bool IsMissing(string label) =>
        string.IsNullOrWhiteSpace(label) || label == "None" || MissingWords.Contains(label);

    /// <summary>Its value when it is a decimal number (1, 1.0, -1, 5e-1); else null.</summary>
    public static decimal? Number(string label) =>
        decimal.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>The one spelling of a number: 1 for 1.0, 0.5 for 0.50.</summary>
    public static string Spell(decimal value)
    {
        var text = value.ToString(CultureInfo.InvariantCulture);
        text = text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
        return text is "-0" ? "0" : text;
    }

    /// <summary>The one spelling of a number; a name as it is.</summary>
    public static string Canonical(string label) => Number(label) is { } value ? Spell(value) : label;
}

/// <summary>
/// Finds classes by label: as the map spells them, else by the value of a number.
/// </summary>
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

    /// <summary>The first label that was found by value alone, such as 1.0 where the map says
    /// 1.</summary>
    public string? ReadByValue { get; private set; }

    /// <summary>Whether the map has the label.</summary>
    public bool Contains(string label) => Find(label) is not null;

    /// <summary>The class of a label; null for one that is none of them.</summary>
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
