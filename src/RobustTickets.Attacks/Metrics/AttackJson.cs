// JSON forms of outcomes, settings and summaries: snake_case names, shortest round-trip numbers.
// Fields of examples.jsonl: docs/methods/attacks.md, Figures.

using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RobustTickets.Attacks.Metrics;

/// <summary>Writes and reads the JSON files of an attack.</summary>
internal static class AttackJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly AttackJsonContext Indented = new(
        new JsonSerializerOptions(AttackJsonContext.Default.Options)
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            WriteIndented = true,
            NewLine = "\n",
        }
    );

    /// <summary>An outcome as a line of examples.jsonl, without the line feed.</summary>
    public static string Line(AttackOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("id", outcome.Id);
            json.WriteNumber("label", outcome.Label);
            json.WriteString("result", Name(outcome.Result));
            if (outcome.Error is { } error)
                WriteError(json, error);
            json.WriteNumber("queries_asked", outcome.Queries);
            json.WriteNumber("queries_forwarded", outcome.UniqueForwards);
            if (outcome.Error is null)
                WriteAttack(json, outcome);
            else
                WriteColumns(json, "original", outcome.Original);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteError(Utf8JsonWriter json, AttackError error)
    {
        json.WriteStartObject("error");
        json.WriteString("kind", JsonNamingPolicy.SnakeCaseLower.ConvertName(error.Kind.ToString()));
        json.WriteString("message", error.Message);
        json.WriteEndObject();
    }

    private static void WriteAttack(Utf8JsonWriter json, AttackOutcome outcome)
    {
        json.WriteNumber("original_output", outcome.OriginalOutput);
        json.WriteNumber("perturbed_output", outcome.PerturbedOutput);
        json.WriteNumber("original_score", outcome.OriginalScore);
        json.WriteNumber("perturbed_score", outcome.PerturbedScore);
        json.WriteNumber("words", outcome.Words);
        json.WriteNumber("words_changed", outcome.WordsChanged);
        if (outcome.Similarity is { } s)
            json.WriteNumber("similarity", s);
        else
            json.WriteNull("similarity");
        WriteColumns(json, "original", outcome.Original);
        WriteColumns(json, "perturbed", outcome.Perturbed);
        WritePositions(json, "original_marks", outcome.OriginalMarks);
        WritePositions(json, "perturbed_marks", outcome.PerturbedMarks);
        json.WriteStartObject("constraints");
        foreach (var c in outcome.Constraints)
        {
            json.WriteStartArray(c.Name);
            json.WriteNumberValue(c.Offered);
            json.WriteNumberValue(c.Rejected);
            json.WriteEndArray();
        }
        json.WriteEndObject();
        if (outcome.StoppedByTime)
            json.WriteBoolean("stopped_by_time", true);
    }

    /// <summary>Parses a line of examples.jsonl.</summary>
    /// <exception cref="JsonException">The line is not such an object.</exception>
    public static AttackOutcome Parse(string line)
    {
        using var json = GuardedJson.ParseLine(line);
        return Parse(json.RootElement);
    }

    /// <inheritdoc cref="Parse(string)"/>
    public static AttackOutcome Parse(JsonElement e)
    {
        try
        {
            int Int(string name) => Field(e, name).GetInt32();
            double Number(string name) => Field(e, name).GetDouble();
            KeyValuePair<string, string>[] Columns(string name) =>
                [
                    .. Field(e, name)
                        .EnumerateObject()
                        .Select(p => new KeyValuePair<string, string>(p.Name, p.Value.GetString()!)),
                ];
            int[] Positions(string name) => [.. Field(e, name).EnumerateArray().Select(p => p.GetInt32())];
            if (Result(Field(e, "result").GetString()) == AttackResult.Error)
                return Unattacked(e, Columns("original"));
            var similarity = Field(e, "similarity");
            return new AttackOutcome(
                Field(e, "id").GetString()!,
                Int("label"),
                Result(Field(e, "result").GetString()),
                Int("queries_asked"),
                Int("queries_forwarded"),
                Columns("original"),
                Columns("perturbed"),
                Int("original_output"),
                Int("perturbed_output"),
                Number("original_score"),
                Number("perturbed_score"),
                Int("words"),
                Int("words_changed"),
                Positions("original_marks"),
                Positions("perturbed_marks"),
                similarity.ValueKind == JsonValueKind.Null ? null : similarity.GetDouble(),
                [
                    .. Field(e, "constraints")
                        .EnumerateObject()
                        .Select(c => new ConstraintCount(c.Name, c.Value[0].GetInt64(), c.Value[1].GetInt64())),
                ],
                StoppedByTime: e.TryGetProperty("stopped_by_time", out var stopped) && stopped.GetBoolean()
            );
        }
        catch (Exception ex) when (ex is InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            throw new JsonException($"not an attack outcome: {ex.Message}", ex);
        }
    }

    private static AttackOutcome Unattacked(JsonElement e, KeyValuePair<string, string>[] columns)
    {
        var error = Field(e, "error");
        var kind = Field(error, "kind").GetString();
        var named = Enum.GetValues<AttackErrorKind>()
            .Where(k => JsonNamingPolicy.SnakeCaseLower.ConvertName(k.ToString()) == kind)
            .ToArray();
        if (named.Length == 0)
            throw new JsonException($"unknown error kind '{kind}'");
        return new AttackOutcome(
            Field(e, "id").GetString()!,
            Field(e, "label").GetInt32(),
            AttackResult.Error,
            Field(e, "queries_asked").GetInt32(),
            Field(e, "queries_forwarded").GetInt32(),
            columns,
            columns,
            -1,
            -1,
            0,
            0,
            0,
            0,
            [],
            [],
            null,
            [],
            new AttackError(named[0], Field(error, "message").GetString()!)
        );
    }

    private static JsonElement Field(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) ? value : throw new JsonException($"field '{name}' is missing");

    /// <summary>A summary as indented JSON, ending in a line feed.</summary>
    public static string Write(AttackSummary summary) =>
        JsonSerializer.Serialize(summary, Indented.AttackSummary) + "\n";

    /// <summary>Reads a summary.</summary>
    /// <exception cref="JsonException">The text is not a summary.</exception>
    public static AttackSummary ReadSummary(string json) =>
        GuardedJson.Deserialize(json, AttackJsonContext.Default.AttackSummary) ?? throw new JsonException("found null");

    /// <summary>Reads a summary.json.</summary>
    /// <exception cref="DataException">The file cannot be read, or is not a summary.</exception>
    internal static AttackSummary LoadSummary(string path)
    {
        try
        {
            return ReadSummary(StrictText.Decode(path, File.ReadAllBytes(path)));
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: not a valid attack summary: {GuardedJson.Reason(e)}", e);
        }
    }

    /// <summary>Settings as indented JSON, ending in a line feed.</summary>
    public static string Write(AttackSettings settings) =>
        JsonSerializer.Serialize(settings, Indented.AttackSettings) + "\n";

    /// <summary>The name of a result in files.</summary>
    public static string Name(AttackResult result) =>
        result switch
        {
            AttackResult.Success => "success",
            AttackResult.Failed => "failed",
            AttackResult.Error => "error",
            _ => "skipped",
        };

    private static AttackResult Result(string? name) =>
        name switch
        {
            "success" => AttackResult.Success,
            "failed" => AttackResult.Failed,
            "skipped" => AttackResult.Skipped,
            "error" => AttackResult.Error,
            _ => throw new JsonException($"unknown result '{name}'; possible: success, failed, skipped, error"),
        };

    private static void WriteColumns(
        Utf8JsonWriter json,
        string name,
        IReadOnlyList<KeyValuePair<string, string>> columns
    )
    {
        json.WriteStartObject(name);
        foreach (var (column, text) in columns)
            json.WriteString(column, text);
        json.WriteEndObject();
    }

    private static void WritePositions(Utf8JsonWriter json, string name, IReadOnlyList<int> positions)
    {
        json.WriteStartArray(name);
        foreach (var p in positions)
            json.WriteNumberValue(p);
        json.WriteEndArray();
    }
}

/// <summary>Converts an undefined figure: NaN in memory, null in JSON.</summary>
internal sealed class NanAsNull : JsonConverter<double>
{
    public override bool HandleNull => true;

    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsNaN(value))
            writer.WriteNullValue();
        else
            writer.WriteNumberValue(value);
    }
}

/// <summary>Source-generated JSON of summaries and settings.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true
)]
[JsonSerializable(typeof(AttackSummary))]
[JsonSerializable(typeof(AttackSettings))]
[JsonSerializable(typeof(ShardState))]
internal sealed partial class AttackJsonContext : JsonSerializerContext;
