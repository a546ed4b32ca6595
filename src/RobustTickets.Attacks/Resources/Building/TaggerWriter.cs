using System.Text.Encodings.Web;
using System.Text.Json;

namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Writes a tagger as JSON <c>{classes, tagdict, weights}</c>.</summary>
internal static class TaggerWriter
{
    /// <summary>Writes the tagger, gzipped when the name ends in .gz.</summary>
    public static void Write(TrainedTagger tagger, Stream stream, string name) =>
        GzipOutput.Write(stream, name, packed => Write(tagger, packed));

    private static void Write(TrainedTagger tagger, Stream stream)
    {
        using var json = new Utf8JsonWriter(
            stream,
            new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
        );
        json.WriteStartObject();
        json.WriteStartArray("classes");
        foreach (var tag in tagger.Classes)
            json.WriteStringValue(tag);
        json.WriteEndArray();
        json.WriteStartObject("tagdict");
        foreach (var (word, tag) in tagger.Dictionary)
            json.WriteString(word, tag);
        json.WriteEndObject();
        json.WriteStartObject("weights");
        foreach (var (feature, weights) in tagger.Weights)
        {
            json.WriteStartObject(feature);
            foreach (var (tag, weight) in weights)
                json.WriteNumber(tag, weight);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
