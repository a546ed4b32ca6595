// Finds what the serialiser would only reject when a string is read (a lone surrogate in a name or
// text), and duplicate fields; reported by path.
using System.Text.Json;

namespace RobustTickets.Recipes.Json;

/// <summary>Checks every name and text of a document.</summary>
internal static class JsonText
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
                    if (Try(() => member.Name) is not { } name)
                    {
                        problems.Add($"{Place(path)}: the name of a field {Half}");
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
            case JsonValueKind.String when Try(element.GetString) is null:
                problems.Add($"{Place(path)}: {Half}");
                break;
        }
    }

    private const string Half = "holds half of a surrogate pair (an escape \\ud8.. to \\udf.. alone), which is no text";

    private static string Place(string path) => path.Length == 0 ? "recipe" : path;

    private static string? Try(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
