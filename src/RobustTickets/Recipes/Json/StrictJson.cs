// How recipes and experiments are read: one parse, every problem by its path before anything is
// made, the line counted from one where the text is no JSON.
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RobustTickets.Recipes.Json;

/// <summary>Reads records from JSON text and refuses what does not fit by its path.</summary>
internal static class StrictJson
{
    /// <summary>Reads a record from JSON text.</summary>
    /// <param name="text">The JSON text.</param>
    /// <param name="origin">What the text came from, named in errors.</param>
    /// <param name="type">Metadata of the record.</param>
    /// <exception cref="RecipeException">Every misspelt, missing or wrong field, by
    /// path.</exception>
    public static T Read<T>(string text, string origin, JsonTypeInfo<T> type)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var problems = new List<string>();
            JsonShape.Check(document.RootElement, type, "", problems);
            if (problems.Count > 0)
                throw new RecipeException(origin, problems);
            return document.RootElement.Deserialize(type)!;
        }
        catch (JsonException e)
        {
            throw new RecipeException($"{origin}: not a JSON object: {FirstSentence(e)}");
        }
    }

    /// <summary>The text of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it should hold, named in the error.</param>
    /// <exception cref="RecipeException">The file is missing or cannot be read.</exception>
    public static string ReadText(string path, string what)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RecipeException($"{path}: cannot read this {what}: {e.Message}");
        }
    }

    private static string FirstSentence(JsonException e)
    {
        // The serialiser appends "LineNumber: n | BytePositionInLine: m." counted from zero; people
        // count from one.
        var cut = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var text = cut < 0 ? e.Message : e.Message[..cut];
        return e.LineNumber is { } line ? $"line {line + 1}, byte {e.BytePositionInLine + 1}: {text}" : text;
    }
}
