// The demo's WordPiece vocabulary: special tokens, punctuation, every letter and digit alone and as
// a continuation (so that any ASCII text can be tokenised), common suffixes, and every word the
// generator can write.
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Demo.Corpus;

/// <summary>Vocabulary of the demo's tokenizer (uncased).</summary>
internal static class DemoVocabulary
{
    /// <summary>Tokens in id order; <c>[PAD]</c> is 0.</summary>
    public static IReadOnlyList<string> Tokens { get; } = Build();

    /// <summary>Writes <c>vocab.txt</c>, one token per line.</summary>
    /// <param name="file">File to write.</param>
    public static void Write(string file) => WholeFile.Write(file, string.Concat(Tokens.Select(t => t + "\n")));

    private static List<string> Build()
    {
        var tokens = new List<string> { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };
        tokens.AddRange(".,!?'\"-:;()&%$".Select(c => c.ToString()));
        var characters = "abcdefghijklmnopqrstuvwxyz0123456789".Select(c => c.ToString()).ToArray();
        tokens.AddRange(characters);
        tokens.AddRange(characters.Select(c => "##" + c));
        tokens.AddRange(
            (
                (string[])
                    [
                        "s",
                        "ed",
                        "ing",
                        "er",
                        "est",
                        "ly",
                        "y",
                        "ness",
                        "less",
                        "ful",
                        "able",
                        "ment",
                        "tion",
                        "es",
                        "en",
                    ]
            )
                .Select(ending => "##" + ending)
                .Where(piece => !tokens.Contains(piece))
        );
        var words = new SortedSet<string>(StringComparer.Ordinal);
        words.UnionWith(DemoLexicon.Groups.SelectMany(g => g.Members));
        words.UnionWith(FunctionWords());
        tokens.AddRange(words.Where(w => w.Length > 1));
        return tokens;
    }

    // Words between the slots of the templates, and words that DemoGrammar adds.
    private static IEnumerable<string> FunctionWords()
    {
        var texts = DemoTemplates
            .Opinion.Concat(DemoTemplates.Praise)
            .Concat(DemoTemplates.Blame)
            .Concat(DemoTemplates.PraiseVerdict)
            .Concat(DemoTemplates.BlameVerdict)
            .Concat(DemoTemplates.Neutral)
            .Concat(DemoTemplates.NeutralOf.Values.SelectMany(t => t))
            .Select(t => t.Text)
            .Concat(DemoTemplates.Distractions.Select(d => d.Text));
        var between = texts
            .SelectMany(text => text.Split(' '))
            .Where(word => !word.Contains('{', StringComparison.Ordinal));
        return between
            .Concat(DemoTemplates.Months)
            .Concat(DemoTemplates.Weekdays)
            .Concat(DemoTemplates.Counts)
            .Concat(DemoTemplates.Us)
            .Concat(["a", "an", "and", "but", "although", "even", "though", "is", "are", "was", "were", "my"])
            .Select(word => word.ToLowerInvariant());
    }
}
