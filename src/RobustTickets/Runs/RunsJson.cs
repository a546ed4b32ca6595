// JSON metadata of all records in a run folder: snake_case; non-finite numbers as "NaN", "Infinity"
// (so that a run with a numeric failure stays readable).
using System.Text.Json.Serialization;

namespace RobustTickets.Runs;

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    NewLine = "\n"
)]
[JsonSerializable(typeof(RunResult))]
[JsonSerializable(typeof(EnvironmentStamp))]
[JsonSerializable(typeof(RunSplits))]
[JsonSerializable(typeof(TrainingRows))]
[JsonSerializable(typeof(TrainedTextsFile))]
internal sealed partial class RunFileJson : JsonSerializerContext;

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    WriteIndented = false
)]
[JsonSerializable(typeof(LogEntry))]
internal sealed partial class LogEntryJson : JsonSerializerContext;
