using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Augmentation;
using RobustTickets.Kernels.Randomness;
using Xunit;

namespace RobustTickets.Tests.Augmentation;

public class TypingErrorsTests
{
    private const string Word = "plots";

    private static IEnumerable<string> Made(string word, TypingErrorPlace where, int draws = 4000) =>
        Enumerable.Range(0, draws).Select(i => TypingErrors.In(word, where, RandomKey.FromSeed(9).Derive(i)));

    // Each kind written down once more, without a shared line of code.
    private static Dictionary<string, HashSet<string>> Kinds(string w)
    {
        var places = Enumerable.Range(0, w.Length).ToArray();
        const string letters = CharacterSwap.AsciiLetters;
        return new()
        {
            ["swap"] = [.. places.SkipLast(1).Select(i => w[..i] + w[i + 1] + w[i] + w[(i + 2)..])],
            ["substitute"] = [.. places.SelectMany(i => letters.Select(c => w[..i] + c + w[(i + 1)..]))],
            ["delete"] = [.. places.Select(i => w.Remove(i, 1))],
            ["insert"] = [.. places.SelectMany(i => letters.Select(c => w.Insert(i, c.ToString())))],
            ["space"] = [.. places.Skip(1).SkipLast(1).Select(i => w.Insert(i, " "))],
            ["look-alike"] =
            [
                .. places
                    .Where(i => Homoglyphs.Of(w[i]) is not null)
                    .Select(i => w[..i] + new Rune(Homoglyphs.Of(w[i])!.Value) + w[(i + 1)..]),
            ],
        };
    }

    [Fact]
    public void Every_error_is_one_of_the_attacks_and_every_kind_occurs()
    {
        var kinds = Kinds(Word);
        var made = Made(Word, TypingErrorPlace.AsAttacks).ToHashSet();
        made.Remove(Word);
        Assert.All(made, m => Assert.Contains(kinds, k => k.Value.Contains(m)));
        foreach (var (kind, all) in kinds)
            Assert.True(made.Overlaps(all), $"no {kind} in {made.Count} errors");
        // Rare kinds in full: every place is drawn.
        foreach (var kind in new[] { "swap", "delete", "space", "look-alike" })
            Assert.Subset(made, kinds[kind]);
    }

    [Fact]
    public void Neighbouring_keys_are_drawn_more_often_than_other_letters()
    {
        // A substitution draws one letter in 52; the keys beside "p" are two.
        var first = Made(Word, TypingErrorPlace.AsAttacks).Where(m => m.Length == 5 && m.EndsWith("lots")).ToArray();
        var beside = first.Count(m => m[0] is 'o' or 'l');
        var others = first.Count(m => m[0] is 'q' or 'z');
        Assert.True(beside > 5 * Math.Max(1, others), $"{beside} beside, {others} elsewhere");
    }

    [Theory]
    [InlineData("plots")]
    [InlineData("ab")]
    [InlineData("abc")]
    public void Inner_errors_leave_both_ends(string word)
    {
        var made = Made(word, TypingErrorPlace.Inner, 1000).ToArray();
        Assert.All(made, m => Assert.Equal((word[0], word[^1]), (m[0], m[^1])));
        Assert.Contains(made, m => m != word);
    }

    [Fact]
    public void A_word_of_one_letter_stays_and_surrogates_are_never_cut()
    {
        Assert.All(Made("a", TypingErrorPlace.AsAttacks, 200), m => Assert.Equal("a", m));
        const string outside = "a\U0001D49Cb\U0001D49D";
        Assert.All(
            Made(outside, TypingErrorPlace.AsAttacks, 1000),
            m => Assert.DoesNotContain(Rune.ReplacementChar, m.EnumerateRunes())
        );
    }
}
