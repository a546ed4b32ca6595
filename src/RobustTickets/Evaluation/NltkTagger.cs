// NLTK's tagger as nltk_data ships it since 2024 (averaged_perceptron_tagger_eng, folder or zip):
// three JSON files, put together into one here. The older pickle is refused: a pickle is a program.
using System.IO.Compression;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;

namespace RobustTickets;

/// <summary>Joins the three files of NLTK's tagger.</summary>
internal static class NltkTagger
{
    private static readonly (string Ending, string Member)[] Parts =
    [
        (".classes.json", "classes"),
        (".tagdict.json", "tagdict"),
        (".weights.json", "weights"),
    ];

    /// <summary>
    /// The joined file, written into a folder; null when the source is something else than three
    /// such files.
    /// </summary>
    /// <exception cref="DataException">A part is missing or unreadable, or the source holds a
    /// pickle.</exception>
    public static string? Take(string source, string into, long limit)
    {
        try
        {
            if (Directory.Exists(source))
            {
                var files = Directory.GetFiles(source, "*", SearchOption.AllDirectories);
                return Join(source, into, limit, files, File.OpenRead);
            }
            using var archive = ZipFile.OpenRead(source);
            return Join(
                source,
                into,
                limit,
                [.. archive.Entries.Select(e => e.FullName)],
                name => archive.GetEntry(name)!.Open()
            );
        }
        catch (InvalidDataException e)
        {
            throw new DataException($"{source}: damaged zip: {e.Message}", e);
        }
    }

    private static string? Join(string source, string into, long limit, string[] names, Func<string, Stream> open)
    {
        var found = Parts
            .Select(part => names.FirstOrDefault(n => n.EndsWith(part.Ending, StringComparison.Ordinal)))
            .ToArray();
        if (found.All(f => f is null))
        {
            return names.FirstOrDefault(n => n.EndsWith(".pickle", StringComparison.Ordinal)) is { } pickle
                ? throw new DataException(
                    $"{source}: {Path.GetFileName(pickle)} is a Python pickle, which is not read; take "
                        + "averaged_perceptron_tagger_eng.zip of nltk_data, which holds the same weights as JSON"
                )
                : null;
        }
        for (var i = 0; i < Parts.Length; i++)
        {
            if (found[i] is null)
                throw new DataException($"{source}: no file *{Parts[i].Ending} beside the tagger's others");
        }
        var target = Path.Combine(into, "perceptron_tagger.json");
        using var file = File.Create(target);
        using var json = new Utf8JsonWriter(file);
        json.WriteStartObject();
        for (var i = 0; i < Parts.Length; i++)
        {
            var place = $"{source}: {Path.GetFileName(found[i])}";
            using var bytes = new MemoryStream();
            using (var stream = new UnpackedStream(open(found[i]!), place, limit, CancellationToken.None))
                stream.CopyTo(bytes);
            using var part = GuardedJson.Parse(place, bytes.ToArray());
            json.WritePropertyName(Parts[i].Member);
            part.RootElement.WriteTo(json);
        }
        json.WriteEndObject();
        return target;
    }
}
