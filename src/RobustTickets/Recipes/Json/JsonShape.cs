// Compares a JSON document with a type before deserialisation: every misspelling, missing field,
// wrong kind and invalid value is reported at once, by path, with the possible values
// (docs/decisions/008-strict-json.md).
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Recipes.Json;

/// <summary>
/// Walks JSON and the serialiser's type metadata in parallel, so new records and fields need no
/// code here. The serialiser itself stops at the first problem and names C# types.
/// </summary>
internal static class JsonShape
{
    /// <summary>
    /// Appends to <paramref name="problems"/> every difference between the element and the type.
    /// </summary>
    public static void Check(JsonElement element, JsonTypeInfo type, string path, List<string> problems)
    {
        var clr = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (type.Kind == JsonTypeInfoKind.Object)
            CheckObject(element, type, path, problems);
        else if (clr.IsEnum)
            CheckEnum(element, type.Options, clr, path, problems);
        else if (clr == typeof(string))
            Expect(element, JsonValueKind.String, "a string", path, problems);
        else if (clr == typeof(bool))
        {
            if (element.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                Wrong(element, "true or false", path, problems);
        }
        else if (clr == typeof(int))
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out _))
                Wrong(element, "a whole number", path, problems);
        }
        else if (clr == typeof(double))
        {
            if (element.ValueKind != JsonValueKind.Number || !double.IsFinite(element.GetDouble()))
                Wrong(element, "a finite number", path, problems);
        }
        else if (type.Kind == JsonTypeInfoKind.Dictionary && type.ElementType is { } value)
        {
            if (!Expect(element, JsonValueKind.Object, "an object {...}", path, problems))
                return;
            foreach (var member in element.EnumerateObject())
                Check(member.Value, type.Options.GetTypeInfo(value), Join(path, member.Name), problems);
        }
        else if (type.Kind == JsonTypeInfoKind.Enumerable && type.ElementType is { } item)
        {
            if (!Expect(element, JsonValueKind.Array, "a list", path, problems))
                return;
            var index = 0;
            foreach (var child in element.EnumerateArray())
                Check(child, type.Options.GetTypeInfo(item), $"{path}[{index++}]", problems);
        }
        else
            throw new NotSupportedException($"recipes hold no {type.Type} (at {path})");
    }

    /// <summary>
    /// The metadata of the derived type named by a polymorphic object's discriminator; null, with a
    /// problem added, for an unknown name.
    /// </summary>
    public static JsonTypeInfo? Resolve(JsonTypeInfo type, string? kind, string path, List<string> problems)
    {
        if (type.PolymorphismOptions is not { } options)
            return type;
        var at = Join(path, options.TypeDiscriminatorPropertyName);
        var possible = Kinds(type);
        if (kind is null)
        {
            problems.Add($"{at}: missing; possible: {string.Join(", ", possible)}");
            return null;
        }
        foreach (var derived in options.DerivedTypes)
        {
            if ((string?)derived.TypeDiscriminator == kind)
                return type.Options.GetTypeInfo(derived.DerivedType);
        }
        problems.Add($"{at}: unknown kind \"{kind}\"; {NearestNames.Hint(kind, possible)}");
        return null;
    }

    /// <summary>The discriminator values of a polymorphic type.</summary>
    public static IReadOnlyList<string> Kinds(JsonTypeInfo type) =>
        type.PolymorphismOptions is { } options
            ? [.. options.DerivedTypes.Select(d => (string)d.TypeDiscriminator!)]
            : [];

    /// <summary>The values of an enum as spelled in JSON.</summary>
    public static IReadOnlyList<string> Values(JsonSerializerOptions options, Type clr) =>
        [
            .. Enum.GetValues(clr)
                .Cast<object>()
                .Select(v => JsonSerializer.SerializeToElement(v, options.GetTypeInfo(clr)).GetString()!),
        ];

    /// <summary>Path of a field below another path.</summary>
    public static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>Name of the discriminator field, or null for a plain record.</summary>
    public static string? Discriminator(JsonTypeInfo type) => type.PolymorphismOptions?.TypeDiscriminatorPropertyName;

    private static void CheckObject(JsonElement element, JsonTypeInfo declared, string path, List<string> problems)
    {
        if (!Expect(element, JsonValueKind.Object, "an object {...}", path, problems))
            return;
        var discriminator = Discriminator(declared);
        var (type, kind, guessed) = KindOf(element, declared);
        if (guessed)
        {
            // Fields below an unknown kind are checked against the kind that shares most fields
            // with them.
            if (!element.TryGetProperty(discriminator!, out var found))
                _ = Resolve(declared, null, path, problems);
            else if (Expect(found, JsonValueKind.String, "a string", Join(path, discriminator!), problems))
                _ = Resolve(declared, found.GetString(), path, problems);
        }

        var fields = type.Properties.ToDictionary(p => p.Name, StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
        {
            if (member.Name == discriminator)
                continue;
            var at = Join(path, member.Name);
            if (!fields.TryGetValue(member.Name, out var field))
            {
                if (!guessed)
                    problems.Add($"{at}: unknown field; {NearestNames.Hint(member.Name, fields.Keys)}");
            }
            else if (member.Value.ValueKind == JsonValueKind.Null)
            {
                if (!AllowsNull(field))
                    problems.Add($"{at}: null is not allowed here; expected {Describe(field, type.Options)}");
            }
            else
                Check(member.Value, type.Options.GetTypeInfo(field.PropertyType), at, problems);
        }
        foreach (var field in guessed ? [] : fields.Values.ToArray())
        {
            if (field.AssociatedParameter is { HasDefaultValue: false } && !element.TryGetProperty(field.Name, out _))
            {
                problems.Add(
                    $"{Join(path, field.Name)}: missing; expected "
                        + $"{Describe(field, type.Options)}{(AllowsNull(field) ? " or null" : "")}"
                );
            }
        }
    }

    /// <summary>
    /// The record type of an object. Without a known kind, the type that shares most fields with
    /// it.
    /// </summary>
    public static (JsonTypeInfo Type, string? Kind, bool Guessed) KindOf(JsonElement element, JsonTypeInfo declared)
    {
        if (declared.PolymorphismOptions is not { } options)
            return (declared, null, false);
        var kinds = options
            .DerivedTypes.Select(d => (Type: declared.Options.GetTypeInfo(d.DerivedType), (string)d.TypeDiscriminator!))
            .ToArray();
        if (
            element.TryGetProperty(options.TypeDiscriminatorPropertyName, out var named)
            && named.ValueKind == JsonValueKind.String
        )
        {
            foreach (var (type, kind) in kinds)
                if (named.ValueEquals(kind))
                    return (type, kind, false);
        }
        var (likely, name) = kinds.MaxBy(k => k.Type.Properties.Count(p => element.TryGetProperty(p.Name, out _)));
        return (likely, name, true);
    }

    public static bool AllowsNull(JsonPropertyInfo field) =>
        field.PropertyType.IsValueType
            ? Nullable.GetUnderlyingType(field.PropertyType) is not null
            : field.AssociatedParameter?.IsNullable ?? field.IsSetNullable;

    private static string Describe(JsonPropertyInfo field, JsonSerializerOptions options)
    {
        var clr = Nullable.GetUnderlyingType(field.PropertyType) ?? field.PropertyType;
        if (clr.IsEnum)
            return "one of " + string.Join(", ", Values(options, clr));
        if (clr == typeof(int))
            return "a whole number";
        if (clr == typeof(double))
            return "a finite number";
        if (clr == typeof(bool))
            return "true or false";
        if (clr == typeof(string))
            return "a string";
        var type = options.GetTypeInfo(clr);
        if (type.Kind == JsonTypeInfoKind.Enumerable)
            return "a list [...]";
        return Discriminator(type) is { } name
            ? $"an object whose \"{name}\" is one of {string.Join(", ", Kinds(type))}"
            : "an object {...}";
    }

    private static void CheckEnum(
        JsonElement element,
        JsonSerializerOptions options,
        Type clr,
        string path,
        List<string> problems
    )
    {
        var values = Values(options, clr);
        if (element.ValueKind != JsonValueKind.String)
            Wrong(element, "one of " + string.Join(", ", values), path, problems);
        else if (!values.Contains(element.GetString()))
            problems.Add(
                $"{path}: unknown value \"{element.GetString()}\"; {NearestNames.Hint(element.GetString()!, values)}"
            );
    }

    private static bool Expect(JsonElement element, JsonValueKind kind, string what, string path, List<string> problems)
    {
        if (element.ValueKind == kind)
            return true;
        Wrong(element, what, path, problems);
        return false;
    }

    private static void Wrong(JsonElement element, string expected, string path, List<string> problems)
    {
        var text = element.GetRawText();
        if (text.Length > 40)
            text = text[..40] + "...";
        problems.Add($"{(path.Length == 0 ? "recipe" : path)}: expected {expected}, found {text}");
    }
}
