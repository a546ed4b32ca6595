// Chooses the attacks of a comparison by the available resources, and which dictionaries training
// may use: never that of the last attack (docs/harden.md, Attacks).
namespace RobustTickets.Hardening;

/// <summary>The attacks of a comparison.</summary>
/// <param name="Names">Attack recipes, the primary one first.</param>
/// <param name="Dictionaries">Dictionaries that training may use.</param>
/// <param name="Notes">Missing resources and their replacements.</param>
internal sealed record HardenAttacks(
    IReadOnlyList<string> Names,
    HardenDictionaries Dictionaries,
    IReadOnlyList<string> Notes
)
{
    private const string TextFooler = "textfooler",
        Pwws = "pwws",
        DeepWordBug = "deepwordbug";

    /// <summary>
    /// Cost of attacking one word of a text, in training passes over that text: about one query, or
    /// a few for attacks that score all substitutes of every word before choosing any.
    /// </summary>
    public static double RowsPerWord(string attack) =>
        attack switch
        {
            TextFooler or DeepWordBug => 0.4,
            Pwws => 2,
            _ => 1,
        };

    /// <summary>Chooses the attacks.</summary>
    /// <param name="asked">The attacks requested, or null.</param>
    /// <param name="has">Whether a kind of resource is available.</param>
    public static HardenAttacks Choose(IReadOnlyList<string>? asked, Func<string, bool> has)
    {
        var notes = new List<string>();
        var neighbours = has("neighbours") || has("word-vectors");
        var names = asked is not null ? asked.Distinct().ToList() : Default(neighbours, has, notes);
        var last = names[^1];
        var dictionaries = new HardenDictionaries(
            neighbours && last is not (TextFooler or "textbugger" or "bert-attack-released"),
            has("wordnet") && last != Pwws,
            last is not (DeepWordBug or "textbugger")
        );
        notes.Add(
            $"attacks: {string.Join(", ", names)}; no defence trains on the dictionary of {last}"
                + (names.Count == 1 ? ", the only attack" : "")
        );
        return new HardenAttacks(names, dictionaries, notes);
    }

    private static List<string> Default(bool neighbours, Func<string, bool> has, List<string> notes)
    {
        var names = new List<string>();
        string[] missing =
        [
            .. neighbours ? Array.Empty<string>() : ["word-vectors"],
            .. has("tagger") ? Array.Empty<string>() : ["tagger"],
        ];
        if (missing.Length == 0)
            names.Add(TextFooler);
        else
            notes.Add(
                $"textfooler needs {string.Join(" and ", missing)}, missing from the resource folder; the first "
                    + "attack is "
                    + $"{(has("wordnet") ? Pwws : DeepWordBug)} instead"
            );
        if (has("wordnet"))
            names.Add(Pwws);
        if (names.Count < 2)
            names.Add(DeepWordBug);
        return names;
    }
}
