// A recipe as JSON text and back: kebab-case, "kind" tells variants apart, unknown and missing
// fields refused by path.
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Recipes.Json;

/// <summary>
/// Reads and writes recipes; reading what was written gives an equal recipe, and equal recipes give
/// equal text.
/// </summary>
public static class RecipeJson
{
    private static readonly JsonSerializerOptions Options = new(RecipeJsonContext.Default.Options)
    {
        // Sources name sections with characters beyond ASCII; files are read by people.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = RecipeJsonContext.Default,
    };

    /// <summary>Metadata of the recipe record, shared with overrides.</summary>
    internal static JsonTypeInfo<Recipe> TypeInfo { get; } = (JsonTypeInfo<Recipe>)Options.GetTypeInfo(typeof(Recipe));

    /// <summary>
    /// Reads a recipe from JSON text. Values are checked for their kind here and for their range by
    /// <see cref="RecipeCheck"/>.
    /// </summary>
    /// <param name="text">The JSON text.</param>
    /// <param name="origin">What the text came from, named in errors.</param>
    /// <exception cref="RecipeException">Every misspelt, missing or wrong field, by
    /// path.</exception>
    public static Recipe Read(string text, string origin) =>
        StrictJson.Read(text, origin, TypeInfo, (recipe, _) => RecipeCheck.Ranges(recipe));

    /// <summary>Reads a recipe file.</summary>
    /// <exception cref="RecipeException">The file is missing, cannot be read or does not hold a
    /// recipe.</exception>
    public static Recipe ReadFile(string path) => Read(StrictJson.ReadText(path, "recipe"), path);

    /// <summary>Writes a recipe as indented JSON text with a final newline.</summary>
    /// <exception cref="RecipeException">A number is not finite, which JSON has no word
    /// for.</exception>
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
