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
}
