// NLTK's tagger as nltk_data ships it, folder or zip: three JSON files since 2024
// (averaged_perceptron_tagger_eng), before that a pickle (averaged_perceptron_tagger) of plain
// containers (weights, tag dictionary, classes), read without executing anything.
using System.IO.Compression;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data.TextFiles;
using RobustTickets.Attacks.Pickles;

namespace RobustTickets;

/// <summary>Converts NLTK's tagger to one JSON file.</summary>
internal static class NltkTagger
{
    private const string Name = "perceptron_tagger.json";
    private static readonly (string Ending, string Member)[] Parts =
    [
        (".classes.json", "classes"),
        (".tagdict.json", "tagdict"),
        (".weights.json", "weights"),
    ];

    /// <summary>
    /// Writes the JSON file into a folder; null if the source contains neither the three JSON files
    /// nor a pickle.
    /// </summary>
    /// <exception cref="DataException">A part is missing or unreadable, or the pickle contains
    /// anything but plain values.</exception>
    public static string? Take(string source, string into, long limit)
    {
        try
        {
            if (File.Exists(source) && StartsAsPickle(source))
                return Convert(source, into, Bytes(File.OpenRead(source), source, limit));
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

    /// <summary>Whether a file's first byte is that of a pickle.</summary>
    public static bool StartsAsPickle(string path)
    {
        using var stream = File.OpenRead(path);
        return stream.ReadByte() == 0x80;
    }

    private static string? Join(string source, string into, long limit, string[] names, Func<string, Stream> open)
    {
        var found = Parts
            .Select(part => names.FirstOrDefault(n => n.EndsWith(part.Ending, StringComparison.Ordinal)))
            .ToArray();
        if (found.All(f => f is null))
        {
            var pickles = names.Where(n => n.EndsWith(".pickle", StringComparison.Ordinal)).ToArray();
            return pickles switch
            {
                [] => null,
                [var one] => Convert($"{source}: {Path.GetFileName(one)}", into, Bytes(open(one), source, limit)),
                _ => throw new DataException(
                    $"{source}: has {pickles.Length} pickles ({string.Join(", ", pickles.Take(5))}); name one of them"
                ),
            };
        }
        for (var i = 0; i < Parts.Length; i++)
        {
            if (found[i] is null)
                throw new DataException($"{source}: no file *{Parts[i].Ending} next to the tagger's other files");
        }
        return Write(
            into,
            json =>
            {
                for (var i = 0; i < Parts.Length; i++)
                {
                    var place = $"{source}: {Path.GetFileName(found[i])}";
                    using var part = GuardedJson.Parse(place, Bytes(open(found[i]!), place, limit));
                    json.WritePropertyName(Parts[i].Member);
                    part.RootElement.WriteTo(json);
                }
            }
        );
    }

    // (weights: feature -> tag -> number, tag dictionary: word -> tag, classes: tags)
    private static string Convert(string place, string into, byte[] bytes)
    {
        if (
            PlainPickle.Read(place, bytes)
            is not PickleTuple { Items: [PickleDict weights, PickleDict words, var tags] }
        )
            throw new DataException($"{place}: expected (weights, tag dictionary, classes), as NLTK's tagger saves");
        var classes = tags switch
        {
            PickleSet set => set.Items,
            PickleList list => list.Items,
            _ => throw new DataException($"{place}: classes are {PickleDialect.Describe(tags)}; a set is needed"),
        };
        return Write(
            into,
            json =>
            {
                json.WriteStartArray("classes");
                foreach (var tag in classes)
                    json.WriteStringValue(Text(tag, "a class"));
                json.WriteEndArray();
                json.WriteStartObject("tagdict");
                foreach (var (word, tag) in Items(words))
                    json.WriteString(Text(word, "a word"), Text(tag, $"the tag of '{word}'"));
                json.WriteEndObject();
                json.WriteStartObject("weights");
                foreach (var (feature, by) in Items(weights))
                {
                    json.WriteStartObject(Text(feature, "a feature"));
                    if (by is not PickleDict row)
                        throw Bad($"weights of '{feature}'", by, "a dict of tag to number");
                    foreach (var (tag, weight) in Items(row))
                        json.WriteNumber(Text(tag, "a tag"), Number(weight, feature));
                    json.WriteEndObject();
                }
                json.WriteEndObject();
            }
        );

        IEnumerable<(object Key, object? Value)> Items(PickleDict dict) =>
            dict.Keys.Select(key => (key, dict.TryGet(key, out var value) ? value : null));

        string Text(object? value, string what) => value as string ?? throw Bad(what, value, "a string");

        double Number(object? value, object feature) =>
            value switch
            {
                double x when double.IsFinite(x) => x,
                long n => n,
                _ => throw Bad($"a weight of '{feature}'", value, "a finite number"),
            };

        DataException Bad(string what, object? found, string wanted) =>
            new($"{place}: {what} is {PickleDialect.Describe(found)}; {wanted} is needed");
    }

    private static string Write(string into, Action<Utf8JsonWriter> members)
    {
        var target = Path.Combine(into, Name);
        using var file = File.Create(target);
        using var json = new Utf8JsonWriter(file);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        return target;
    }

    private static byte[] Bytes(Stream stream, string place, long limit)
    {
        using var bytes = new MemoryStream();
        using (var counted = new SizeLimitedStream(stream, place, limit, CancellationToken.None))
            counted.CopyTo(bytes);
        return bytes.ToArray();
    }
}
