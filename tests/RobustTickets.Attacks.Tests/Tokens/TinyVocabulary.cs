using RobustTickets.Attacks.Tokens;

namespace RobustTickets.Attacks.Tests.Tokens;

/// <summary>A vocabulary of invented words for tests that need no model.</summary>
internal static class TinyVocabulary
{
    public static readonly string[] Tokens =
    [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "a",
        "b",
        "c",
        "film",
        "##s",
        "##ing",
        "play",
        "the",
        "T",
        "##he",
        "un",
        "##believ",
        "##able",
        "e",
        "##e",
        "i",
        "\u03c3",
        "##\u03c3",
        "\u4e2d",
        "##\u4e2d",
        "\u6587",
        "\u1100",
        "##\u1161",
        "##\u11a8",
        "[",
        "]",
        ".",
        ",",
        "!",
        "'",
        "-",
        "$",
        "mask",
        "good",
        "x",
        "##x",
        "\U0001f600",
        "##\U0001f600",
        "caf\u00e9",
        "cafe",
        "##b",
        "##a",
        "\u00df",
    ];

    public static Vocabulary Vocabulary { get; } = new(Tokens);

    public static WordPieceTokenizer Uncased { get; } =
        new(Vocabulary, new TokenizerOptions(Matching: SpecialTokenMatching.WholeWord));

    public static WordPieceTokenizer Cased { get; } =
        new(Vocabulary, new TokenizerOptions(DoLowerCase: false, Matching: SpecialTokenMatching.WholeWord));

    public static WordPieceTokenizer Anywhere { get; } = new(Vocabulary, new TokenizerOptions());
}
