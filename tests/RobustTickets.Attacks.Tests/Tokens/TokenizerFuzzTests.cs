using System.Text;
using RobustTickets.Attacks.Tokens;
using Xunit;

namespace RobustTickets.Attacks.Tests.Tokens;

/// <summary>
/// Random Unicode, lone surrogates included: no exception, indices in range, and the cached path
/// equal to the plain one.
/// </summary>
public class TokenizerFuzzTests
{
    private static readonly string[] Snippets =
    [
        "the",
        "The",
        "FILM",
        "films",
        "unbelievable",
        "caf\u00e9",
        "[MASK]",
        "[SEP]",
        "[CLS]",
        "[UNK]",
        "[mask]",
        "[",
        "]",
        "##s",
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\u00a0",
        "\u2028",
        "\u3000",
        "\u200b",
        "\0",
        "\ufffd",
        "\u0301",
        "\u0323",
        "\u0130",
        "\u03a3",
        "\u1e9e",
        "\uac01",
        "\u4e2d",
        "\U0002f800",
        "\U0001f600",
        "\ud83d",
        "\ude00",
        ".",
        ",",
        "'",
        "\u2019",
        "\u201c",
        "$",
        "^",
        "`",
        "~",
        "0",
        "42",
        "\u0660",
        "x",
        "i\u0307",
    ];

    [Fact]
    public void Random_strings()
    {
        var random = new Random(7);
        WordPieceTokenizer[] all = [TinyVocabulary.Uncased, TinyVocabulary.Cased, TinyVocabulary.Anywhere];
        for (var round = 0; round < 3000; round++)
        {
            var text = RandomText(random);
            foreach (var t in all)
            {
                var ids = t.TokenIds(text);
                Assert.All(ids, id => Assert.InRange(id, 0, t.Vocabulary.Count - 1));
                Assert.Equal(t.TokenizeUncached(text), ids);
                Assert.Equal(ids, t.TokenIds(text)); // now from the cache
                var room = random.Next(0, 12);
                Assert.Equal(ids.Take(room), t.Encode(text, null, room + 2).Ids[1..^1]);
            }
        }
    }

    [Fact]
    public void Many_threads_get_what_one_gets()
    {
        var random = new Random(11);
        var texts = Enumerable.Range(0, 400).Select(_ => RandomText(random)).ToArray();
        var t = new WordPieceTokenizer(
            TinyVocabulary.Vocabulary,
            new TokenizerOptions(Matching: SpecialTokenMatching.WholeWord)
        );
        var expected = texts.Select(TinyVocabulary.Uncased.TokenizeUncached).ToArray();
        Parallel.For(
            0,
            16,
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            worker =>
            {
                for (var i = 0; i < texts.Length; i++)
                {
                    var k = (i * 7 + worker * 31) % texts.Length;
                    Assert.Equal(expected[k], t.TokenIds(texts[k]));
                }
            }
        );
    }

    private static string RandomText(Random random)
    {
        var text = new StringBuilder();
        var parts = random.Next(0, 25);
        for (var i = 0; i < parts; i++)
        {
            if (random.Next(4) > 0)
                text.Append(Snippets[random.Next(Snippets.Length)]);
            else if (random.Next(3) > 0)
                text.Append((char)random.Next(0x10000)); // may be half a surrogate pair
            else
                text.Append(new Rune(random.Next(0x10000, 0x110000)).ToString());
        }
        return text.ToString();
    }
}
