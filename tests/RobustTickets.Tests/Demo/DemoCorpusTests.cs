using System.Text.RegularExpressions;
using RobustTickets.Cli.Demo.Corpus;
using Xunit;

namespace RobustTickets.Tests.Demo;

public sealed class DemoCorpusTests
{
    private static readonly DemoSizes Small = new(Pretraining: 4_000, Train: 5_000, Dev: 200, Test: 400);
    private static readonly Lazy<DemoCorpus> Corpus = new(() => DemoCorpus.Create(1, Small));

    [Fact]
    public void Same_seed_same_texts_other_seed_other_texts()
    {
        var sizes = new DemoSizes(50, 50, 10, 10);
        var (first, again, other) = (
            DemoCorpus.Create(7, sizes),
            DemoCorpus.Create(7, sizes),
            DemoCorpus.Create(8, sizes)
        );
        Assert.Equal(first.Train, again.Train);
        Assert.Equal(first.Pretraining, again.Pretraining);
        Assert.Equal(first.Test, again.Test);
        Assert.True(first.Train.Zip(other.Train).Count(p => p.First.Text == p.Second.Text) < 5);
    }

    // The generator is our own, so its very bits are a promise: other machines and runtimes write
    // the same files.
    [Fact]
    public void Bits_are_those_of_splitmix64()
    {
        var texts = DemoCorpus.Create(1, new DemoSizes(1, 2, 1, 2), new DemoStyle(0.1, 0.5, 0.12, 4.0));
        Assert.Equal(
            "The software is a joy, I loved the setup and the screen captivated everyone.",
            texts.Train[0].Text
        );
        Assert.Equal(1, texts.Train[0].Label);
    }

    [Fact]
    public void Labels_are_balanced_and_not_in_step_with_position()
    {
        foreach (var split in new[] { Corpus.Value.Train, Corpus.Value.Dev, Corpus.Value.Test })
        {
            Assert.Equal(split.Count / 2, split.Count(r => r.Label == 1));
            var evenOnes = split.Where((_, i) => i % 2 == 0).Average(r => r.Label);
            Assert.InRange(evenOnes, 0.35, 0.65);
        }
    }

    [Fact]
    public void No_text_occurs_twice_in_or_across_splits()
    {
        var all = Corpus
            .Value.Train.Concat(Corpus.Value.Dev)
            .Concat(Corpus.Value.Test)
            .Select(r => r.Text)
            .Concat(Corpus.Value.Pretraining)
            .ToArray();
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Fact]
    public void Texts_are_clean_english_of_varied_length()
    {
        foreach (var review in Corpus.Value.Train)
        {
            Assert.Matches("^[A-Z][A-Za-z ,.]+\\.$", review.Text);
            Assert.DoesNotContain("  ", review.Text, StringComparison.Ordinal);
            Assert.DoesNotMatch("\\b[Aa] [aeio]", review.Text);
            Assert.DoesNotMatch("\\b[Aa]n [bcdfgjklmnpqrstvwxyz]", review.Text);
        }
        // Saying a thing twice in one clause is the generator's most likely slip; four draws make
        // it rare.
        Assert.True(Corpus.Value.Train.Count(r => Regex.IsMatch(r.Text, "\\b(\\w+) and \\1\\b")) < 10);
        var lengths = Corpus.Value.Train.Select(r => r.Text.Split(' ').Length).ToArray();
        Assert.InRange(lengths.Average(), 10, 18);
        Assert.True(lengths.Min() <= 5 && lengths.Max() >= 25);
        var openings = Corpus.Value.Train.Select(r => string.Join(' ', r.Text.Split(' ').Take(3))).Distinct().Count();
        Assert.True(openings > 1_000, $"only {openings} ways to begin");
    }

    [Fact]
    public void Every_word_of_the_lexicon_is_used_and_every_written_word_is_in_the_vocabulary()
    {
        var vocabulary = DemoVocabulary.Tokens.ToHashSet();
        Assert.Equal(DemoVocabulary.Tokens.Count, vocabulary.Count);
        Assert.Equal(0, DemoVocabulary.Tokens.ToList().IndexOf("[PAD]"));
        var written = Corpus
            .Value.Pretraining.Concat(Corpus.Value.Train.Select(r => r.Text))
            .SelectMany(BagOfWords.Words)
            .ToHashSet();
        Assert.DoesNotContain(written, word => !vocabulary.Contains(word));
        Assert.Equal(
            [],
            DemoLexicon.Groups.SelectMany(g => g.Members).Where(word => !written.Contains(word)).ToArray()
        );
        Assert.True(DemoLexicon.Groups.Sum(g => g.Members.Count) > 600);
    }

    [Fact]
    public void A_plain_classifier_is_accurate_yet_synonyms_fool_it()
    {
        var plain = new BagOfWords(BagOfWords.Words);
        plain.Train(Corpus.Value.Train);
        Assert.True(plain.Accuracy(Corpus.Value.Test) > 0.90, $"bag of words: {plain.Accuracy(Corpus.Value.Test):P1}");
        var fooled =
            Corpus.Value.Test.Count(r => plain.Predict(r.Text) == r.Label && plain.Fooled(r))
            / (double)Corpus.Value.Test.Count;
        Assert.True(fooled > 0.5, $"fooled: {fooled:P1}");
    }

    // The lesson of the data: who knows which words mean the same cannot be fooled by exchanging
    // them, and is about as accurate.
    [Fact]
    public void A_classifier_that_knows_the_synonyms_is_accurate_and_cannot_be_fooled()
    {
        var wise = new BagOfWords(text =>
            BagOfWords.Words(text).Select(w => DemoLexicon.GroupOf(w)?.Name ?? w).Distinct()
        );
        wise.Train(Corpus.Value.Train);
        Assert.True(wise.Accuracy(Corpus.Value.Test) > 0.88, $"groups: {wise.Accuracy(Corpus.Value.Test):P1}");
        Assert.DoesNotContain(Corpus.Value.Test, r => wise.Predict(r.Text) == r.Label && wise.Fooled(r));
    }

    [Fact]
    public void Rare_members_are_seldom_and_misleading_in_labelled_text_but_common_in_pretraining_text()
    {
        static double RareShare(IEnumerable<string> texts, int polarity)
        {
            var groups = texts
                .SelectMany(BagOfWords.Words)
                .Select(w => (Word: w, Group: DemoLexicon.GroupOf(w)))
                .Where(p => p.Group?.Polarity == polarity)
                .ToArray();
            return groups.Average(p => p.Group!.Rare.Contains(p.Word) ? 1.0 : 0.0);
        }

        var praise = Corpus.Value.Train.Where(r => r.Label == 1).Select(r => r.Text).ToArray();
        var blame = Corpus.Value.Train.Where(r => r.Label == 0).Select(r => r.Text).ToArray();
        Assert.True(RareShare(praise, 1) < 0.15);
        Assert.True(RareShare(blame, -1) < 0.15);
        Assert.True(RareShare(blame, 1) > 0.4);
        Assert.True(RareShare(praise, -1) > 0.4);
        Assert.InRange(RareShare(Corpus.Value.Pretraining, 1), 0.35, 0.55);
    }

    [Fact]
    public void Written_files_read_back()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            var files = DemoCorpus.Create(3, new DemoSizes(20, 10, 4, 4)).Write(folder);
            var lines = File.ReadAllText(Path.Combine(files.Folder, "test.tsv"))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal("sentence\tlabel", lines[0]);
            Assert.Equal(5, lines.Length);
            Assert.All(lines[1..], line => Assert.Matches("^[^\t]+\t(negative|positive)$", line));
            Assert.Equal(20, File.ReadAllLines(files.PretrainingFile).Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
