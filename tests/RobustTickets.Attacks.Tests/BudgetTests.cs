using RobustTickets.Attacks.Searches;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>Under a query budget no search makes more texts than it can ask for.</summary>
public sealed class BudgetTests
{
    // The original costs one query, the ranking sixty, what is left of 70 goes to candidates.
    public static TheoryData<ISearch, int> Searches =>
        new()
        {
            { new GreedyWordRanking(WordRanking.Delete), 10 },
            { new GreedyWordRanking(WordRanking.Unknown, SkipIdleQueries: false), 10 },
            { new WeightedSaliency(), 10 },
            { new WeightedSaliency(), 70 },
        };

    [Theory]
    [MemberData(nameof(Searches))]
    public void Requests_end_where_the_budget_does(ISearch search, int budget)
    {
        var input = new Example("e", string.Join(' ', MadeUp.Words[..60]), 0);
        var text = new TextPair(input.Columns[0].Value);
        input = input with { Label = HashVictim.Row(text, 2) is [var a, var b] && b > a ? 1 : 0 };
        var asked = new List<int>();
        var attack = MadeUp.Attack(budget, similarity: false) with { Search = new Told(search, asked) };
        var outcome = Assert.Single(GoldenAttacks.Run(attack, new HashVictim(), [input]));
        Assert.Equal((budget, budget - 1), (outcome.Queries, asked.Sum()));
    }

    private sealed record Told(ISearch Inner, List<int> Asked) : ISearch
    {
        public string Name => Inner.Name;

        public IEnumerable<SearchRequest> Run(SearchContext context)
        {
            foreach (var request in Inner.Run(context))
            {
                if (request is ScoreRequest { Counted: true } score)
                    Asked.Add(score.Texts.Count);
                yield return request;
            }
        }
    }
}
