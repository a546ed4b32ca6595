using RobustTickets.Attacks;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>The held-out part of the dictionary, against values of Python's hashlib.</summary>
public sealed class WordPartTests
{
    [Theory]
    [InlineData("movie", true)]
    [InlineData("great", true)]
    [InlineData("plot", true)]
    [InlineData("film", false)]
    [InlineData("boring", true)]
    [InlineData("café", false)]
    [InlineData("story", false)]
    public void A_word_is_held_out_by_the_first_byte_of_its_hash(string word, bool heldOut)
    {
        Assert.Equal(heldOut, WordPart.IsHeldOut(word));
        Assert.Equal(heldOut, WordPart.IsHeldOut(word.ToUpperInvariant()));
    }

    [Fact]
    public void A_substitution_is_held_out_when_either_of_its_words_is()
    {
        Assert.True(WordPart.IsHeldOut("film", "movie"));
        Assert.True(WordPart.IsHeldOut("movie", "film"));
        Assert.False(WordPart.IsHeldOut("film", "story"));
    }

    [Fact]
    public void About_a_third_of_all_words_is_held_out() =>
        Assert.InRange(Enumerable.Range(0, 3000).Count(i => WordPart.IsHeldOut($"word{i}")), 900, 1120);
}
