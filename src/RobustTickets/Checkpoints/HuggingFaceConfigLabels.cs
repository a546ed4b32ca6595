// The classes of a config.json: id2label, else label2id, else a count.
using System.Globalization;
using System.Text.Json;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Checkpoints;

public sealed partial record HuggingFaceConfig
{
    private static IReadOnlyList<string> ReadLabels(JsonFields fields, string place)
    {
        var id2label = fields.Optional("id2label");
        var label2id = fields.Optional("label2id");
        // Very old configs have only a count, "num_labels" (or transformers' alias "_num_labels").
        int? count = fields.Optional("num_labels") is null ? null : fields.Integer("num_labels", 1, 1 << 20);
        int? alias = fields.Optional("_num_labels") is null ? null : fields.Integer("_num_labels", 1, 1 << 20);
        count ??= alias;
        if (id2label is not { } map)
        {
            var labels = label2id is { } only ? InvertLabel2Id(fields, only) : DefaultLabels(count ?? 2);
            if (count is { } asked && asked != labels.Count)
                throw new CheckpointException(
                    $"{place}: 'num_labels' is {asked}, but 'label2id' has {labels.Count} entries"
                );
            return labels;
        }
        if (map.ValueKind != JsonValueKind.Object)
            throw fields.Refuse("id2label", map, "an object that maps ids to names");
        var names = new SortedDictionary<int, string>();
        foreach (var entry in map.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                throw fields.Refuse("id2label", $"an object with the key '{entry.Name}'", "integers from 0");
            // Some exporters write class names as numbers.
            var name =
                entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : entry.Value.GetRawText();
            if (!names.TryAdd(id, name))
                throw fields.Refuse("id2label", $"an object with the key '{id}' twice", "one name per id");
        }
        if (names.Count == 0 || names.Keys.Last() != names.Count - 1)
            throw fields.Refuse("id2label", map, "an object with ids 0, 1, 2, ... without a gap");
        if (names.Values.GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw fields.Refuse(
                "id2label",
                $"an object with the name '{twice.Key}' for {twice.Count()} ids",
                "different names"
            );
        }
        if (count is { } given && given != names.Count)
        {
            throw new CheckpointException(
                $"{place}: 'num_labels' is {given}, but 'id2label' has {names.Count} entries"
            );
        }
        return [.. names.Values];
    }

    // Outputs are named by id2label, as in transformers. The same names in another order are
    // rejected: training scripts encode labels by label2id, so one of the two maps is wrong.
    private static IReadOnlyList<string> NotesOnLabel2Id(JsonFields fields, string place, IReadOnlyList<string> labels)
    {
        if (fields.Optional("label2id") is not { } map || fields.Optional("id2label") is null)
            return [];
        if (map.ValueKind != JsonValueKind.Object)
            throw fields.Refuse("label2id", map, "an object that maps names to ids");
        var others = new List<string>();
        foreach (var entry in map.EnumerateObject())
        {
            var text =
                entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : entry.Value.GetRawText();
            if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id))
                throw fields.Refuse("label2id", $"'{entry.Name}': {text}", "an integer for each name");
            if (id >= 0 && id < labels.Count && labels[id] == entry.Name)
                continue;
            if (labels.Where((name, i) => i != id && name.Equals(entry.Name, StringComparison.OrdinalIgnoreCase)).Any())
            {
                throw fields.Refuse(
                    "label2id",
                    $"'{entry.Name}': {text}",
                    $"the inverse of id2label ({string.Join(", ", labels.Take(8).Select((l, i) => $"{i}: {l}"))}); "
                        + "correct the one that is wrong"
                );
            }
            others.Add($"{entry.Name}: {text}");
        }
        return others.Count == 0
            ? []
            :
            [
                $"{place}: 'label2id' ({string.Join(", ", others.Take(8))}) is not the inverse of 'id2label'; "
                    + $"'id2label' names the classes: {string.Join(", ", labels.Take(8))}",
            ];
    }

    private static IReadOnlyList<string> InvertLabel2Id(JsonFields fields, JsonElement map)
    {
        if (map.ValueKind != JsonValueKind.Object)
            throw fields.Refuse("label2id", map, "an object that maps names to ids");
        var names = new SortedDictionary<int, string>();
        foreach (var entry in map.EnumerateObject())
        {
            var number = entry.Value.ValueKind == JsonValueKind.Number && entry.Value.TryGetInt32(out var id) ? id : -1;
            if (number < 0 || !names.TryAdd(number, entry.Name))
                throw fields.Refuse(
                    "label2id",
                    $"'{entry.Name}': {entry.Value.GetRawText()}",
                    "a different id from 0 for each name"
                );
        }
        if (names.Count == 0 || names.Keys.Last() != names.Count - 1)
            throw fields.Refuse("label2id", map, "ids 0, 1, 2, ... without a gap");
        return [.. names.Values];
    }
}
