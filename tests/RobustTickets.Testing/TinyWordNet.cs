using System.Globalization;
using System.Text;

namespace RobustTickets.Testing;

/// <summary>
/// A database of a few made-up synsets in WordNet's file formats, licence lines included.
/// </summary>
public static class TinyWordNet
{
    private const string Licence = "  1 A made-up database for tests.  \n  2 It holds words only.  \n";

    // Synsets by kind; their order is the sense order of their words.
    private static readonly (string Kind, char Tag, string[][] Synsets)[] Content =
    [
        (
            "noun",
            'n',
            [
                ["word", "term", "spoken_word"],
                ["Word", "gospel", "word"],
                ["wife", "spouse", "married_woman"],
                ["ax", "axe"],
                ["lass", "girl"],
                ["7", "seven", "vii"],
            ]
        ),
        (
            "verb",
            'v',
            [
                ["run", "go", "operate"],
                ["phrase", "word", "articulate"],
                ["love", "enjoy"],
            ]
        ),
        (
            "adj",
            'a',
            [
                ["well-known", "famous(p)", "long-familiar"],
                ["big", "large", "Dr."],
                ["best", "unrivalled"],
                ["good", "moving", "well-made"],
            ]
        ),
        (
            "adv",
            'r',
            [
                ["well", "good"],
                ["best", "most"],
            ]
        ),
    ];

    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["noun"] = "axes ax axis\nwives wife\n",
        ["verb"] = "ran run\n",
        ["adj"] = "bigger big\nbest good\n",
        ["adv"] = "best well\n",
    };

    /// <summary>Writes the twelve files; returns the folder.</summary>
    public static string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (kind, tag, synsets) in Content)
        {
            var data = new StringBuilder(Licence);
            var index = new SortedDictionary<string, List<int>>(StringComparer.Ordinal);
            foreach (var synset in synsets)
            {
                var offset = data.Length;
                var words = string.Concat(synset.Select((w, i) => $"{w} {i:x} "));
                data.Append(
                    CultureInfo.InvariantCulture,
                    $"{offset:00000000} 00 {tag} {synset.Length:x2} {words}001 @ 00000001 n 0000 | made up; "
                        + $"\"words | bars\"  \n"
                );
                foreach (
                    var w in synset
                        .Select(w =>
                            (w.EndsWith(')') ? w[..w.IndexOf('(', StringComparison.Ordinal)] : w).ToLowerInvariant()
                        )
                        .Distinct()
                )
                {
                    if (!index.TryGetValue(w, out var offsets))
                        index.Add(w, offsets = []);
                    offsets.Add(offset);
                }
            }
            File.WriteAllText(Path.Combine(folder, $"data.{kind}"), data.ToString());
            var lines = index.Select(e =>
                $"{e.Key} {tag} {e.Value.Count} 1 @ {e.Value.Count} 0 "
                + $"{string.Join(' ', e.Value.Select(o => o.ToString("00000000", CultureInfo.InvariantCulture)))} "
                + " \n"
            );
            File.WriteAllText(Path.Combine(folder, $"index.{kind}"), Licence + string.Concat(lines));
            File.WriteAllText(Path.Combine(folder, $"{kind}.exc"), Exceptions[kind]);
        }
        return folder;
    }
}
