// A made-up neighbour table, texts and a tokenizer over their words.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Augmentation;
using RobustTickets.Models;

namespace RobustTickets.Tests.Augmentation;

internal static class AugmentFixture
{
    public static readonly StopWords NoWords = new("none", []);

    /// <summary>Each word w0 .. w99 has the four neighbours w0a .. w0d, and so on.</summary>
    public static IReadOnlyList<string> Words { get; } = [.. Enumerable.Range(0, 100).Select(i => $"w{i}")];

    public static NeighbourTable Table { get; } =
        new(Words.ToDictionary(w => w, w => "abcd".Select(c => w + c).ToArray()));

    public static WordPieceTokenizer Tokenizer { get; } =
        new(
            new Vocabulary([
                "[PAD]",
                "[UNK]",
                "[CLS]",
                "[SEP]",
                "[MASK]",
                .. Words,
                .. Words.SelectMany(w => Table.Nearest(w, 4)),
                .. "abcdefghijklmnopqrstuvwxyz0123456789,.!-".Select(c => c.ToString()),
                .. "abcdefghijklmnopqrstuvwxyz0123456789".Select(c => $"##{c}"),
            ]),
            new TokenizerOptions()
        );

    public static SubstituteSources Sources(
        NeighbourTable? table = null,
        StopWords? stop = null,
        StopWords? nltk = null,
        WordNet? wordNet = null
    ) => new(table ?? Table, wordNet, null, stop ?? NoWords, nltk ?? NoWords, []);

    public static TextAugmentation Of(
        AugmentOptions options,
        IReadOnlyList<Example> texts,
        SubstituteSources? sources = null,
        int maxLength = 64
    ) => new(options, texts, sources ?? Sources(), Tokenizer, maxLength);

    public static Example Text(string id, string text) => new(id, new TextPair(text), 1);

    /// <summary>Examples of words drawn from the table, with punctuation between them.</summary>
    public static Example[] Texts(int count, int words)
    {
        var random = new Random(5);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i =>
                    Text(
                        $"train:{i}",
                        string.Join(" , ", Enumerable.Range(0, words).Select(_ => Words[random.Next(100)])) + " ."
                    )
                ),
        ];
    }

    public static EncodedExample[] Encode(IReadOnlyList<Example> texts, int maxLength = 64) =>
        [
            .. texts.Select(
                (t, i) =>
                {
                    var pieces = Tokenizer.Encode(t.Text, maxLength);
                    return new EncodedExample(i, pieces.Ids, pieces.Segments, t.Label);
                }
            ),
        ];
}
