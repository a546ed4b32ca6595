// Maps Penn Treebank tags to the universal tag set of Petrov, Das & McDonald (LREC 2012), typed
// from the paper's table; a map file (tag TAB universal) can replace it. An unknown tag is X.

namespace RobustTickets.Attacks.Resources;

/// <summary>Maps fine part-of-speech tags to the twelve universal ones.</summary>
public sealed class UniversalTags
{
    private readonly Dictionary<string, string> _map;

    private UniversalTags(Dictionary<string, string> map) => _map = map;

    /// <summary>The built-in map of Penn Treebank tags.</summary>
    public static UniversalTags PennTreebank { get; } =
        new(
            Expand(
                (".", "! # $ '' ( ) , -LRB- -RRB- . : ? ``"),
                ("CONJ", "CC"),
                ("NUM", "CD"),
                ("DET", "DT EX PDT WDT"),
                ("ADP", "IN"),
                ("ADJ", "JJ JJR JJS"),
                ("VERB", "MD VB VBD VBG VBN VBP VBZ"),
                ("NOUN", "NN NNP NNPS NNS"),
                ("PRT", "POS RP TO"),
                ("PRON", "PRP PRP$ WP WP$"),
                ("ADV", "RB RBR RBS WRB"),
                ("X", "FW LS SYM UH")
            )
        );

    /// <summary>The universal tag.</summary>
    public string Of(string tag) => _map.GetValueOrDefault(tag, "X");

    /// <summary>Reads a map, one "tag TAB universal" per line.</summary>
    /// <exception cref="DataException">The file is missing or malformed.</exception>
    public static UniversalTags Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (line, text) in ResourceFile.Lines(path, "tag map"))
        {
            if (text.Trim().Length == 0)
                continue;
            var parts = text.Split('\t', StringSplitOptions.TrimEntries);
            if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0)
                throw new DataException($"tag map {path}:{line}: should be 'tag TAB universal tag', found '{text}'");
            map[parts[0]] = parts[1];
        }
        if (map.Count == 0)
            throw new DataException($"tag map {path}: no tags; expected lines of 'tag TAB universal tag'");
        return new UniversalTags(map);
    }

    private static Dictionary<string, string> Expand(params (string Universal, string Tags)[] rows) =>
        rows.SelectMany(r => r.Tags.Split(' ').Select(t => (t, r.Universal)))
            .ToDictionary(p => p.t, p => p.Universal, StringComparer.Ordinal);
}
