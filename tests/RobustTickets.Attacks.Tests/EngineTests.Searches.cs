// The outcomes of every search, free and under a budget, whatever the batches, threads and order.
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Searches;
using Xunit;

namespace RobustTickets.Attacks.Tests;

public partial class EngineTests
{
    public static TheoryData<ISearch, TextAttackVersion, int?> Searches()
    {
        var data = new TheoryData<ISearch, TextAttackVersion, int?>();
        foreach (var budget in new int?[] { null, 17 })
        {
            data.Add(new GreedyWordRanking(WordRanking.Delete), TextAttackVersion.V034, budget);
            data.Add(new GreedyWordRanking(WordRanking.Delete), TextAttackVersion.Head, budget);
            data.Add(
                new GreedyWordRanking(WordRanking.Unknown, SkipIdleQueries: false),
                TextAttackVersion.V034,
                budget
            );
            data.Add(new WeightedSaliency(), TextAttackVersion.V034, budget);
            data.Add(new WeightedSaliency(), TextAttackVersion.Head, budget);
            data.Add(new BeamSearch(1), TextAttackVersion.V034, budget);
            data.Add(new BeamSearch(3), TextAttackVersion.Head, budget);
        }
        return data;
    }

    [Theory]
    [InlineData(20, null, 64)]
    // 5,000 words of 6 characters: 150 million in a ranking, of at most 2^29 at once.
    [InlineData(5_000, null, 3)]
    [InlineData(5_000, 50, 64)]
    // A text beyond the limit is attacked alone.
    [InlineData(12_000, null, 1)]
    public void Few_examples_of_long_texts_are_attacked_at_once(int words, int? budget, int expected)
    {
        var text = string.Concat(Enumerable.Range(0, words).Select(i => $"w{i % 10_000:0000} "));
        var inputs = Enumerable.Range(0, 64).Select(i => new Example($"e{i}", $"{i} {text}", 1)).ToArray();
        var search = new CountingSearch();
        var victim = new FunctionVictim(2, texts => [.. texts.Select(_ => new[] { 0.1, 0.9 })]);
        var outcomes = GoldenAttacks.Run(MadeUp.Attack(budget) with { Search = search }, victim, inputs);
        Assert.All(outcomes, o => Assert.Equal((AttackResult.Failed, 2), (o.Result, o.Queries)));
        Assert.Equal((expected, inputs.Length), (search.Most, outcomes.Count));
    }

    [Theory]
    [MemberData(nameof(Searches))]
    public void No_search_depends_on_batches_concurrency_threads_or_order(
        ISearch search,
        TextAttackVersion version,
        int? budget
    )
    {
        var inputs = MadeUp.Inputs(24);
        var attack = MadeUp.Attack(budget, version: version) with { Search = search };
        var reference = Lines(attack, inputs, new AttackEngineOptions(1, 1, 1, 1));
        RequireSame(reference, attack, inputs);
        var outcomes = Run(attack, inputs);
        Assert.Contains(outcomes, o => o.Result == AttackResult.Success);
        Assert.DoesNotContain(outcomes, o => o.Result == AttackResult.Error);
        Assert.Equal(budget is not null, outcomes.Any(o => o.Queries == budget));
        // Mutant: another search, or another release, gives other lines.
        Assert.NotEqual(
            reference,
            Lines(attack with { Search = new BeamSearch(2) }, inputs, new AttackEngineOptions())
        );
    }

    // Asks for one text, and counts the examples that wait for it.
    private sealed class CountingSearch : ISearch
    {
        private readonly Lock _lock = new();
        private int _live;

        public string Name => "counting";

        public int Most { get; private set; }

        public IEnumerable<SearchRequest> Run(SearchContext context)
        {
            lock (_lock)
                Most = Math.Max(Most, ++_live);
            yield return new ScoreRequest([context.Original.Text.Delete(0)]);
            lock (_lock)
                _live--;
        }
    }
}
