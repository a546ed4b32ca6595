// Strict reading of recipes and experiments: one parse, all problems by path before an object is
// created, line numbers from 1 for invalid JSON.
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Attacks;

namespace RobustTickets.Recipes.Json;

/// <summary>Reads records from JSON text; errors name the path.</summary>
internal static class StrictJson
{
    /// <summary>Reads a record from JSON text.</summary>
    /// <param name="text">The JSON text.</param>
    /// <param name="origin">Origin of the text, named in errors.</param>
    /// <param name="type">Metadata of the record.</param>
    /// <param name="ranges">Checks the ranges of a record; gets the paths of parts that were
    /// missing or replaced, and returns problems that start with a path. They are reported together
    /// with the structural problems. Null reports structural problems only.</param>
    /// <exception cref="RecipeException">Every misspelt, missing or wrong field, by
    /// path.</exception>
    public static T Read<T>(
        string text,
        string origin,
        JsonTypeInfo<T> type,
        Func<T, IReadOnlyList<string>, IEnumerable<string>>? ranges = null
    )
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var problems = JsonStrings.Problems(document.RootElement);
            if (problems.Count > 0)
                throw new RecipeException(origin, problems);
            JsonShape.Check(document.RootElement, type, "", problems);
            if (problems.Count == 0)
                return document.RootElement.Deserialize(type)!;
            if (ranges is not null)
                problems.AddRange(Others(document.RootElement, type, ranges));
            throw new RecipeException(origin, problems);
        }
        catch (JsonException e)
        {
            throw new RecipeException($"{origin}: not a JSON object: {FirstSentence(e)}");
        }
    }

    /// <summary>Reads a UTF-8 file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">Expected content, named in the error.</param>
    /// <exception cref="RecipeException">The file is missing, cannot be read or is not
    /// UTF-8.</exception>
    public static string ReadText(string path, string what)
    {
        try
        {
            return StrictText.DecodeByMark(path, File.ReadAllBytes(path), out _);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new RecipeException($"{path}: no such file") { Unreadable = true };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RecipeException($"{path}: cannot read this {what}: {e.Message}") { Unreadable = true };
        }
        catch (DataException e)
        {
            throw new RecipeException(e.Message);
        }
    }

    /// <summary>Range problems in the valid parts of an invalid document.</summary>
    private static IEnumerable<string> Others<T>(
        JsonElement root,
        JsonTypeInfo<T> type,
        Func<T, IReadOnlyList<string>, IEnumerable<string>> ranges
    )
    {
        var replaced = new List<string>();
        var whole = JsonRepair.Fit(root, type, "", replaced).Deserialize(type)!;
        return ranges(whole, replaced)
            .Where(problem =>
                !replaced.Any(path =>
                    problem.StartsWith(path, StringComparison.Ordinal)
                    && (path.Length == 0 || problem[path.Length] is ':' or '.' or '[' or ' ')
                )
            );
    }

    private static string FirstSentence(JsonException e)
    {
        // The reader counts lines from 0; messages count from 1.
        var text = GuardedJson.Reason(e);
        return e.LineNumber is { } line ? $"line {line + 1}, byte {e.BytePositionInLine + 1}: {text}" : text;
    }
}
