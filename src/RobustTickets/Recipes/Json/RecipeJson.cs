// Converts recipes to and from JSON: kebab-case, "kind" as discriminator, unknown and missing
// fields rejected by path.
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Recipes.Json;

/// <summary>
/// Reads and writes recipes; reading a written recipe gives an equal recipe, and equal recipes give
/// equal text.
/// </summary>
public static class RecipeJson
{
    private static readonly JsonSerializerOptions Options = new(RecipeJsonContext.Default.Options)
    {
        // Section names contain non-ASCII characters, and files should stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = RecipeJsonContext.Default,
    };

    /// <summary>Metadata of the recipe record, shared with overrides.</summary>
    internal static JsonTypeInfo<Recipe> TypeInfo { get; } = (JsonTypeInfo<Recipe>)Options.GetTypeInfo(typeof(Recipe));

    /// <summary>
    /// Reads a recipe from JSON text. Kinds of values are checked here, ranges by
    /// <see cref="RecipeCheck"/>.
    /// </summary>
    /// <param name="text">The JSON text.</param>
    /// <param name="origin">Origin of the text, named in errors.</param>
    /// <exception cref="RecipeException">Every misspelt, missing or wrong field, by
    /// path.</exception>
    public static Recipe Read(string text, string origin) =>
        StrictJson.Read(text, origin, TypeInfo, (recipe, _) => RecipeCheck.Ranges(recipe));

    /// <summary>Reads a recipe file.</summary>
    /// <exception cref="RecipeException">The file is missing, cannot be read or does not contain a
    /// recipe.</exception>
    public static Recipe ReadFile(string path) => Read(StrictJson.ReadText(path, "recipe"), path);

    /// <summary>Writes a recipe as indented JSON text with a final newline.</summary>
    /// <exception cref="RecipeException">A number is not finite, which JSON cannot
    /// represent.</exception>
    public static string Write(Recipe recipe)
    {
        try
        {
            return JsonSerializer.Serialize(recipe, TypeInfo) + "\n";
        }
        catch (ArgumentException)
        {
            RecipeCheck.Require(recipe, "recipe");
            throw;
        }
    }
}
