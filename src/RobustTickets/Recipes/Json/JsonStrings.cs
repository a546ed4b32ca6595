// Finds what the serialiser would only reject when a string is read (a lone surrogate in a name or
// text), and duplicate fields; reported by path.
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Recipes.Json;

/// <summary>Checks every name and text of a document.</summary>
internal static class JsonStrings
{
    /// <summary>Invalid names and texts, and duplicate fields.</summary>
    public static List<string> Problems(JsonElement root)
    {
        var problems = new List<string>();
        Walk(root, "", problems);
        return problems;
    }

    private static void Walk(JsonElement element, string path, List<string> problems)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var seen = new HashSet<string>();
                foreach (var member in element.EnumerateObject())
                {
                    if (member.TryName() is not { } name)
                    {
                        problems.Add($"{Place(path)}: the name of a field {GuardedJson.HalfPair}");
                        continue;
                    }
                    var at = JsonShape.Join(path, name);
                    if (!seen.Add(name))
                        problems.Add($"{at}: occurs twice");
                    Walk(member.Value, at, problems);
                }
                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var child in element.EnumerateArray())
                    Walk(child, $"{path}[{index++}]", problems);
                break;
            case JsonValueKind.String when element.TryText() is null:
                problems.Add($"{Place(path)}: {GuardedJson.HalfPair}");
                break;
        }
    }

    private static string Place(string path) => path.Length == 0 ? "recipe" : path;
}
