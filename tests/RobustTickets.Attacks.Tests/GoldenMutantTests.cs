using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Searches;
using RobustTickets.Testing;
using Xunit;
using Xunit.Abstractions;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Every set of golden rows notices some mutant of its attack: a rule less, another ranking, beam
/// or budget, or another release of TextAttack.
/// </summary>
public class GoldenMutantTests(ITestOutputHelper output)
{
    private const int Enough = 2;

    public static TheoryData<string, string> Sets() => GoldenAttackTests.Sets();

    [SkippableTheory]
    [MemberData(nameof(Sets))]
    public void A_set_tells_other_attacks_from_its_own(string version, string set)
    {
        if (GoldenAttacks.Instance is not { } golden)
        {
            throw Golden.Skip("attacks: mutants");
        }
        if (GoldenAttacks.Missing(set) is { } missing)
        {
            throw Golden.Skip($"attacks: mutants of {version}/{set} ({missing})");
        }
        var told = new List<string>();
        foreach (var (what, mutant) in Mutants(golden, version, set))
        {
            var noticed = GoldenRows.Notices(golden, version, set, mutant);
            output.WriteLine($"{version}/{set}, {what}: {(noticed ? "noticed" : "the rows are the same")}");
            if (noticed)
                told.Add(what);
            if (told.Count == Enough)
                break; // those that no row tells take longest
        }
        if (told.Count == 0)
            GoldenRows.Unnoticed(golden, version, set);
    }

    private static IEnumerable<(string What, Attack Attack)> Mutants(GoldenAttacks golden, string version, string set)
    {
        var own = GoldenAttacks.VersionOf(version)!.Value;
        var attack = golden.Attack(set, own);
        for (var i = 0; i < attack.Constraints.Count; i++)
            yield return (
                $"without {attack.Constraints[i].Name}",
                attack with
                {
                    Constraints = [.. attack.Constraints.Where((_, k) => k != i)],
                }
            );
        if (attack.Search is GreedyWordRanking greedy)
            yield return ("the other ranking", attack with { Search = greedy with { Ranking = 1 - greedy.Ranking } });
        if (attack.Search is BeamSearch beam)
            yield return ("a wider beam", attack with { Search = beam with { Width = beam.Width + 1 } });
        if (attack.QueryBudget is { } budget)
            yield return ("a query less", attack with { QueryBudget = budget - 1 });
        for (var i = 0; i < attack.Positions.Count; i++)
        {
            // A beam that may change a word again need not end.
            if (attack.Positions[i] is NoRepeat && attack.Search is BeamSearch)
                continue;
            yield return (
                $"without {attack.Positions[i].Name}",
                attack with
                {
                    Positions = [.. attack.Positions.Where((_, k) => k != i)],
                }
            );
        }
        foreach (var other in Enum.GetValues<TextAttackVersion>().Where(v => v != own))
            yield return ($"as {other}", golden.Attack(set, other));
    }
}
