// predictions.jsonl: the class that the final model gives each reported row, so that two runs can
// be compared row by row.
using System.Text.Json;
using System.Text.Json.Serialization;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Runs;

/// <summary>The prediction for a row.</summary>
/// <param name="Id">Id of the row.</param>
/// <param name="Label">Name of its class.</param>
/// <param name="Predicted">Name of the class with the largest logit.</param>
internal sealed record RowPrediction(
    [property: JsonRequired] string Id,
    [property: JsonRequired] string Label,
    [property: JsonRequired] string Predicted
)
{
    /// <summary>Whether it is right.</summary>
    [JsonIgnore]
    public bool IsCorrect => Label == Predicted;

    /// <summary>Writes a file atomically, one object per line.</summary>
    public static void Save(string path, IEnumerable<RowPrediction> rows) =>
        AtomicFile.WriteAllText(
            path,
            string.Concat(rows.Select(r => JsonSerializer.Serialize(r, RowPredictionJson.Default.RowPrediction) + "\n"))
        );

    /// <summary>Reads a file; null if there is none.</summary>
    /// <exception cref="DataException">A line is corrupt, or a row occurs twice.</exception>
    public static IReadOnlyList<RowPrediction>? LoadIfPresent(string path)
    {
        if (!File.Exists(path))
            return null;
        using var file = WholeFile.OpenShared(path);
        var rows = StrictText.Lines(file, path).Select(l => Parse(l.Text, $"{path}:{l.Number}")).ToArray();
        return rows.CountBy(r => r.Id).FirstOrDefault(id => id.Value > 1).Key is { } twice
            ? throw new DataException($"{path}: row {twice} occurs twice")
            : rows;
    }

    private static RowPrediction Parse(string line, string place)
    {
        try
        {
            using var json = GuardedJson.ParseLine(line);
            return json.RootElement.Deserialize(RowPredictionJson.Default.RowPrediction)
                ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new DataException($"{place}: not the prediction for a row: {GuardedJson.Reason(e)}", e);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.KebabCaseLower)]
[JsonSerializable(typeof(RowPrediction))]
internal sealed partial class RowPredictionJson : JsonSerializerContext;
