// JSON metadata of everything in a run folder: snake_case; numbers that are not finite as "NaN",
// "Infinity" (a run that failed numerically must be readable).
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
