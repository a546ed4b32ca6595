// What is hidden from a masked language model: how much, how, and what never.
using RobustTickets.Attacks;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Pretraining;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Pretraining;

public sealed class MaskedCorpusTests : IDisposable
{
    private const double Fraction = 0.15;
    private readonly string _folder = Directory.CreateTempSubdirectory("corpus").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Fifteen_percent_are_chosen_of_which_80_10_10_and_all_else_stays()
    {
        var (corpus, lines) = Corpus(8000);
        var tokenizer = TinyTask.Tokenizer;
        var (eligible, chosen, masked, same, other) = (0, 0, 0, 0, 0);
        var replacements = new int[TinyTask.Words.Count];
        foreach (var indices in Enumerable.Range(0, (int)corpus.Count).Chunk(100))
        {
            var batch = corpus.Mask(0, indices, RandomKey.FromSeed(1), Fraction);
            var original = indices.SelectMany(i => tokenizer.Encode(lines[i], null, 1000).Ids).ToArray();
            Assert.Equal(original.Length, batch.Batch.Tokens);
            eligible += original.Length - (2 * indices.Length);
            chosen += batch.Rows.Length;
            var rows = batch.Rows.ToHashSet();
            Assert.Equal(batch.Rows.Length, rows.Count);
            for (var k = 0; k < batch.Rows.Length; k++)
            {
                var (row, target) = (batch.Rows[k], batch.Targets[k]);
                Assert.Equal(original[row], target);
                Assert.NotEqual(tokenizer.ClsId, target);
                Assert.NotEqual(tokenizer.SepId, target);
                var now = (int)batch.Batch.Ids[row];
                if (now == tokenizer.MaskId)
                    masked++;
                else if (now == target)
                    same++;
                else
                    other++;
                if (now != target && now != tokenizer.MaskId)
                    replacements[now]++;
            }
            for (var row = 0; row < original.Length; row++)
                if (!rows.Contains(row))
                    Assert.Equal(original[row], batch.Batch.Ids[row]);
        }
        AssertShare(Fraction, chosen, eligible);
        // A random word piece is the original, or [MASK], once in V.
        var v = (double)TinyTask.Words.Count;
        AssertShare(0.8 + (0.1 / v), masked, chosen);
        AssertShare(0.1 + (0.1 / v), same, chosen);
        AssertShare(0.1 * (1 - (2 / v)), other, chosen);
        // Every word piece occurs as a replacement, about equally often.
        for (var id = 0; id < replacements.Length; id++)
            if (id != tokenizer.MaskId)
                Assert.InRange(replacements[id], other / v / 2.5, other / v * 2);
    }

    [Fact]
    public void The_test_of_shares_notices_a_seventh_more()
    {
        var (corpus, _) = Corpus(8000);
        var chosen = corpus
            .Mask(0, Enumerable.Range(0, (int)corpus.Count).ToArray(), RandomKey.FromSeed(1), 0.17)
            .Rows.Length;
        Assert.ThrowsAny<Exception>(() => AssertShare(Fraction, chosen, (int)corpus.Tokens - (2 * (int)corpus.Count)));
    }

    [Fact]
    public void Choices_follow_from_key_example_and_place_not_from_the_batch()
    {
        var (corpus, _) = Corpus(60);
        var key = RandomKey.FromSeed(5);
        int[] order = [7, 3, 59, 0, 21];
        var together = corpus.Mask(0, order, key, Fraction);
        var alone = order.Select(i => corpus.Mask(0, [i], key, Fraction)).ToArray();
        Assert.Equal(alone.SelectMany(b => b.Batch.Ids), together.Batch.Ids);
        Assert.Equal(alone.SelectMany(b => b.Targets), together.Targets);
        Assert.Equal(together.Batch.Ids, corpus.Mask(0, order, key, Fraction).Batch.Ids);
        Assert.NotEqual(together.Batch.Ids, corpus.Mask(0, order, RandomKey.FromSeed(6), Fraction).Batch.Ids);
    }

    [Fact]
    public void Cls_and_sep_are_never_chosen_even_where_a_text_spells_them()
    {
        var tokenizer = TinyTask.Tokenizer;
        var corpus = Read("a good [SEP] film [CLS] .", "[SEP]", "the [CLS] [CLS] end");
        for (var seed = 0; seed < 20; seed++)
        {
            var batch = corpus.Mask(0, [0, 1, 2], RandomKey.FromSeed(seed), 1.0);
            Assert.DoesNotContain(batch.Targets, t => t == tokenizer.ClsId || t == tokenizer.SepId);
            Assert.Equal(4 + 0 + 2, batch.Targets.Length);
            Assert.Equal(
                5,
                batch.Batch.Ids.Where((_, row) => !batch.Rows.Contains(row)).Count(id => id == tokenizer.SepId)
            );
        }
        Assert.Empty(corpus.Mask(0, [0, 1, 2], RandomKey.FromSeed(1), 0).Rows);
    }

    [Fact]
    public void Long_lines_are_cut_without_losing_a_word_and_empty_ones_are_passed_over()
    {
        var random = new Random(1);
        var words = Enumerable.Range(0, 50).Select(_ => TinyTask.Good[random.Next(8)]).ToArray();
        var corpus = Read("", string.Join(' ', words), "   ", "a film");
        Assert.Equal(7 + 1, corpus.Count); // 50 words in pieces of 10 - 2, and one line more
        Assert.Equal(50 + 2 + (2 * 8), corpus.Tokens);
        var ids = Enumerable
            .Range(0, 8)
            .SelectMany(i => corpus.Mask(0, [i], RandomKey.FromSeed(0), 0).Batch.Ids)
            .Where(id => id > 4)
            .ToArray();
        Assert.Equal([.. words, "a", "film"], ids.Select(id => TinyTask.Words[(int)id]));
    }

    [Fact]
    public void What_cannot_be_read_is_refused_by_name()
    {
        var missing = Path.Combine(_folder, "missing.txt");
        Assert.Contains(
            missing,
            Assert.Throws<DataException>(() => MaskedCorpus.Read([missing], TinyTask.Tokenizer, 10)).Message,
            StringComparison.Ordinal
        );
        var empty = Path.Combine(_folder, "empty.txt");
        File.WriteAllText(empty, "\n  \n");
        Assert.Contains(
            empty,
            Assert.Throws<DataException>(() => MaskedCorpus.Read([empty], TinyTask.Tokenizer, 10)).Message,
            StringComparison.Ordinal
        );
        foreach (var length in new[] { 2, 1, 0, -5 })
            Assert.Throws<ArgumentOutOfRangeException>(() => Read(length, "a good film"));
    }

    private (MaskedCorpus Corpus, string[] Lines) Corpus(int count)
    {
        var random = new Random(4);
        var lines = Enumerable.Range(0, count).Select(i => TinyTask.Sentence(random, i % 2)).ToArray();
        return (Read(1000, lines), lines);
    }

    private MaskedCorpus Read(params string[] lines) => Read(10, lines);

    private MaskedCorpus Read(int maxLength, params string[] lines)
    {
        var file = Path.Combine(_folder, "corpus.txt");
        File.WriteAllLines(file, lines);
        return MaskedCorpus.Read([file], TinyTask.Tokenizer, maxLength);
    }

    /// <summary>Within four standard deviations of a binomial count.</summary>
    private static void AssertShare(double expected, int count, int of)
    {
        var sigma = Math.Sqrt(expected * (1 - expected) / of);
        Assert.InRange((double)count / of, expected - (4 * sigma), expected + (4 * sigma));
    }
}
