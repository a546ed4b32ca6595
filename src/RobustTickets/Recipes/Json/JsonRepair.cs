// Makes an invalid document deserialisable: parts that do not fit are replaced by placeholders, so
// that the ranges of all other fields can be checked and reported together. Problems at the
// replaced paths are not reported.
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace RobustTickets.Recipes.Json;

/// <summary>Converts JSON that nearly fits a type into JSON that does.</summary>
internal static class JsonRepair
{
    /// <summary>Returns JSON that fits the type.</summary>
    /// <param name="element">The element found.</param>
    /// <param name="type">The type.</param>
    /// <param name="path">Path of the element.</param>
    /// <param name="replaced">Receives the paths of parts that were missing or replaced.</param>
    public static JsonNode Fit(JsonElement element, JsonTypeInfo type, string path, List<string> replaced)
    {
        var problems = new List<string>();
        JsonShape.Check(element, type, path, problems);
        if (problems.Count == 0)
            return JsonNode.Parse(element.GetRawText())!;
        if (type.Kind == JsonTypeInfoKind.Object && element.ValueKind == JsonValueKind.Object)
            return Object(element, type, path, replaced);
        replaced.Add(path);
        return StandIn(type);
    }

    private static JsonObject Object(JsonElement element, JsonTypeInfo declared, string path, List<string> replaced)
    {
        var made = new JsonObject();
        var type = declared;
        if (JsonShape.Discriminator(declared) is { } discriminator)
        {
            (type, var kind, var guessed) = JsonShape.KindOf(element, declared);
            made[discriminator] = kind;
            if (guessed)
                replaced.Add(JsonShape.Join(path, discriminator));
        }
        foreach (var field in type.Properties)
        {
            var at = JsonShape.Join(path, field.Name);
            var clr = type.Options.GetTypeInfo(field.PropertyType);
            if (element.TryGetProperty(field.Name, out var value))
            {
                if (value.ValueKind == JsonValueKind.Null && JsonShape.AllowsNull(field))
                    made[field.Name] = null;
                else
                    made[field.Name] = Fit(value, clr, at, replaced);
                continue;
            }
            if (field.AssociatedParameter is { HasDefaultValue: true })
                continue;
            replaced.Add(at);
            made[field.Name] = JsonShape.AllowsNull(field) ? null : StandIn(clr);
        }
        return made;
    }

    private static JsonNode StandIn(JsonTypeInfo type)
    {
        var clr = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (clr.IsEnum)
            return JsonShape.Values(type.Options, clr)[0];
        if (clr == typeof(string))
            return "x";
        if (clr == typeof(bool))
            return false;
        if (clr == typeof(int))
            return 1;
        if (clr == typeof(double))
            return 0.5;
        if (type.Kind == JsonTypeInfoKind.Enumerable)
            return new JsonArray();
        using var empty = JsonDocument.Parse("{}");
        return Object(empty.RootElement, type, "", []);
    }
}
