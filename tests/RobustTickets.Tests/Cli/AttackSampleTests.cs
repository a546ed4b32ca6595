using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Tests.Cli;

public class AttackSampleTests
{
    // 60 of class 0, then 30 of class 1, then 10 of class 2, as a file sorted by class.
    private static readonly IReadOnlyList<Example> Sorted =
    [
        .. Enumerable
            .Range(0, 100)
            .Select(i => new Example(
                $"test:{i}",
                $"text {i}",
                i < 60 ? 0
                    : i < 90 ? 1
                    : 2
            )),
    ];

    [Fact]
    public void The_first_n_are_those_of_the_file() =>
        Assert.Equal(Sorted.Take(7), new AttackSample(7, SampleRule.FirstN).Pick(Sorted));

    [Theory]
    [InlineData(10, 6, 3, 1)]
    [InlineData(50, 30, 15, 5)]
    [InlineData(1, 1, 0, 0)]
    [InlineData(7, 4, 2, 1)]
    [InlineData(99, 59, 30, 10)]
    public void A_stratified_sample_has_the_files_class_shares_and_order(int n, int zeros, int ones, int twos)
    {
        var picked = new AttackSample(n, Seed: 3).Pick(Sorted);
        Assert.Equal([zeros, ones, twos], Enumerable.Range(0, 3).Select(c => picked.Count(e => e.Label == c)));
        var places = picked.Select(e => Sorted.ToList().IndexOf(e)).ToList();
        Assert.Equal(places.Order().Distinct(), places);
        Assert.Equal(picked, new AttackSample(n, Seed: 3).Pick(Sorted));
    }

    [Fact]
    public void Another_seed_picks_other_examples() =>
        Assert.NotEqual(new AttackSample(20, Seed: 1).Pick(Sorted), new AttackSample(20, Seed: 2).Pick(Sorted));

    [Fact]
    public void Without_a_count_or_with_a_large_one_everything_is_attacked()
    {
        Assert.Same(Sorted, new AttackSample(null, Seed: 1).Pick(Sorted));
        Assert.Same(Sorted, new AttackSample(100, SampleRule.FirstN).Pick(Sorted));
    }

    [Fact]
    public void Pairs_have_the_column_names_that_recipes_look_for()
    {
        IEnumerable<string> Names(string task, TextPair text) =>
            TaskCatalog.Find(task).Columns(text).Select(c => c.Key);
        Assert.Equal(["premise", "hypothesis"], Names("mnli", new("a", "b")));
        Assert.Equal(["question", "sentence"], Names("qnli", new("a", "b")));
        Assert.Equal(["text"], Names("sst2", "a"));
    }
}
