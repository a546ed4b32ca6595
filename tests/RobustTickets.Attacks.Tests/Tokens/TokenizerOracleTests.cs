using RobustTickets.Attacks.Tokens;
using RobustTickets.Testing;
using Xunit;
using Xunit.Abstractions;

namespace RobustTickets.Attacks.Tests.Tokens;

/// <summary>
/// Two other BERT tokenizers for .NET beside ours. Hugging Face is the truth: where an oracle
/// equals it, ours must, and on plain text all must agree. Each known kind of difference is a row.
/// </summary>
public class TokenizerOracleTests(ITestOutputHelper output)
{
    public enum Letters
    {
        Lowered,
        Kept,
    }

    private const string Fast = TokenizerOracle.FastBertTokenizer;
    private const string Microsoft = TokenizerOracle.MicrosoftMLTokenizers;

    // Every character of the texts below is spelled by itself, so that no difference hides behind
    // [UNK].
    private const string Alphabet =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
        + "\u00e9\u00bd\u20ac\u2122\u3007\u093f\u0928\u4e2d\u2013\u0301\u01c5\u01c6\u00ad\u0001";

    private static readonly string[] Words =
    [
        "the",
        "film",
        "films",
        "unbelievable",
        "moving",
        "isn't",
        "v2.0.1-rc3",
        "(sic)",
        "\"quoted\"",
        "Hello,world",
        "e-mail@host.org",
        "50%",
        "#1",
        "...",
        "and/or",
        "A.B.C.",
        "{x}",
        "C:\\dir",
    ];

    private static readonly Vocabulary Spelling = new([
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        .. Alphabet.Select(letter => letter.ToString()),
        .. Alphabet.Select(letter => "##" + letter),
        .. (string[])["the", "film", "un", "##believ", "##able", "mov", "##ing", "cafe", "##rc", "is"],
    ]);

    public static TheoryData<string, Letters> OraclesAndLetters()
    {
        var rows = new TheoryData<string, Letters>();
        foreach (var name in TokenizerOracle.Names)
        {
            rows.Add(name, Letters.Lowered);
            rows.Add(name, Letters.Kept);
        }
        return rows;
    }

    [SkippableTheory]
    [MemberData(nameof(OraclesAndLetters))]
    public void Golden_sentences(string name, Letters letters)
    {
        if (TokenizerGoldenTests.Big() is not { } big || Golden.Folder("g1_tokenizer", "single.jsonl") is null)
        {
            throw Golden.Skip($"g1_tokenizer, {name}");
        }
        var oracle = TokenizerOracle.Create(name, big, letters == Letters.Lowered);
        var ours = Ours(big, letters);
        var (plain, equal, rows) = (0, 0, 0);
        foreach (var row in TokenizerGoldenTests.Rows("single.jsonl"))
        {
            var text = row.GetProperty("text").GetString()!;
            var truth = TokenizerGoldenTests.Ints(
                row.GetProperty(letters == Letters.Lowered ? "lower" : "cased").GetProperty("ids")
            );
            var theirs = oracle.TokenIds(text);
            rows++;
            if (theirs.AsSpan().SequenceEqual(truth))
            {
                equal++;
                Assert.Equal(truth, ours.TokenIds(text));
            }
            if (oracle.IsPlain(text))
            {
                plain++;
                Assert.Equal(truth, theirs);
            }
        }
        output.WriteLine($"{name}, letters {letters}: {equal} of {rows} as Hugging Face; {plain} plain");
        GoldenRows.RequireNoticed(plain > 0, rows, $"g1_tokenizer: any difference of {name}, as no text is plain");
    }

    [SkippableTheory]
    [MemberData(nameof(OraclesAndLetters))]
    public void Made_up_plain_sentences(string name, Letters letters)
    {
        var oracle = TokenizerOracle.Create(name, Spelling, letters == Letters.Lowered);
        var ours = Ours(Spelling, letters);
        var mutant = Ours(Spelling, letters == Letters.Lowered ? Letters.Kept : Letters.Lowered);
        var plain = Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Where(c => oracle.IsPlain($"{c}"));
        var characters = plain.ToArray();
        var random = new Random(16);
        var caught = 0;
        for (var round = 0; round < 2000; round++)
        {
            var parts = Enumerable
                .Range(0, random.Next(1, 15))
                .Select(_ =>
                    random.Next(3) > 0
                        ? Words[random.Next(Words.Length)]
                        : new string(random.GetItems(characters, random.Next(1, 12)))
                );
            var text = string.Join(' ', parts);
            Assert.True(oracle.IsPlain(text));
            var expected = oracle.TokenIds(text);
            Assert.True(expected.AsSpan().SequenceEqual(ours.TokenIds(text)), $"'{text}'");
            if (!expected.AsSpan().SequenceEqual(mutant.TokenIds(text)))
                caught++;
        }
        Assert.True(caught > 0, "a tokenizer that treats letters otherwise passes too");
    }

    // Here as in the program: InvariantGlobalization, so .NET normalises nothing beyond ASCII.
    // A row that begins to fail after an update of a package is good news: correct the page.
    [SkippableTheory]
    [InlineData(Fast, Letters.Lowered, "[MASK] a", "[MASK] a", "[ m ##a ##s ##k ] a")]
    [InlineData(Fast, Letters.Lowered, "a[SEP]", "a [ s ##e ##p ]", "a [ ##S ##E ##P ##]")]
    [InlineData(Fast, Letters.Lowered, "a\u000bb", "a ##b", "a b")]
    [InlineData(Fast, Letters.Lowered, "a\u0001b", "a ##b", "a ##\u0001 ##b")]
    [InlineData(Fast, Letters.Lowered, "a\u00adb", "a ##b", "a ##\u00ad ##b")]
    [InlineData(Fast, Letters.Lowered, "\u0301 a", "a", "\u0301 a")]
    [InlineData(Fast, Letters.Lowered, "\u00e9", "e", "\u00e9")]
    [InlineData(Fast, Letters.Kept, "cafe\u0301\u0302", "[UNK]", "cafe")]
    [InlineData(Microsoft, Letters.Lowered, "a+b $5 `c`", "a + b $ 5 ` c `", "a b 5 c")]
    [InlineData(Microsoft, Letters.Lowered, "\u20ac5 \u2122 \u00bd \u3007", "\u20ac ##5 \u2122 \u00bd \u3007", "5")]
    [InlineData(Microsoft, Letters.Lowered, "\u0928\u093f", "\u0928 ##\u093f", "\u0928")]
    [InlineData(Microsoft, Letters.Lowered, "a_b", "a _ b", "a ##_ ##b")]
    [InlineData(Microsoft, Letters.Lowered, "a\nb", "a b", "a ##b")]
    [InlineData(Microsoft, Letters.Lowered, "a\u00adb", "a ##b", "a b")]
    [InlineData(Microsoft, Letters.Lowered, "a [Mask]", "a [ m ##a ##s ##k ]", "a [MASK]")]
    [InlineData(Microsoft, Letters.Lowered, "a[SEP]", "a [ s ##e ##p ]", "a [SEP]")]
    [InlineData(Microsoft, Letters.Lowered, "\u01c5", "\u01c6", "\u01c5")]
    [InlineData(Microsoft, Letters.Lowered, "\u00e9", "e", "\u00e9")]
    public void A_known_difference(string name, Letters letters, string text, string huggingFace, string theirs)
    {
        var oracle = TokenizerOracle.Create(name, Spelling, letters == Letters.Lowered);
        Assert.Equal(huggingFace, string.Join(' ', Ours(Spelling, letters).Tokenize(text)));
        Assert.Equal(theirs, string.Join(' ', oracle.TokenIds(text).Select(id => Spelling[id])));
        Assert.False(oracle.IsPlain(text));
    }

    [SkippableFact]
    public void A_word_of_more_than_a_hundred_letters()
    {
        var text = new string('a', 101);
        Assert.Equal([Spelling.Tokens.ToList().IndexOf("[UNK]")], Ours(Spelling, Letters.Lowered).TokenIds(text));
        Assert.Equal(101, TokenizerOracle.Create(Fast, Spelling, lowerCase: true).TokenIds(text).Length);
        Assert.Single(TokenizerOracle.Create(Microsoft, Spelling, lowerCase: true).TokenIds(text));
    }

    private static WordPieceTokenizer Ours(Vocabulary vocabulary, Letters letters) =>
        new(
            vocabulary,
            new TokenizerOptions(DoLowerCase: letters == Letters.Lowered, Matching: SpecialTokenMatching.WholeWord)
        );
}
