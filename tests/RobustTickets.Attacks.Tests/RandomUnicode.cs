using System.Text;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Random strings of whatever a text may hold: words, punctuation, column markers, letters of many
/// scripts, combining marks, right-to-left, emoji, control characters,
/// whole and lone surrogates, any other UTF-16 unit.
/// </summary>
internal static class RandomUnicode
{
    private static readonly string[] Pieces =
    [
        "word",
        "I",
        "S",
        "it's",
        "well-known",
        "A",
        "\u0130z",
        "\u03a3\u03a3",
        "caf\u00e9",
        "e\u0301",
        "\u05d0\u05d1",
        "\u0627\u0644",
        "\u4e2d\u6587",
        "\U0001f600",
        "\U0001d7d5",
        "7",
        "\u00bd",
        "<SPLIT>",
        "<SPL",
        "IT>",
        "'",
        "-",
        "_",
        "*",
        "@",
        "`",
        "\u00d7",
        ".",
        ",",
        "...",
        "\"",
        " ",
        " ",
        " ",
        "  ",
        "\t",
        "\n",
        "\u00a0",
        "\u2028",
        "\0",
        "\u200b",
        "\ud83d",
        "\ude00",
        "\ufffd",
    ];

    // What long words are made of: mostly characters without look-alikes or neighbouring keys, or
    // one word would have ten thousand candidates of ten thousand characters.
    private static readonly string[] Fillers = ["\u00c9", "\u4e2d", "\U0001d7d5", "\u05d0", "_", "\u00df"];

    /// <summary>At most that many pieces; may be empty.</summary>
    public static string Text(Random random, int most = 40)
    {
        var text = new StringBuilder();
        for (var i = random.Next(most); i > 0; i--)
        {
            if (random.Next(12) == 0)
                text.Append((char)random.Next(0x20, 0xffff));
            else
                text.Append(Pieces[random.Next(Pieces.Length)]);
            if (random.Next(3) == 0)
                text.Append(' ');
        }
        return text.ToString();
    }

    /// <summary>
    /// A word of about that many characters with a few ASCII letters in it, between two short ones.
    /// </summary>
    public static string LongWord(Random random, int characters)
    {
        var filler = Fillers[random.Next(Fillers.Length)];
        var word = new StringBuilder("a", 2 * characters);
        while (word.Length < characters)
            word.Append(random.Next(1000) == 0 ? "es" : filler);
        return $"the {word} end";
    }
}
