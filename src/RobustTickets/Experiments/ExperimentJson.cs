// Converts experiments to and from JSON by the rules of recipes: kebab-case, every unknown, missing
// or wrong field rejected by its path.
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Recipes.Json;

namespace RobustTickets.Experiments;

/// <summary>Reads and writes experiments; reading and writing again gives equal text.</summary>
public static class ExperimentJson
{
    private static readonly JsonSerializerOptions Options = new(ExperimentJsonContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        TypeInfoResolver = ExperimentJsonContext.Default,
    };

    private static JsonTypeInfo<Experiment> TypeInfo { get; } =
        (JsonTypeInfo<Experiment>)Options.GetTypeInfo(typeof(Experiment));

    /// <summary>Reads an experiment from JSON text.</summary>
    /// <param name="text">The JSON text.</param>
    /// <param name="origin">Origin of the text, named in errors.</param>
    /// <exception cref="RecipeException">Every misspelt, missing or wrong field, by
    /// path.</exception>
    public static Experiment Read(string text, string origin) => Read(text, origin, folder: null);

    /// <summary>Reads an experiment file.</summary>
    /// <exception cref="RecipeException">The file is missing, cannot be read or does not contain an
    /// experiment.</exception>
    public static Experiment ReadFile(string path) =>
        Read(StrictJson.ReadText(path, "experiment"), path, Path.GetDirectoryName(Path.GetFullPath(path)));

    // Names, numbers and recipes of the valid parts are checked together with structural problems.
    private static Experiment Read(string text, string origin, string? folder) =>
        StrictJson.Read(
            text,
            origin,
            TypeInfo,
            (experiment, replaced) => ExperimentPlan.Problems(experiment, folder ?? "", !replaced.Any(IsNamed))
        );

    // Rows and data are referred to by name: if some names are unknown, references are not checked.
    private static bool IsNamed(string path) =>
        (path.StartsWith("rows", StringComparison.Ordinal) || path.StartsWith("data", StringComparison.Ordinal))
        && (path.EndsWith(".name", StringComparison.Ordinal) || !path.Contains('.', StringComparison.Ordinal));

    /// <summary>
    /// Writes an experiment as indented JSON text with a final newline; default values are omitted.
    /// </summary>
    public static string Write(Experiment experiment) => JsonSerializer.Serialize(experiment, TypeInfo) + "\n";

    internal static string Write(ExperimentAttack attack) =>
        JsonSerializer.Serialize(attack, (JsonTypeInfo<ExperimentAttack>)Options.GetTypeInfo(typeof(ExperimentAttack)))
        + "\n";
}

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.KebabCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    NewLine = "\n",
    Converters = [typeof(KebabEnum<FigureKind>)]
)]
[JsonSerializable(typeof(Experiment))]
internal sealed partial class ExperimentJsonContext : JsonSerializerContext;
