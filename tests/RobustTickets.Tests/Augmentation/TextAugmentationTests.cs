using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Augmentation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Testing;
using Xunit;
using static RobustTickets.Tests.Augmentation.AugmentFixture;

namespace RobustTickets.Tests.Augmentation;

public class TextAugmentationTests
{
    private static readonly RandomKey Step = RandomKey.FromSeed(11);

    [Fact]
    public void A_word_is_replaced_with_the_rate_of_its_table_by_one_of_its_neighbours_alike()
    {
        var texts = Texts(200, 25);
        var augmentation = Of(new AugmentOptions(NeighbourRate: 0.3), texts);
        var drawn = new Dictionary<char, int>();
        var (words, changed) = (0, 0);
        for (var i = 0; i < texts.Length; i++)
        {
            var before = texts[i].Text.First.Split(' ');
            var after = (augmentation.Change(texts[i], Step.Derive(i)) ?? texts[i].Text).First.Split(' ');
            Assert.Equal(before.Length, after.Length);
            foreach (var (was, now) in before.Zip(after).Where(p => p.First.Length > 1))
            {
                words++;
                if (was == now)
                    continue;
                changed++;
                Assert.Contains(now, Table.Nearest(was, 4));
                drawn[now[^1]] = drawn.GetValueOrDefault(now[^1]) + 1;
            }
        }
        Assert.InRange((double)changed / words, 0.27, 0.33);
        Assert.All("abcd", c => Assert.InRange((double)drawn[c] / changed, 0.21, 0.29));
    }

    [Fact]
    public void Nothing_but_words_changes_and_neighbours_take_their_letter_case()
    {
        var table = new NeighbourTable(new() { ["fine"] = ["good"], ["story"] = ["tale"] });
        var text = Text("a", "  Fine,\tfine -- FINE;  a story… it's  ");
        var all = Of(new AugmentOptions(NeighbourRate: 1), [text], Sources(table));
        Assert.Equal("  Good,\tgood -- GOOD;  a tale… it's  ", all.Change(text, Step)!.Value.First);
        var spared = Of(new AugmentOptions(NeighbourRate: 1), [text], Sources(table, new StopWords("s", ["fine"])));
        Assert.Equal("  Good,\tfine -- GOOD;  a tale… it's  ", spared.Change(text, Step)!.Value.First);
    }

    [Fact]
    public void The_number_of_neighbours_drawn_from_is_an_option()
    {
        var texts = Texts(50, 10);
        var nearest = Of(new AugmentOptions(NeighbourRate: 1, Neighbours: 2), texts);
        var words = texts.SelectMany((t, i) => nearest.Change(t, Step.Derive(i))!.Value.First.Split(' '));
        Assert.Equal("ab", string.Concat(words.Select(w => w[^1]).Where(char.IsLetter).Distinct().Order()));
    }

    [Fact]
    public void A_step_is_a_function_of_its_key_and_of_each_example_alone()
    {
        var texts = Texts(40, 12);
        var plain = Encode(texts);
        int[] indices = [7, 3, 39, 0, 12];
        var options = new AugmentOptions(NeighbourRate: 0.5, CharacterRate: 0.3);
        var batch = Batch(Of(options, texts), indices, plain, Step);
        Array.Reverse(indices);
        var other = Batch(Of(options, texts), indices, plain, Step);
        Assert.Equal(batch.Reverse().Select(Content), other.Select(Content));
        Assert.NotEqual(
            batch.Select(Content),
            Batch(Of(options, texts), indices, plain, Step.Derive(1L)).Select(Content)
        );
        // The same text under another identity changes otherwise.
        var twins = new[] { texts[0], texts[0] };
        var pair = Batch(Of(options, twins), [0, 1], Encode(twins), Step);
        Assert.NotEqual(pair[0].Ids, pair[1].Ids);

        static string Content(EncodedExample e) =>
            $"{e.Id} {e.Label} {string.Join(' ', e.Ids)} {string.Join(' ', e.Segments)}";
    }

    [Fact]
    public void Only_a_share_of_the_texts_is_changed()
    {
        var texts = Texts(1000, 8);
        var some = Of(new AugmentOptions(NeighbourRate: 1, TextRate: 0.25), texts);
        var changed = texts.Where((t, i) => some.Change(t, Step.Derive(i)) is not null).Count();
        Assert.InRange(changed, 200, 300);
    }

    [Fact]
    public void Varied_rates_are_uniform_over_texts_up_to_the_rate()
    {
        var texts = Texts(1000, 40);
        var varied = Of(new AugmentOptions(NeighbourRate: 0.8, VaryRates: true), texts);
        var shares = texts
            .Select(
                (t, i) =>
                    t.Text.First.Split(' ')
                        .Zip((varied.Change(t, Step.Derive(i)) ?? t.Text).First.Split(' '))
                        .Count(p => p.First != p.Second) / 40.0
            )
            .ToArray();
        Assert.InRange(shares.Average(), 0.37, 0.43);
        // A third of the texts below a third of the rate, and as many above two thirds.
        Assert.InRange(shares.Count(s => s < 0.8 / 3) / 1000.0, 0.28, 0.38);
        Assert.InRange(shares.Count(s => s > 1.6 / 3) / 1000.0, 0.28, 0.38);
    }

    [Fact]
    public void Kept_originals_come_first_and_their_changed_forms_have_identities_of_their_own()
    {
        var texts = Texts(20, 8);
        var plain = Encode(texts);
        var batch = Batch(Of(new AugmentOptions(NeighbourRate: 1, KeepOriginal: true), texts), [4, 9], plain, Step);
        Assert.Equal([4, 9, 24, 29], batch.Select(e => e.Id));
        Assert.Same(plain[4], batch[0]);
        Assert.Same(plain[9], batch[1]);
        Assert.NotEqual(plain[4].Ids, batch[2].Ids);
        Assert.Equal(texts[4].Label, batch[2].Label);
    }

    [Fact]
    public void A_premise_stays_and_other_pairs_change_on_both_sides()
    {
        var table = new NeighbourTable(new() { ["fine"] = ["good"] });
        var nli = new Example("a", [new("premise", "fine"), new("hypothesis", "fine")], 0);
        var pair = new Example("b", [new("question", "fine"), new("sentence", "fine")], 0);
        var all = Of(new AugmentOptions(NeighbourRate: 1), [nli, pair], Sources(table));
        Assert.Equal(new TextPair("fine", "good"), all.Change(nli, Step));
        Assert.Equal(new TextPair("good", "good"), all.Change(pair, Step));
    }

    [Fact]
    public void A_changed_text_is_cut_to_the_same_length()
    {
        var texts = Texts(10, 30);
        var batch = Batch(
            Of(new AugmentOptions(CharacterRate: 0.5), texts, maxLength: 16),
            [0, 1, 2],
            Encode(texts),
            Step
        );
        Assert.All(batch, e => Assert.Equal((16, Tokenizer.SepId), (e.Ids.Length, e.Ids[^1])));
    }

    [Fact]
    public void A_held_out_word_is_neither_replaced_nor_put_in()
    {
        var heldOut = new HeldOutWords(1.0 / 3);
        string[] all = [.. Words, .. Words.SelectMany(w => Table.Nearest(w, 4))];
        Assert.InRange((double)all.Count(heldOut.Contains) / all.Length, 0.25, 0.42);
        var texts = Texts(300, 12);
        var trained = Of(new AugmentOptions(NeighbourRate: 1, HeldOutShare: 1.0 / 3), texts);
        var pairs = texts.SelectMany(
            (t, i) => t.Text.First.Split(' ').Zip((trained.Change(t, Step.Derive(i)) ?? t.Text).First.Split(' '))
        );
        var replaced = pairs.Where(p => p.First != p.Second).Distinct().ToArray();
        Assert.True(replaced.Length > 50);
        Assert.All(replaced, p => Assert.False(heldOut.Contains(p.First) || heldOut.Contains(p.Second)));
        // What an attack over the part takes is the rest.
        var whole = new EmbeddingSwap(Table, 4);
        var attack = new HeldOutSwap(whole, heldOut.Share);
        Assert.All(replaced, p => Assert.DoesNotContain(p.Second, attack.Substitutes(p.First)));
        Assert.All(
            Words,
            w =>
                Assert.Equal(
                    whole.Substitutes(w).Where(n => heldOut.Contains(w) || heldOut.Contains(n)),
                    attack.Substitutes(w)
                )
        );
    }

    [Fact]
    public void Synonyms_are_those_of_the_attack_in_their_own_spelling()
    {
        var folder = Directory.CreateTempSubdirectory("wordnet").FullName;
        try
        {
            var wordNet = WordNet.Read(TinyWordNet.Write(folder));
            const string word = "word";
            var text = Text("a", $"{word.ToUpperInvariant()} {word}");
            var sources = Sources(new NeighbourTable([]), wordNet: wordNet);
            var options = new AugmentOptions(NeighbourRate: 0, WordnetRate: 1);
            var possible = new RobustTickets.Attacks.Transformations.WordNetSwap(wordNet).Substitutes(word).ToHashSet();
            Assert.NotEmpty(possible);
            for (var step = 0; step < 20; step++)
            {
                var changed = Of(options, [text], sources).Change(text, Step.Derive(step))!.Value.First.Split(' ');
                Assert.All(changed, w => Assert.Contains(w, possible));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static EncodedExample[] Batch(
        TextAugmentation augmentation,
        int[] indices,
        EncodedExample[] plain,
        RandomKey step
    ) => augmentation.Batch(indices, plain, augmentation.Changed(indices, plain, step));
}
