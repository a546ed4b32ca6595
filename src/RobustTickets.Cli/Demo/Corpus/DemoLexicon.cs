// The demo's words in groups of synonyms, from which DemoVectors makes the word vectors. Rare
// members fool a classifier, because labelled texts seldom use them in agreement with their meaning
// (DemoGrammar).
namespace RobustTickets.Cli.Demo.Corpus;

/// <summary>A group of synonyms in the demo's language.</summary>
/// <param name="Name">The first frequent member; unique.</param>
/// <param name="Kind">Part of speech: <c>adjective</c>, <c>verb</c>, <c>adverb</c>,
/// <c>noun</c>.</param>
/// <param name="Polarity">+1 positive, -1 negative, 0 neutral.</param>
/// <param name="Frequent">Members frequent in the labelled texts, most frequent first.</param>
/// <param name="Rare">Members rare in the labelled texts.</param>
/// <param name="Antonym">Name of the group of opposite meaning, or null.</param>
internal sealed record DemoGroup(
    string Name,
    string Kind,
    int Polarity,
    IReadOnlyList<string> Frequent,
    IReadOnlyList<string> Rare,
    string? Antonym
)
{
    /// <summary>All members, frequent ones first.</summary>
    public IReadOnlyList<string> Members { get; } = [.. Frequent, .. Rare];

    /// <summary>
    /// Themes that connect adjectives with the nouns they can describe: <c>general</c>,
    /// <c>taste</c>, ...
    /// </summary>
    internal IReadOnlyList<string> Themes { get; init; } = [];

    /// <summary>Topics a noun belongs to; empty for other words.</summary>
    internal IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Grammatical number of a noun.</summary>
    internal DemoNumber Number { get; init; }

    /// <summary>Whether a noun names the reviewed item.</summary>
    internal bool IsItem { get; init; }
}

/// <summary>Article and verb form of a noun.</summary>
internal enum DemoNumber
{
    /// <summary>"a soup was".</summary>
    Singular,

    /// <summary>"portions were".</summary>
    Plural,

    /// <summary>"food was".</summary>
    Mass,
}

/// <summary>All synonym groups of the demo.</summary>
internal static class DemoLexicon
{
    private static readonly Dictionary<string, DemoGroup> ByWordTable;
    private static readonly Dictionary<string, DemoGroup> ByNameTable;
    private static readonly Dictionary<(string Noun, int Polarity), DemoGroup[]> AdjectiveTable = [];
    private static readonly Dictionary<string, DemoGroup[]> AspectTable = [];
    private static readonly Dictionary<string, DemoGroup[]> ItemTable = [];

    static DemoLexicon()
    {
        Groups =
        [
            .. DemoLexiconData
                .Text.Split('\n')
                .Select(line => line.Trim())
                .Where(line => line.Length > 0 && line[0] != '#')
                .Select(Parse),
        ];
        ByNameTable = Groups.ToDictionary(g => g.Name);
        ByWordTable = [];
        foreach (var group in Groups)
        {
            foreach (var word in group.Members)
            {
                if (!ByWordTable.TryAdd(word, group))
                {
                    throw new InvalidOperationException(
                        $"demo lexicon: '{word}' is in '{ByWordTable[word].Name}' and in '{group.Name}'"
                    );
                }
            }
            if (group.Antonym is { } other && ByNameTable.GetValueOrDefault(other)?.Polarity != -group.Polarity)
            {
                throw new InvalidOperationException(
                    $"demo lexicon: '{group.Name}' names '{other}' as its opposite, which is no group of "
                        + "opposite polarity"
                );
            }
        }
        foreach (var noun in Groups.Where(g => g.Themes.Count > 0 && g.Kind == "noun"))
        {
            foreach (var polarity in new[] { 1, -1 })
            {
                AdjectiveTable[(noun.Name, polarity)] =
                [
                    .. Groups.Where(g =>
                        g.Kind == "adjective" && g.Polarity == polarity && g.Themes.Any(noun.Themes.Contains)
                    ),
                ];
            }
        }
        foreach (var topic in Groups.SelectMany(g => g.Topics).Distinct())
        {
            AspectTable[topic] = [.. Groups.Where(g => !g.IsItem && g.Topics.Contains(topic))];
            ItemTable[topic] = [.. Groups.Where(g => g.IsItem && g.Topics.Contains(topic))];
        }
    }

    /// <summary>Every group, in a fixed order.</summary>
    public static IReadOnlyList<DemoGroup> Groups { get; }

    /// <summary>The group of a lower-case word, or null for a function word or name.</summary>
    public static DemoGroup? GroupOf(string word) => ByWordTable.GetValueOrDefault(word);

    /// <summary>The group with a name.</summary>
    internal static DemoGroup Named(string name) =>
        ByNameTable.GetValueOrDefault(name) ?? throw new KeyNotFoundException($"demo lexicon: no group '{name}'");

    /// <summary>Nouns of a topic, except the reviewed items.</summary>
    internal static IReadOnlyList<DemoGroup> Aspects(string topic) => AspectTable[topic];

    /// <summary>Nouns for the reviewed items of a topic.</summary>
    internal static IReadOnlyList<DemoGroup> Items(string topic) => ItemTable[topic];

    /// <summary>Adjectives of a polarity that can describe a noun.</summary>
    internal static IReadOnlyList<DemoGroup> AdjectivesFor(DemoGroup noun, int polarity) =>
        AdjectiveTable[(noun.Name, polarity)];

    // One line: KIND SIGN KEY=VALUE... : frequent members | rare members
    private static DemoGroup Parse(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        var head = line[..colon].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var sides = line[(colon + 1)..].Split('|');
        var frequent = sides[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var rare = sides[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (frequent.Length == 0 || rare.Length == 0)
            throw new InvalidOperationException($"demo lexicon: '{line}' lacks frequent or rare members");
        var facts = head[2..].Select(part => part.Split('=')).ToDictionary(p => p[0], p => p[1].Split(','));
        string[] Fact(string key) => facts.GetValueOrDefault(key) ?? [];
        return new DemoGroup(
            frequent[0],
            head[0],
            head[1] switch
            {
                "+" => 1,
                "-" => -1,
                _ => 0,
            },
            frequent,
            rare,
            Fact("not") is [var other] ? other : null
        )
        {
            Themes = Fact("of"),
            Topics = Fact("in"),
            Number = Fact("as") switch
            {
                ["plural"] => DemoNumber.Plural,
                ["mass"] => DemoNumber.Mass,
                _ => DemoNumber.Singular,
            },
            IsItem = Fact("item").Length > 0,
        };
    }
}
