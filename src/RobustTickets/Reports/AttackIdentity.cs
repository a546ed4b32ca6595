// Whether two attacks differ in nothing but their victim. Only then does a paired test compare the
// victims: the same recipe, settings, files and budget, on the same examples.
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Reports;

/// <summary>Compares what determined two attacks.</summary>
internal static class AttackIdentity
{
    private const int Named = 3,
        HashDigits = 12;

    private const string Temperature = "temperature",
        Fitted = "fitted";

    // Described by the examples themselves, which are compared one by one.
    private static readonly string[] OfExamples = ["data", "rows", "sample"];

    /// <summary>
    /// The settings of an attack, item = value, without those of its victim and of its examples;
    /// null if none are recorded. A missing value and <c>null</c> are the same.
    /// </summary>
    /// <param name="settings">The contents of <c>settings.json</c>, or of that field of
    /// <c>summary.json</c>.</param>
    /// <param name="temperatures">That field of <c>summary.json</c>, of which the settings have
    /// only the one with the lowest accuracy; null if there is none.</param>
    public static IReadOnlyDictionary<string, string>? Of(JsonElement? settings, JsonElement? temperatures = null)
    {
        if (settings is not { ValueKind: JsonValueKind.Object } all)
            return null;
        var values = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in all.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Array)
                foreach (var line in field.Value.EnumerateArray())
                    Add(field.Name == "resources" ? File(line) : Line(line));
            else if (field.Value.ValueKind != JsonValueKind.Null)
                Add((field.Name.Replace('_', ' '), field.Value.ToString()));
        }
        return values;

        void Add((string Item, string Value) line)
        {
            var (item, value) = line;
            if (item.StartsWith("victim", StringComparison.Ordinal) || OfExamples.Contains(item))
                return;
            if (item == Temperature && temperatures is { ValueKind: JsonValueKind.Array } several)
                value = string.Join(
                    ", ",
                    several
                        .EnumerateArray()
                        .Select(t => t.Member(Fitted)?.ValueKind == JsonValueKind.True ? Fitted : Text(t, Temperature))
                );
            values[item] = values.TryGetValue(item, out var before) ? $"{before}; {value}" : value;
        }
    }

    /// <summary>
    /// Why accuracy under two attacks cannot be compared, as a predicate that follows the attack's
    /// name; null if it can.
    /// </summary>
    /// <param name="first">The attack on one victim.</param>
    /// <param name="second">The attack on the other.</param>
    public static string? Difference(AttackRecord first, AttackRecord second)
    {
        if (!first.Examples.Select(e => e.Id).Order().SequenceEqual(second.Examples.Select(e => e.Id).Order()))
            return $"attacked different examples ({first.Count} and {second.Count})";
        var other = second.Examples.ToLookup(e => e.Id, StringComparer.Ordinal);
        foreach (var example in first.Examples)
            if (!other[example.Id].Any(o => o.Label == example.Label && o.Original.SequenceEqual(example.Original)))
                return $"attacked different texts or labels under the same ids (first: {example.Id})";
        if (first.Identity is not { } a || second.Identity is not { } b)
            return "has no record of its settings"
                + (first.Identity is null && second.Identity is null ? "" : " in one of them");
        string[] differ =
        [
            .. a
                .Keys.Concat(b.Keys)
                .Distinct()
                .Where(item => Value(a, item) != Value(b, item))
                .Select(item => $"{item} ({Value(a, item)} and {Value(b, item)})"),
        ];
        return differ.Length == 0
            ? null
            : $"ran with different settings: {string.Join("; ", differ.Take(Named))}"
                + (differ.Length > Named ? $"; and {differ.Length - Named} more" : "");
    }

    private static string Value(IReadOnlyDictionary<string, string> settings, string item) =>
        settings.GetValueOrDefault(item, "none");

    // A fitted temperature belongs to the victim; that it was fitted, to the attack.
    private static (string, string) Line(JsonElement line) =>
        Text(line, "item") == Temperature && Text(line, "source").StartsWith(Fitted, StringComparison.Ordinal)
            ? (Temperature, Fitted)
            : (Text(line, "item"), Text(line, "value"));

    // A file is what its hash says, whatever its name.
    private static (string, string) File(JsonElement file)
    {
        var hash = Text(file, "sha256");
        return (
            $"file: {Text(file, "kind")}",
            hash.Length > 0
                ? $"sha256 {hash[..Math.Min(HashDigits, hash.Length)]}"
                : $"{Text(file, "name")}, {Text(file, "content")}"
        );
    }

    private static string Text(JsonElement line, string name) =>
        line.ValueKind == JsonValueKind.Object ? line.Member(name)?.ToString() ?? "" : "";
}
