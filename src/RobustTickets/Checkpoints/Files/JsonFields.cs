// Strict reading of a JSON object's fields: kind and range of every value are checked when it is
// read, errors name file, field, value and possible values, and unread fields are returned so that
// they survive a round trip.

using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Checkpoints.Files;

/// <summary>The fields of one JSON object, with its location for errors.</summary>
internal sealed class JsonFields
{
    private readonly string place;
    private readonly Dictionary<string, JsonElement> fields = new(StringComparer.Ordinal);
    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    /// <param name="place">File, or file and field (<c>config.json: ticket</c>).</param>
    /// <param name="json">The object; copied, so the document may be disposed.</param>
    public JsonFields(string place, JsonElement json)
    {
        this.place = place;
        if (json.ValueKind != JsonValueKind.Object)
            throw new CheckpointException($"{place}: is {json.ValueKind}; an object is needed");
        foreach (var field in json.EnumerateObject())
        {
            if (!fields.TryAdd(field.Name, field.Value.Clone()))
                throw new CheckpointException($"{place}: field '{field.Name}' is given twice");
            RequireText(field.Name, field.Value);
        }
    }

    // Unknown fields are written back, so their strings must be valid text too.
    private void RequireText(string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String when value.TryText() is null:
                throw new CheckpointException($"{place}: '{name}' {GuardedJson.HalfPair}");
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                    RequireText(name, item);
                break;
            case JsonValueKind.Object:
                foreach (var field in value.EnumerateObject())
                    RequireText($"{name}.{field.Name}", field.Value);
                break;
        }
    }

    /// <summary>The fields that were not read.</summary>
    public IReadOnlyDictionary<string, JsonElement> Unknown =>
        fields.Where(f => !known.Contains(f.Key)).ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal);

    /// <summary>A field's value; null if it is missing or null.</summary>
    public JsonElement? Optional(string name)
    {
        known.Add(name);
        return fields.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>
    /// A field's value without marking it as read: it stays among the unknown ones.
    /// </summary>
    public JsonElement? Peek(string name) => fields.TryGetValue(name, out var value) ? value : null;

    public int Integer(string name, int min, int max, int? absent = null)
    {
        if (Optional(name) is not { } value)
            return absent ?? throw Missing(name);
        return IntegerOf(name, value, min, max);
    }

    public double Number(string name, Func<double, bool> possible, string what, double absent)
    {
        if (Optional(name) is not { } value)
            return absent;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && possible(number)
            ? number
            : throw Refuse(name, value, what);
    }

    public bool Boolean(string name, bool absent)
    {
        if (Optional(name) is not { } value)
            return absent;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Refuse(name, value, "true or false"),
        };
    }

    public string? Text(string name)
    {
        if (Optional(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Refuse(name, value, "a string");
    }

    public IReadOnlyList<string> Texts(string name)
    {
        if (Optional(name) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            throw Refuse(name, value, "an array of strings");
        return
        [
            .. value
                .EnumerateArray()
                .Select(item =>
                    item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Refuse(name, item, "a string")
                ),
        ];
    }

    public IReadOnlyList<int>? Integers(string name, int min, int max) =>
        Optional(name) is { } value ? IntegersOf(name, value, min, max) : null;

    /// <summary>
    /// Units of each layer, 0 to max: ranges (<c>"0-3,7"</c>) or lists of integers.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<int>>? UnitLists(string name, int max)
    {
        if (Optional(name) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            throw Refuse(name, value, "an array of ranges or of arrays of integers, one per layer");
        return [.. value.EnumerateArray().Select((item, i) => UnitsOf($"{name}[{i}]", item, max))];
    }

    private IReadOnlyList<int> UnitsOf(string name, JsonElement value, int max)
    {
        if (value.ValueKind != JsonValueKind.String)
            return IntegersOf(name, value, 0, max);
        return UnitRanges.Parse(value.GetString()!, max)
            ?? throw Refuse(name, value, $"ranges of units from 0 to {max} as in \"0-3,7\"");
    }

    public CheckpointException Refuse(string name, JsonElement found, string possible) =>
        Refuse(name, Shorten(found.GetRawText()), possible);

    public CheckpointException Refuse(string name, string found, string possible) =>
        new($"{place}: '{name}' is {found}; expected {possible}");

    private IReadOnlyList<int> IntegersOf(string name, JsonElement value, int min, int max)
    {
        if (value.ValueKind != JsonValueKind.Array)
            throw Refuse(name, value, "an array of integers");
        return [.. value.EnumerateArray().Select((item, i) => IntegerOf($"{name}[{i}]", item, min, max))];
    }

    private int IntegerOf(string name, JsonElement value, int min, int max)
    {
        if (
            value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out var number)
            && number >= min
            && number <= max
        )
            return number;
        throw Refuse(
            name,
            value,
            max == int.MaxValue ? $"an integer of at least {min}" : $"an integer from {min} to {max}"
        );
    }

    private CheckpointException Missing(string name) => new($"{place}: field '{name}' is missing");

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "...";
}
