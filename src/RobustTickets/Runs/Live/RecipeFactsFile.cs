// The fields of recipe.json shown with curves. Read as plain JSON, so that runs of other versions
// work as well.
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Runs.Live;

/// <summary>Reads <see cref="RecipeFacts"/>.</summary>
internal static class RecipeFactsFile
{
    /// <summary>Reads a recipe file.</summary>
    /// <exception cref="DataException">The file is not JSON.</exception>
    public static RecipeFacts Read(string file)
    {
        using var json = GuardedJson.Parse(Path.GetFileName(file), File.ReadAllBytes(file));
        var root = json.RootElement;
        var search = root.Member("search");
        var stop = search?.Member("stop");
        return new RecipeFacts(
            root.Member("name")?.Text(),
            root.Member("task")?.Text(),
            root.Member("seed")?.Integer(),
            search?.Member("kind")?.Text(),
            stop?.Member("kind")?.Text(),
            Number(stop?.Member("gamma")) ?? Number(stop?.Member("epsilon"))
        );
    }

    private static double? Number(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Number } number ? ThinSeries.Finite(number.GetDouble()) : null;
}
