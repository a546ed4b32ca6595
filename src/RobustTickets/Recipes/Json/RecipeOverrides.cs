// Overrides fields of a recipe by settings path=value, with the paths and errors of the JSON form.
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Recipes.Json;

/// <summary>Changes fields of a recipe by path.</summary>
public static class RecipeOverrides
{
    /// <summary>The origin named in errors, see <see cref="RecipeException.Origin"/>.</summary>
    public const string Origin = "settings";

    /// <summary>
    /// Applies settings such as <c>retrain.epochs=3</c> or <c>search.stop.gamma=0.2</c> in order. A
    /// value is a number, true, false, null, a name, or JSON
    /// (<c>search.stop={"kind":"fixed","fraction":0.2}</c>). Setting <c>kind</c> keeps the fields
    /// that the new kind also has and drops the others. The recipe's source lists the changes, so
    /// that a changed recipe cannot be mistaken for the published one.
    /// </summary>
    /// <param name="recipe">The recipe to change.</param>
    /// <param name="settings">Settings <c>path=value</c>.</param>
    /// <exception cref="RecipeException">A setting without '=', an unknown path, or an invalid
    /// value, by path.</exception>
    public static Recipe Apply(Recipe recipe, IReadOnlyList<string> settings)
    {
        if (settings.Count == 0)
            return recipe;
        var root = JsonNode.Parse(RecipeJson.Write(recipe))!.AsObject();
        var problems = new List<string>();
        foreach (var setting in settings)
        {
            try
            {
                Set(root, setting);
            }
            catch (RecipeException e)
            {
                problems.AddRange(e.Problems);
            }
        }
        var changed = Read(root, problems);
        var meaning = settings.Where(s => s.Split('=')[0] is not ("name" or "task" or "source" or "seed")).ToList();
        return meaning.Count == 0
            ? changed
            : changed with
            {
                Source = $"{changed.Source} [changed: {string.Join(", ", meaning)}]",
            };
    }

    /// <summary>
    /// Reads the changed recipe; any problems are reported together with those of the settings.
    /// </summary>
    private static Recipe Read(JsonObject root, List<string> problems)
    {
        try
        {
            var changed = RecipeJson.Read(root.ToJsonString(), Origin);
            if (problems.Count == 0)
                return changed;
            problems.AddRange(RecipeCheck.Ranges(changed));
        }
        catch (RecipeException e) when (problems.Count > 0)
        {
            problems.AddRange(e.Problems);
        }
        throw new RecipeException(Origin, problems);
    }

    private static void Set(JsonObject root, string setting)
    {
        var equals = setting.IndexOf('=');
        if (equals <= 0)
            throw Refused($"\"{setting}\": expected path=value, e.g. retrain.epochs=3");
        var names = setting[..equals].Split('.');
        var raw = setting[(equals + 1)..];
        var node = root;
        JsonTypeInfo declared = RecipeJson.TypeInfo;
        for (var i = 0; ; i++)
        {
            var path = string.Join('.', names[..i]);
            var at = JsonShape.Join(path, names[i]);
            var discriminator = JsonShape.Discriminator(declared);
            var last = i == names.Length - 1;
            if (last && names[i] == discriminator)
            {
                ChangeKind(node, declared, discriminator, raw, path);
                return;
            }
            var field = Field(node, declared, discriminator, names[i], path, at);
            if (last)
            {
                node[field.Name] = Value(raw, field.PropertyType);
                return;
            }
            var type = declared.Options.GetTypeInfo(field.PropertyType);
            if (type.Kind != JsonTypeInfoKind.Object)
                throw Refused($"{at}: is a single value and has no field \"{names[i + 1]}\"");
            if (node[field.Name] is not JsonObject child)
            {
                throw Refused(
                    $"{at}: is null in this recipe, so \"{names[i + 1]}\" cannot be set; set {at} to a "
                        + "complete object or use a recipe that has one"
                );
            }
            (node, declared) = (child, type);
        }
    }

    private static JsonPropertyInfo Field(
        JsonObject node,
        JsonTypeInfo declared,
        string? discriminator,
        string name,
        string path,
        string at
    )
    {
        var problems = new List<string>();
        var kind =
            discriminator is null ? null
            : node[discriminator] is JsonValue named && named.TryGetValue<string>(out var text) ? text
            : null;
        var type = JsonShape.Resolve(declared, kind, path, problems) ?? throw new RecipeException(Origin, problems);
        var field = type.Properties.FirstOrDefault(p => p.Name == name);
        if (field is not null)
            return field;
        List<string> possible =
        [
            .. discriminator is null ? [] : new[] { discriminator },
            .. type.Properties.Select(p => p.Name),
        ];
        var of = kind is null ? "" : $" of {discriminator} \"{kind}\"";
        throw Refused($"{at}: unknown field{of}; {NearestNames.Hint(name, possible)}");
    }

    private static void ChangeKind(
        JsonObject node,
        JsonTypeInfo declared,
        string discriminator,
        string kind,
        string path
    )
    {
        var problems = new List<string>();
        var type = JsonShape.Resolve(declared, kind, path, problems) ?? throw new RecipeException(Origin, problems);
        var kept = type.Properties.Select(p => p.Name).ToHashSet();
        foreach (var name in node.Select(p => p.Key).Where(k => k != discriminator && !kept.Contains(k)).ToList())
            node.Remove(name);
        node[discriminator] = kind;
    }

    private static RecipeException Refused(string problem) => new(Origin, [problem]);

    private static JsonNode? Value(string raw, Type type)
    {
        if (type == typeof(string))
            return JsonValue.Create(raw);
        try
        {
            return JsonNode.Parse(raw, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            // A plain name such as "anchor"; an invalid one is rejected by path when the recipe is
            // read.
            return JsonValue.Create(raw);
        }
    }
}
