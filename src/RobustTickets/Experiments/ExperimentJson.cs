// An experiment as JSON text and back, by the same rules as recipes: kebab-case, every unknown,
// missing or wrong field refused by its path.
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Recipes.Json;

namespace RobustTickets.Experiments;

/// <summary>Reads and writes experiments; reading what was written gives an equal text.</summary>
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
    /// <param name="origin">What the text came from, named in errors.</param>
    /// <exception cref="RecipeException">Every misspelt, missing or wrong field, by
    /// path.</exception>
    public static Experiment Read(string text, string origin) => Read(text, origin, folder: null);

    /// <summary>Reads an experiment file.</summary>
    /// <exception cref="RecipeException">The file is missing, cannot be read or does not hold an
    /// experiment.</exception>
    public static Experiment ReadFile(string path) =>
        Read(StrictJson.ReadText(path, "experiment"), path, Path.GetDirectoryName(Path.GetFullPath(path)));

    // Beside what does not fit, the names, numbers and recipes of what does are told.
    private static Experiment Read(string text, string origin, string? folder) =>
        StrictJson.Read(
            text,
            origin,
            TypeInfo,
            (experiment, replaced) => ExperimentPlan.Problems(experiment, folder ?? "", !replaced.Any(IsNamed))
        );

    // Rows and data are referred to by their names: of one that is not known, no reference is
    // judged.
    private static bool IsNamed(string path) =>
        (path.StartsWith("rows", StringComparison.Ordinal) || path.StartsWith("data", StringComparison.Ordinal))
        && (path.EndsWith(".name", StringComparison.Ordinal) || !path.Contains('.', StringComparison.Ordinal));

    /// <summary>
    /// Writes an experiment as indented JSON text with a final newline; fields at their default are
    /// left out.
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
