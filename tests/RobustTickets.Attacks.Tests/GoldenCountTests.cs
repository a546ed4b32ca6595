using System.Collections.Concurrent;
using RobustTickets.Attacks.Searches;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Texts that the victim really evaluates, row by row. TextAttack caches answers from call to call,
/// so a text that occurs twice in one call is evaluated twice; unique forwards count it once.
/// Mutant: every query forwarded.
/// </summary>
public class GoldenCountTests
{
    public static TheoryData<string, string> Sets() => GoldenAttackTests.Sets();

    [SkippableTheory]
    [MemberData(nameof(Sets))]
    public void Unique_forwards_are_the_texts_that_were_evaluated(string version, string set)
    {
        if (GoldenAttacks.Instance is not { } golden)
        {
            throw Golden.Skip("attacks: texts evaluated");
        }
        if (GoldenAttacks.Missing(set) is { } missing)
        {
            throw Golden.Skip($"attacks: texts evaluated in {version}/{set} ({missing})");
        }
        var inputs = GoldenAttacks.Of(set).Inputs;
        var attack = golden.Attack(set, GoldenAttacks.VersionOf(version)!.Value);
        // Forwarding idle queries too is what TextAttack does.
        var search = attack.Search is GreedyWordRanking greedy
            ? greedy with
            {
                SkipIdleQueries = false,
            }
            : attack.Search;
        var counted = new Counted(search, []);
        var outcomes = GoldenAttacks
            .Run(
                attack with
                {
                    Search = counted,
                },
                golden.Victim(inputs),
                GoldenRows.Needed(golden, version, set, inputs)
            )
            .ToDictionary(o => o.Id);
        var (judged, wrong) = (0, new List<string>());
        foreach (var row in GoldenRows.Rows(golden, version, set))
        {
            if (!row.TryGetProperty("model_texts", out var texts))
                continue;
            judged++;
            var outcome = outcomes[row.GetProperty("id").GetRawText()];
            var (evaluated, distinct) = counted.Of(outcome, attack.Version);
            if ((texts.GetInt32(), outcome.UniqueForwards) != (evaluated, distinct))
                wrong.Add(
                    $"row {outcome.Id}: {texts} texts and {outcome.UniqueForwards} forwards, asked for {evaluated}, "
                        + $"{distinct} of them distinct"
                );
        }
        if (judged == 0)
        {
            throw Golden.Skip($"attacks: texts evaluated in {version}/{set}");
        }
        Assert.True(
            wrong.Count == 0,
            $"{version}/{set}: {wrong.Count} of {judged} rows differ\n" + string.Join('\n', wrong.Take(5))
        );
    }

    /// <summary>Counts what a search asks for, call by call.</summary>
    private sealed record Counted(ISearch Inner, ConcurrentDictionary<(string, double), (int, int)> Seen) : ISearch
    {
        public string Name => Inner.Name;

        public (int Evaluated, int Distinct) Of(AttackOutcome outcome, TextAttackVersion version) =>
            Seen.GetValueOrDefault(
                (AttackedText.Create(outcome.Original, version).Text, outcome.OriginalScore),
                (1, 1)
            );

        public IEnumerable<SearchRequest> Run(SearchContext context)
        {
            var known = new HashSet<TextPair> { context.Original.Text.ToTextPair() };
            var evaluated = 1;
            foreach (var request in Inner.Run(context))
            {
                yield return request;
                if (request is ScoreRequest score)
                {
                    var texts = score.Texts.Take(score.Verdicts.Count).Select(t => t!.ToTextPair());
                    var fresh = texts.Where(t => !known.Contains(t)).ToList();
                    var before = known.Count;
                    known.UnionWith(fresh);
                    // One request of PWWS holds the candidates of all words, for which TextAttack
                    // makes a call each.
                    evaluated += Inner is WeightedSaliency ? known.Count - before : fresh.Count;
                }
                Seen[(context.Original.Text.Text, context.Original.Verdict.Score)] = (evaluated, known.Count);
            }
        }
    }
}
