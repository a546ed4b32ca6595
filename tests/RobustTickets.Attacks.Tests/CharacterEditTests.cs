using System.Text.Json;
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Character edits against unit_char_ops, the two generators against published outputs, and the
/// edit distance against the whole table.
/// Mutant: a space insertion that also stands before the last character's end must fail on the same
/// fixtures.
/// </summary>
public class CharacterEditTests
{
    [SkippableFact]
    [Trait("Category", "Golden")]
    public void Every_candidate_of_every_character_edit_is_reproduced()
    {
        var (path, golden) = Fixture();
        var (checks, wrong) = Compare(path, Edits(golden.Neighbours));
        Assert.True(checks > 0);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {checks} lists differ\n" + string.Join('\n', wrong.Take(5)));
    }

    [SkippableFact]
    [Trait("Category", "Golden")]
    public void A_space_after_the_first_places_too_many_is_noticed()
    {
        var (path, golden) = Fixture();
        var mutant = Edits(golden.Neighbours);
        mutant["space_insert"] = new CharacterInsertion(" ", RandomPlace: false, KeepFirst: true, KeepLast: false);
        var (checks, wrong) = Compare(path, mutant);
        GoldenRows.RequireNoticed(wrong.Count > 0, checks, "attacks: a space after the first places too many");
    }

    [SkippableFact]
    public void The_generators_are_numpys_and_pythons()
    {
        // First outputs of numpy.random.seed(42), .randint(0, 2**32) as MT19937 with the linear
        // seeding gives them, and of random.seed(42), .getrandbits(32).
        var numpy = MersenneTwister.Numpy(42);
        Assert.Equal([1608637542u, 3421126067u, 4083286876u], [numpy.Next(), numpy.Next(), numpy.Next()]);
        var python = MersenneTwister.Python(42);
        Assert.Equal([2746317213u, 478163327u, 107420369u], [python.Next(), python.Next(), python.Next()]);
        // The reference output of the generator's authors for init_by_array({0x123, 0x234, 0x345,
        // 0x456}).
        var reference = MersenneTwister.Python(0x123, 0x234, 0x345, 0x456);
        Assert.Equal(
            [1067595299u, 955945823u, 477289528u, 4107218783u, 4228976476u],
            Enumerable.Range(0, 5).Select(_ => reference.Next())
        );
    }

    [SkippableFact]
    public void A_number_of_one_takes_no_draw_and_a_choice_of_one_does()
    {
        var (a, b) = (MersenneTwister.Numpy(7), MersenneTwister.Numpy(7));
        Assert.Equal(3, a.Integer(3, 4));
        Assert.Equal(b.Next(), a.Next());
        Assert.Equal(0, a.Choice(1));
        Assert.NotEqual(b.Next(), a.Next());
        for (var i = 0; i < 200; i++)
        {
            Assert.InRange(a.Integer(-2, 3), -2, 2);
            Assert.InRange(a.Choice(52), 0, 51);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => a.Integer(2, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => a.Choice(0));
    }

    [SkippableFact]
    public void The_edit_distance_is_that_of_the_whole_table()
    {
        var random = new Random(5);
        for (var n = 0; n < 3_000; n++)
        {
            var a = Word(random);
            var b = random.Next(3) == 0 ? Word(random) : a.Insert(random.Next(a.Length + 1), Word(random));
            var expected = WholeTable(
                [.. a.EnumerateRunes().Select(r => r.Value)],
                [.. b.EnumerateRunes().Select(r => r.Value)]
            );
            foreach (var limit in new[] { 0, 1, 3, 40 })
                Assert.Equal(Math.Min(expected, limit + 1), EditDistance.UpTo(a, b, limit));
        }
        Assert.Equal(1, EditDistance.UpTo("a\U0001d7d5b", "ab", 30));
    }

    [SkippableFact]
    public void Equal_candidates_of_one_edit_are_one_and_of_two_edits_stay_two_up_to_0_3_4()
    {
        // "aba" without either a; and the same text once more by another edit that happens to make
        // it.
        var twice = new CompositeSwap([
            new CharacterDeletion(RandomPlace: false),
            new CharacterDeletion(RandomPlace: false, KeepFirst: true),
        ]);
        var first = Candidates(twice, AttackedText.Create("aab"));
        Assert.Equal(["ab", "aa", "ab", "aa"], first);
        Assert.Equal(["ab", "aa"], Candidates(twice, AttackedText.Create("aab", TextAttackVersion.Head)));
    }

    [Theory]
    [InlineData(256, 256, 254)]
    [InlineData(257, 0, 0)]
    [InlineData(20_000, 0, 0)]
    public void A_long_word_is_not_edited_at_every_character(int length, int lookAlikes, int spaces)
    {
        var text = AttackedText.Create(new string('a', length));
        // TextBugger also inserts one space and deletes one character; a swap of equal characters
        // is no candidate.
        var bugger = TextBuggerRecipe.Transformation(new NeighbourTable([]));
        Assert.Equal(lookAlikes + 2, Candidates(bugger, text).Count());
        Assert.Equal(spaces, Candidates(CharacterInsertion.Space(randomPlace: false), text).Count());
    }

    private static (string Path, GoldenAttacks Golden) Fixture()
    {
        if (Golden.Folder("attacks", "unit_char_ops.jsonl") is { } path && GoldenAttacks.Instance is { } golden)
            return (path, golden);
        throw Golden.Skip("attacks: unit_char_ops");
    }

    private static Dictionary<string, Transformation> Edits(INeighbourSource neighbours) =>
        new()
        {
            ["space_insert"] = CharacterInsertion.Space(randomPlace: false),
            ["char_delete"] = new CharacterDeletion(false, true, true),
            ["neighbour_swap"] = new NeighbourSwap(false, true, true),
            ["homoglyph"] = new HomoglyphSwap(),
            ["embedding5"] = new EmbeddingSwap(neighbours, 5),
            ["neighbour_swap_noskip"] = new NeighbourSwap(false),
            ["char_delete_noskip"] = new CharacterDeletion(false),
            ["qwerty"] = new KeyboardSwap(),
        };

    // The fixtures also list an edit that gives the word itself ("Good" with its two o swapped); it
    // never becomes a candidate.
    private static (int Checks, List<string> Wrong) Compare(string path, Dictionary<string, Transformation> edits)
    {
        var wrong = new List<string>();
        var checks = 0;
        foreach (var line in File.ReadLines(path).Where(l => l.Length > 0))
        {
            using var json = JsonDocument.Parse(line);
            var word = json.RootElement.GetProperty("word").GetString()!;
            foreach (var (name, edit) in edits)
            {
                if (!json.RootElement.TryGetProperty(name, out var list))
                    continue;
                checks++;
                var expected = string.Join(
                    '|',
                    list.EnumerateArray().Select(e => e.GetString()!).Where(e => e != word)
                );
                var actual = string.Join('|', Candidates(edit, AttackedText.Create(word)));
                if (expected != actual)
                    wrong.Add($"{name} of {word}: expected {expected}, got {actual}");
            }
        }
        return (checks, wrong);
    }

    private static IEnumerable<string> Candidates(Transformation transformation, AttackedText text)
    {
        var found = new List<Candidate>();
        var stream = new LcgPerExample().Begin()("");
        foreach (var request in transformation.Apply(text, [0], found))
            ((RandomRequest)request).Answer(stream);
        return found.Select(c => c.Text.Text);
    }

    private static string Word(Random random) =>
        string.Concat(
            Enumerable
                .Range(0, random.Next(9))
                .Select(_ => random.Next(6) == 0 ? "\U0001d7d5" : "abc"[random.Next(3)].ToString())
        );

    private static int WholeTable(int[] a, int[] b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                d[i, j] =
                    i == 0 ? j
                    : j == 0 ? i
                    : Math.Min(
                        Math.Min(d[i - 1, j], d[i, j - 1]) + 1,
                        d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                    );
            }
        }
        return d[a.Length, b.Length];
    }
}
