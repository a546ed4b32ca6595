using System.Text.Json;

namespace RobustTickets.Attacks.Resources;

/// <summary>
/// Tagger weights as JSON: <c>classes</c> (tags), <c>tagdict</c> (word -> tag) and <c>weights</c>
/// (feature -> tag -> number).
/// </summary>
internal static class TaggerJson
{
    /// <summary>Reads the three parts; tags become class indices.</summary>
    /// <param name="place">Name of the file in errors.</param>
    /// <param name="root">The JSON root.</param>
    /// <exception cref="DataException">A part is missing, or a tag is not among the
    /// classes.</exception>
    public static (string[] Classes, Dictionary<string, int> Words, Dictionary<string, SparseWeights> Weights) Read(
        string place,
        JsonElement root
    )
    {
        // Sorted in Python's order, so that "the greater name wins a tie" equals "the later index
        // wins".
        var classes = Part(place, root, "classes", JsonValueKind.Array)
            .EnumerateArray()
            .Select(c => c.Text() ?? throw Bad(place, $"classes contains {c.GetRawText()}; a tag must be a string"))
            .Order(Python.CodePointOrder.Instance)
            .ToArray();
        if (classes.Length == 0)
            throw Bad(place, "classes is empty; expected at least one tag");
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < classes.Length; i++)
        {
            if (!index.TryAdd(classes[i], i))
                throw Bad(place, $"classes contains '{classes[i]}' twice");
        }

        var words = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in Part(place, root, "tagdict", JsonValueKind.Object).EnumerateObject())
            words[word.Name] = Index($"tagdict of '{word.Name}'", word.Value.Text());

        var weights = new Dictionary<string, SparseWeights>(StringComparer.Ordinal);
        foreach (var feature in Part(place, root, "weights", JsonValueKind.Object).EnumerateObject())
        {
            if (feature.Value.ValueKind != JsonValueKind.Object)
                throw Bad(place, $"weights of '{feature.Name}' should be an object of tag -> number");
            var (tags, values) = (new List<int>(), new List<double>());
            foreach (var weight in feature.Value.EnumerateObject())
            {
                tags.Add(Index($"weights of '{feature.Name}'", weight.Name));
                values.Add(
                    weight.Value.ValueKind == JsonValueKind.Number
                    && weight.Value.TryGetDouble(out var value)
                    && double.IsFinite(value)
                        ? value
                        : throw Bad(
                            place,
                            $"weights of '{feature.Name}': {weight.Value.GetRawText()} is not a finite number"
                        )
                );
            }
            weights[feature.Name] = new SparseWeights([.. tags], [.. values]);
        }
        if (weights.Count == 0)
            throw Bad(place, "weights is empty");
        return (classes, words, weights);

        int Index(string what, string? tag) =>
            tag is not null && index.TryGetValue(tag, out var i)
                ? i
                : throw Bad(place, $"{what}: {(tag is null ? "no string" : $"'{tag}'")}, not one of the classes");
    }

    private static JsonElement Part(string place, JsonElement root, string name, JsonValueKind kind) =>
        root.Member(name) is { } part && part.ValueKind == kind
            ? part
            : throw Bad(place, $"no {(kind == JsonValueKind.Array ? "array" : "object")} {name}");

    private static DataException Bad(string place, string what) =>
        new($"{place}: should be JSON with classes, tagdict and weights: {what}");
}
