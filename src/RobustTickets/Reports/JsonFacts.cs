// Reads JSON files that the report shows without interpreting them (recipe, attack settings),
// flattened to path = value.
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Reports;

internal static class JsonFacts
{
    /// <summary>Reads a JSON file.</summary>
    /// <exception cref="DataException">The file is corrupt.</exception>
    public static JsonElement Read(string file)
    {
        using var json = GuardedJson.Parse(file, File.ReadAllBytes(file), GuardedJson.EachNameOnce);
        return json.RootElement.Clone();
    }

    /// <summary>
    /// Path = value for every leaf, in file order; lists of plain values are one leaf.
    /// </summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Flatten(JsonElement element)
    {
        var facts = new List<KeyValuePair<string, string>>();
        Walk("", element);
        return facts;

        void Walk(string path, JsonElement at)
        {
            if (at.ValueKind == JsonValueKind.Object)
            {
                foreach (var property in at.EnumerateObject())
                    Walk(path.Length == 0 ? property.Name : $"{path}.{property.Name}", property.Value);
            }
            else if (
                at.ValueKind == JsonValueKind.Array
                && at.EnumerateArray().Any(e => e.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            )
            {
                var i = 0;
                foreach (var item in at.EnumerateArray())
                    Walk($"{path}[{i++}]", item);
            }
            else
            {
                facts.Add(
                    new(
                        path,
                        at.ValueKind switch
                        {
                            JsonValueKind.Array => string.Join(", ", at.EnumerateArray().Select(e => e.ToString())),
                            JsonValueKind.Null => "none",
                            JsonValueKind.True => "yes",
                            JsonValueKind.False => "no",
                            _ => at.ToString(),
                        }
                    )
                );
            }
        }
    }
}
