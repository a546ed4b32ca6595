using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>The text object: rules by example, and properties on random Unicode.</summary>
public class AttackedTextTests
{
    [Theory]
    [InlineData("fun' wow* don't_ 'tis", TextAttackVersion.V034, "fun'|wow*|don't_|tis")]
    [InlineData("fun' wow* don't_ 'tis", TextAttackVersion.Head, "fun|wow|don't|tis")]
    [InlineData("U.S.A. 3.5 a@b.com", TextAttackVersion.V034, "U|S|A|3|5|a@b|com")]
    [InlineData("cafe\u0301 x\u00d7y `q \u2167 \u00bd", TextAttackVersion.V034, "cafe|x\u00d7y|`q|\u2167|\u00bd")]
    [InlineData("-- ' _", TextAttackVersion.V034, "")]
    public void Words_are_cut_by_the_releases_rule(string text, TextAttackVersion version, string words) =>
        Assert.Equal(words, string.Join('|', AttackedText.Create(text, version).Words));

    [Fact]
    public void Deleting_takes_one_space_and_nothing_else()
    {
        var text = AttackedText.Create("\"Good,\" she said.");
        Assert.Equal("\"Good,\" said.", text.Delete(1).Text);
        Assert.Equal("\",\" she said.", text.Delete(0).Text);
        Assert.Equal("movie was", AttackedText.Create("The movie was").Delete(0).Text);
        Assert.Equal("The movie ", AttackedText.Create("The movie was").Delete(2).Text);
    }

    [Fact]
    public void Changed_positions_shift_with_insertions_and_deletions()
    {
        var text = AttackedText.Create("a b c d e").Replace(1, "x").Replace(3, "y z");
        Assert.Equal([1, 3, 4], text.Modified);
        Assert.Equal([3, 4], text.NewPositions);
        var shifted = text.Replace(0, "p q");
        Assert.Equal([0, 1, 2, 4, 5], shifted.Modified);
        var deleted = shifted.Delete(2);
        Assert.Equal([0, 1, 3, 4], deleted.Modified);
        Assert.Empty(deleted.NewPositions);
        Assert.Equal("p q c y z e", deleted.Text);
        Assert.Equal([1, -1, 2, 4, 5], deleted.OriginalPositions());
    }

    [Fact]
    public void A_pair_keeps_its_columns()
    {
        var text = AttackedText.Create([new("premise", "A dog runs."), new("hypothesis", "A cat.")]);
        Assert.Equal([3, 2], text.WordsPerColumn());
        Assert.Equal(new TextPair("A dog runs.", "A bird."), text.Replace(4, "bird").ToTextPair());
        Assert.Equal(new TextPair("A dog runs.", " cat."), text.Delete(3).ToTextPair());
        Assert.Equal(new TextPair("A dog.", "A cat."), text.Delete(2).ToTextPair());
    }

    [Fact]
    public void A_word_found_in_the_marker_damages_it_up_to_0_3_4_only()
    {
        KeyValuePair<string, string>[] columns = [new("premise", "We go"), new("hypothesis", "I see")];
        var old = AttackedText.Create(columns).Replace(2, "You");
        Assert.Equal(["We go<SPLYouT>I see"], old.Columns);
        Assert.Equal(["premise"], old.ColumnNames);
        Assert.Equal(
            ["We go", "You see"],
            AttackedText.Create(columns, TextAttackVersion.Head).Replace(2, "You").Columns
        );
    }

    [Theory]
    [InlineData(TextAttackVersion.V034, 8_000)]
    [InlineData(TextAttackVersion.V030, 1_000)]
    [InlineData(TextAttackVersion.Head, 5_000)]
    public void Edits_of_random_text_agree_with_a_full_scan(TextAttackVersion version, int texts)
    {
        var random = new Random(11 + (int)version);
        for (var n = 0; n < texts; n++)
        {
            var columns = new List<KeyValuePair<string, string>> { new("a", RandomUnicode.Text(random)) };
            if (random.Next(3) == 0)
                columns.Add(new("b", RandomUnicode.Text(random)));
            var text = AttackedText.Create(columns, version);
            for (var step = 0; step < 3 && text.Words.Count > 0; step++)
            {
                var position = random.Next(text.Words.Count);
                var replacement = random.Next(4) switch
                {
                    0 => "",
                    1 => RandomUnicode.Text(random, 8),
                    2 => "word",
                    _ => "two words",
                };
                var next = text.Replace(position, replacement);
                Check(text, next, position, replacement, version);
                text = next;
            }
        }
    }

    [Fact]
    public void A_word_of_ten_thousand_characters_and_the_empty_text_are_texts()
    {
        var word = new string('x', 10_000);
        var text = AttackedText.Create(word + " " + word);
        Assert.Equal([word, "y"], text.Replace(1, "y").Words);
        Assert.Equal(word + " " + word, TextWindow.Around(text, 0, 15));
        var empty = AttackedText.Create("");
        Assert.Empty(empty.Words);
        Assert.Equal("", TextWindow.Around(empty, 0, 15));
        Assert.Throws<ArgumentOutOfRangeException>(() => empty.Delete(0));
    }

    [Theory]
    [InlineData("a good <SPLIT> film", "good art")]
    [InlineData("<SPLIT>", "IT is good")]
    [InlineData("a film", "<SPLIT> I saw<SPLIT>it")]
    public void The_marker_of_columns_inside_a_text_moves_nothing_between_columns(string first, string second)
    {
        foreach (var version in Enum.GetValues<TextAttackVersion>())
        {
            var text = AttackedText.Create([new("premise", first), new("hypothesis", second)], version);
            var counts = text.WordsPerColumn();
            for (var i = 0; i < text.Words.Count; i++)
            {
                foreach (var replacement in new[] { "word", "two words", "", "a<SPLIT>b" })
                {
                    var next = text.Replace(i, replacement);
                    var untouched = i < counts[0] ? 1 : 0;
                    Assert.Equal(["premise", "hypothesis"], next.ColumnNames);
                    Assert.Equal(text.Columns[untouched], next.Columns[untouched]);
                }
            }
        }
    }

    [Fact]
    public void A_substitute_that_holds_the_marker_stays_in_its_column()
    {
        var text = AttackedText.Create([new("premise", "a film"), new("hypothesis", "IT is good")]);
        Assert.True(text.IsDamaged);
        Assert.Equal(["a <SPLIT>", "IT is good"], text.Replace(1, "<SPLIT>").Columns);
    }

    private static void Check(
        AttackedText text,
        AttackedText next,
        int position,
        string replacement,
        TextAttackVersion version
    )
    {
        var what = $"'{text}' [{position}] -> '{replacement}'";
        // Derived words equal those of a text made afresh from the same columns.
        var columns = next.ColumnNames.Zip(next.Columns, (n, c) => new KeyValuePair<string, string>(n, c)).ToList();
        var fresh = AttackedText.Create(columns, version);
        Assert.True(
            fresh.Words.SequenceEqual(next.Words),
            $"{what}: {string.Join('|', next.Words)} vs {string.Join('|', fresh.Words)}"
        );
        Assert.True(fresh.WordStarts.SequenceEqual(next.WordStarts), what);
        Assert.Equal(next.Words.Count, next.WordsPerColumn().Sum());
        Assert.All(
            next.Words.Zip(next.WordStarts),
            w => Assert.Equal(w.First, next.Text.Substring(w.Second, w.First.Length))
        );
        Assert.Equal(next.Modified.Order().Distinct(), next.Modified);
        Assert.True(next.NewPositions.All(p => next.Modified.Contains(p)), what);
        var marked = text.IsDamaged;
        if (!marked)
            Assert.Equal(text.Columns, text.Replace(position, text.Words[position]).Columns);
        // Replacing a word by the same one word a second time changes nothing more.
        if (replacement == "word" && !marked && !next.IsDamaged)
        {
            var again = next.Replace(position, replacement);
            Assert.Equal(next.Columns, again.Columns);
            Assert.Empty(again.NewPositions);
            Assert.Equal(next.Modified, again.Modified);
        }
        for (var i = 0; i < next.Words.Count; i += 3)
        {
            foreach (int? size in new int?[] { 5, 15, null })
                Assert.NotNull(TextWindow.Around(next, i, size));
        }
        var (before, after) = TextDifference.Marks(text, next);
        Assert.All(after, p => Assert.InRange(p, 0, Math.Max(0, next.Words.Count - 1)));
        Assert.All(before, p => Assert.InRange(p, 0, text.Words.Count - 1));
    }
}
