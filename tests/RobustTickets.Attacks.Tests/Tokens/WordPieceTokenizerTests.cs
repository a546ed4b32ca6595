using RobustTickets.Attacks.Tokens;
using Xunit;

namespace RobustTickets.Attacks.Tests.Tokens;

/// <summary>
/// Each rule of the tokenizer by one example worked out by hand; the golden test covers their
/// interplay.
/// </summary>
public class WordPieceTokenizerTests
{
    [Theory]
    [InlineData("The films", "the film ##s")]
    [InlineData("unbelievable!", "un ##believ ##able !")]
    [InlineData("  a\t\n b\u00a0c\u3000a\u2028b  ", "a b c a b")] // blanks of every kind
    [InlineData("a\0b\u200b\ufffd\u00ad", "a ##b")] // control and format characters vanish inside a word
    [InlineData("a$b-c", "a $ b - c")] // ASCII symbols count as punctuation
    [InlineData("a\u4e2d\u6587b", "a \u4e2d \u6587 b")] // ideographs stand alone
    [InlineData("\uac01", "\u1100 ##\u1161 ##\u11a8")] // NFD takes Hangul apart
    [InlineData("CAF\u00c9", "cafe")]
    [InlineData("\u03a3\u03a3", "\u03c3 ##\u03c3")] // no final sigma
    [InlineData("\u0130", "i")] // two code points, the second of them an accent
    [InlineData("\u1e9e", "\u00df")]
    [InlineData("\U0001f600\U0001f600", "\U0001f600 ##\U0001f600")]
    [InlineData("zebra", "[UNK]")]
    [InlineData("filmz a", "[UNK] a")] // one missing piece makes the whole word unknown
    [InlineData("", "")]
    [InlineData(" \u200b ", "")]
    public void Uncased(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', TinyVocabulary.Uncased.Tokenize(text)));

    [Fact]
    public void Pieces_into_lent_memory_are_the_first_of_all_and_cost_no_memory_when_seen_before()
    {
        var t = TinyVocabulary.Uncased;
        foreach (
            var text in new[] { "The films unbelievable! a b", " \t ", "", "zebra a$b-c", new string('a', 60) + " a" }
        )
        {
            var all = t.TokenIds(text);
            Assert.Equal(t.TokenizeUncached(text), all);
            for (var room = 0; room <= all.Length + 2; room++)
            {
                var target = new int[room + 1];
                target[room] = -7;
                var count = t.TokenIds(text, target.AsSpan(0, room));
                Assert.Equal(all.Take(room), target.Take(count));
                Assert.Equal((Math.Min(room, all.Length), -7), (count, target[room]));
                var (small, large) = (t.Encode(text, "a b", room + 3), t.Encode(text, "a b", 5000 + room));
                Assert.Equal((Math.Min(room, all.Length + 2) + 3, all.Length + 5), (small.Length, large.Length));
            }
        }
        var memory = new int[64];
        for (var i = 0; i < 3; i++)
            t.TokenIds("The films unbelievable! a b", memory);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            t.TokenIds("The films unbelievable! a b", memory);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("The film", "T ##he film")]
    [InlineData("caf\u00e9 cafe\u0301", "caf\u00e9 [UNK]")] // accents kept as they are written
    [InlineData("FILM", "[UNK]")]
    public void Cased(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', TinyVocabulary.Cased.Tokenize(text)));

    [Theory]
    [InlineData("a [MASK] b", "a [MASK] b", "a [MASK] b")]
    [InlineData("a [mask] b", "a [ mask ] b", "a [ mask ] b")]
    [InlineData("[[MASK]]", "[ [ mask ] ]", "[ [MASK] ]")]
    [InlineData("a[SEP]", "a [ [UNK] ]", "a [SEP]")]
    [InlineData("[CLS][SEP]", "[ [UNK] ] [ [UNK] ]", "[CLS] [SEP]")]
    [InlineData("[MA\u200bSK]", "[ mask ]", "[ mask ]")] // lower-cased before the control character is dropped
    public void Special_tokens(string text, string wholeWord, string anywhere)
    {
        Assert.Equal(wholeWord, string.Join(' ', TinyVocabulary.Uncased.Tokenize(text)));
        Assert.Equal(anywhere, string.Join(' ', TinyVocabulary.Anywhere.Tokenize(text)));
    }

    [Fact]
    public void Words_of_more_than_100_code_points_after_normalisation_are_unknown()
    {
        string Tokens(string text) => string.Join(' ', TinyVocabulary.Uncased.Tokenize(text).Distinct());
        Assert.Equal("x ##x", Tokens(new string('x', 100)));
        Assert.Equal("[UNK]", Tokens(new string('x', 101)));
        Assert.Equal("x ##x", Tokens(string.Concat(Enumerable.Repeat("x\u0301", 100)))); // 200 before, 100 after
        // 200 UTF-16 units
        Assert.Equal("\U0001f600 ##\U0001f600", Tokens(string.Concat(Enumerable.Repeat("\U0001f600", 100))));
    }

    [Fact]
    public void Options_switch_steps_off()
    {
        var accents = new WordPieceTokenizer(TinyVocabulary.Vocabulary, new TokenizerOptions(StripAccents: false));
        Assert.Equal(["caf\u00e9"], accents.Tokenize("CAF\u00c9"));
        var casedStripped = new WordPieceTokenizer(
            TinyVocabulary.Vocabulary,
            new TokenizerOptions(DoLowerCase: false, StripAccents: true)
        );
        Assert.Equal(["cafe"], casedStripped.Tokenize("caf\u00e9"));
        Assert.Equal(["[SEP]", "a"], casedStripped.Tokenize("[SEP]\u0301 a")); // compared once more after stripping
        var ideographs = new WordPieceTokenizer(
            TinyVocabulary.Vocabulary,
            new TokenizerOptions(TokenizeChineseChars: false)
        );
        Assert.Equal(["\u4e2d", "##\u4e2d"], ideographs.Tokenize("\u4e2d\u4e2d"));
    }

    [Fact]
    public void Encode_adds_special_tokens_and_segments()
    {
        var t = TinyVocabulary.Uncased;
        var single = t.Encode("the film", null, 128);
        Assert.Equal([2, 12, 8, 3], single.Ids);
        Assert.Equal([0, 0, 0, 0], single.Segments);
        var pair = t.Encode("the film", "a", 128);
        Assert.Equal([2, 12, 8, 3, 5, 3], pair.Ids);
        Assert.Equal([0, 0, 0, 0, 1, 1], pair.Segments);
        Assert.Equal([2, 12, 3, 3], t.Encode("the", "", 128).Ids);
        Assert.Equal([0, 0, 0, 1], t.Encode("the", "", 128).Segments);
        Assert.Equal([2, 3], t.Encode("", null, 128).Ids);
        Assert.Equal([2, 3], t.Encode("the film", null, 2).Ids);
        Assert.Throws<ArgumentOutOfRangeException>(() => t.Encode("the", null, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => t.Encode("the", "a", 2));
        Assert.Equal((0, 1, 2, 3, 4), (t.PadId, t.UnknownId, t.ClsId, t.SepId, t.MaskId));
    }

    [Fact]
    public void Truncation_is_longest_first_one_token_at_a_time()
    {
        // The rule in its own words, on every pair of lengths, against Encode (which does not even
        // tokenize what cannot survive).
        for (var a = 0; a <= 9; a++)
        {
            for (var b = 0; b <= 9; b++)
            {
                for (var max = 3; max <= 22; max++)
                {
                    var first = Enumerable.Repeat("a", a).ToList();
                    var second = Enumerable.Repeat("b", b).ToList();
                    while (first.Count + second.Count > max - 3)
                    {
                        var longer = first.Count > second.Count ? first : second;
                        longer.RemoveAt(longer.Count - 1);
                    }
                    var expected = string.Join(
                        ' ',
                        new[] { "[CLS]" }.Concat(first).Append("[SEP]").Concat(second).Append("[SEP]")
                    );
                    var encoding = TinyVocabulary.Uncased.Encode(
                        string.Concat(Enumerable.Repeat("a ", a)),
                        string.Concat(Enumerable.Repeat("b ", b)),
                        max
                    );
                    Assert.Equal(expected, string.Join(' ', encoding.Ids.Select(id => TinyVocabulary.Tokens[id])));
                }
            }
        }
    }

    [Fact]
    public void Decode_glues_pieces_and_cleans_up()
    {
        var t = TinyVocabulary.Uncased;
        var ids = t.Encode("Unbelievable films, good!", null, 64).Ids;
        Assert.Equal("[CLS] unbelievable films, good! [SEP]", t.Decode(ids));
        Assert.Equal("unbelievable films, good!", t.Decode(ids, skipSpecialTokens: true));
        Assert.Equal("unbelievable films , good !", t.Decode(ids, skipSpecialTokens: true, cleanUp: false));
        Assert.Throws<ArgumentOutOfRangeException>(() => t.Decode([TinyVocabulary.Tokens.Length]));
    }

    [Fact]
    public void Special_tokens_must_be_in_the_vocabulary()
    {
        var noSep = new Vocabulary(["[PAD]", "[UNK]", "[CLS]", "[MASK]"]);
        Assert.Contains(
            "'[SEP]' is not in the vocabulary of 4 tokens",
            Assert.Throws<DataException>(() => new WordPieceTokenizer(noSep, new TokenizerOptions())).Message,
            StringComparison.Ordinal
        );
        var noMask = new WordPieceTokenizer(
            new Vocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]"]),
            new TokenizerOptions()
        );
        Assert.Contains(
            "no mask token '[MASK]'",
            Assert.Throws<DataException>(() => noMask.MaskId).Message,
            StringComparison.Ordinal
        );
        var blank = new TokenizerOptions(Special: new SpecialTokens(Additional: ["a b"]));
        Assert.Contains(
            "contains whitespace",
            Assert.Throws<DataException>(() => new WordPieceTokenizer(TinyVocabulary.Vocabulary, blank)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Additional_special_tokens_are_kept_whole()
    {
        var vocabulary = new Vocabulary([.. TinyVocabulary.Tokens, "[URL]"]);
        var t = new WordPieceTokenizer(
            vocabulary,
            new TokenizerOptions(Special: new SpecialTokens(Additional: ["[URL]"]))
        );
        Assert.Equal(["the", "[URL]", "."], t.Tokenize("THE [URL] ."));
        Assert.Contains(TinyVocabulary.Tokens.Length, t.SpecialIds);
    }
}
