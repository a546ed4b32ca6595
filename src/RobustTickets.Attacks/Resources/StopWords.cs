// Stop-word lists: a file (one word per line), or a built-in list of English function words,
// written for this project for runs without the published lists.

namespace RobustTickets.Attacks.Resources;

/// <summary>A list of words that an attack may not change. The match is exact.</summary>
public sealed class StopWords
{
    private readonly HashSet<string> _words;

    /// <summary>Creates a list from words.</summary>
    public StopWords(string name, IEnumerable<string> words)
    {
        Name = name;
        _words = new HashSet<string>(words, StringComparer.Ordinal);
    }

    /// <summary>Origin of the list.</summary>
    public string Name { get; }

    /// <summary>Number of words.</summary>
    public int Count => _words.Count;

    /// <summary>The built-in list of English function words.</summary>
    public static StopWords English { get; } =
        new(
            "built-in English function words",
            EnglishWords.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
        );

    /// <summary>Whether the word is on the list.</summary>
    public bool Contains(string word) => _words.Contains(word);

    /// <summary>Reads a list, one word per line; blank lines are skipped.</summary>
    /// <exception cref="DataException">The file is missing or empty.</exception>
    public static StopWords Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var words = ResourceFile
            .Lines(path, "stop words")
            .Select(line => line.Text.Trim())
            .Where(word => word.Length > 0)
            .ToArray();
        if (words.Length == 0)
            throw new DataException($"stop words {path}: no words; expected one word per line");
        return new StopWords(Path.GetFileName(path), words);
    }

    // Articles, pronouns, auxiliaries, prepositions, conjunctions, particles, and contractions as
    // the word splitter tokenises them.
    private const string EnglishWords = """
        a an the this that these those such same other another each every either neither both all any some no none one
        i me my mine myself we us our ours ourselves you your yours yourself yourselves
        he him his himself she her hers herself
        it its itself they them their theirs themselves who whom whose which what
        whoever whatever someone anyone everyone nobody
        something anything everything nothing there here where when why how while whenever wherever
        am is are was were be been being do does did doing done have has had having
        will would shall should can could may might must ought
        and or but nor so yet if then else than because although though unless until since whether as
        of at by for with without within about against between among into onto through
        throughout during before after above below
        to from up down in out on off over under near across along around behind beside
        beyond toward towards upon via per
        not only just too very also even again once more most less least much many few own still ever never always
        don't doesn't didn't isn't aren't wasn't weren't won't wouldn't can't cannot
        couldn't shouldn't mustn't hasn't haven't hadn't
        i'm i've i'll i'd you're you've you'll you'd he's she's it's we're we've we'll
        they're they've they'll that's there's let's what's who's
        """;
}
