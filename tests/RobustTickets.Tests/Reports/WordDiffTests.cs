using RobustTickets.Reports;
using Xunit;

namespace RobustTickets.Tests.Reports;

public sealed class WordDiffTests
{
    private const int Words = 30_000;

    private static string[] Text() => [.. Enumerable.Range(0, Words).Select(i => $"w{i}")];

    private static (string[] First, string[] Second) Changed(string[] first, string[] second)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var (a, b) = WordDiff.Compare(string.Join(' ', first), string.Join(' ', second));
        // A table over all words has 3.6 GB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000_000);
        Assert.Equal((first.Length, second.Length), (a.Count, b.Count));
        return ([.. a.Where(w => w.Changed).Select(w => w.Text)], [.. b.Where(w => w.Changed).Select(w => w.Text)]);
    }

    [Fact]
    public void Long_texts_are_compared_where_they_differ()
    {
        var first = Text();
        string[] second = [.. first[..15_000], "a", "b", "w15002", "c", "d", "e", .. first[15_005..]];
        var (lost, found) = Changed(first, second);
        Assert.Equal(["w15000", "w15001", "w15003", "w15004"], lost);
        Assert.Equal(["a", "b", "c", "d", "e"], found);
    }

    [Fact]
    public void Long_texts_that_differ_everywhere_are_compared_by_position()
    {
        var first = Text();
        string[] second = ["a", .. first[1..^1], "b"];
        var (lost, found) = Changed(first, second);
        Assert.Equal(["w0", "w29999"], lost);
        Assert.Equal(["a", "b"], found);
    }

    [Theory]
    [InlineData("x", "x x", "", "x")]
    [InlineData("p q", "r q q", "p", "r q")]
    [InlineData("q p", "q q r", "p", "q r")]
    [InlineData("", "a", "", "a")]
    public void Of_equal_words_the_first_is_matched(string first, string second, string lost, string found)
    {
        var (a, b) = WordDiff.Compare(first, second);
        Assert.Equal(lost, string.Join(' ', a.Where(w => w.Changed).Select(w => w.Text)));
        Assert.Equal(found, string.Join(' ', b.Where(w => w.Changed).Select(w => w.Text)));
        if (second == "r q q")
            Assert.False(b[1].Changed);
    }
}
