using System.Collections.Concurrent;
using System.Text.Json;
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Searches;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// The order in which words are visited, row by row, and the scores it comes from.
/// Mutants: a stable argsort, saliency without candidates, candidates without saliency.
/// </summary>
public class GoldenOrderTests
{
    public static TheoryData<string, string> Ranked() => Sets(set => GoldenAttacks.Of(set).Ranking is not null);

    public static TheoryData<string, string> Weighted() =>
        Sets(set => set.StartsWith("pwws_", StringComparison.Ordinal));

    [SkippableTheory]
    [MemberData(nameof(Ranked))]
    public void The_order_of_words_is_numpys(string version, string set)
    {
        var judged = 0;
        foreach (var row in OrderedRows(version, set))
        {
            Assert.Equal(row.Order, NumpyArgsort.Sort(row.Keys).Select(i => row.Positions[i]));
            if (row.SameAsStable is { } same)
                Assert.Equal(same, row.Order.SequenceEqual(row.Stable));
            judged++;
        }
        RequireSome(judged, version, set);
    }

    [SkippableFact]
    public void A_stable_argsort_is_noticed()
    {
        var rows = Ranked()
            .Select(pair => (Version: (string)pair[0], Set: (string)pair[1]))
            .Where(p => p.Version != "none" && GoldenAttacks.Missing(p.Set) is null)
            .SelectMany(p => OrderedRows(p.Version, p.Set))
            .Where(row => row.MayTellSorts)
            .ToArray();
        if (rows.Length < GoldenRows.Many)
        {
            throw Golden.Skip($"attacks: {rows.Length} orders tell no stable sort");
        }
        Assert.Contains(rows, row => !row.Order.SequenceEqual(row.Stable));
    }

    [SkippableTheory]
    [MemberData(nameof(Weighted))]
    public void The_order_of_words_is_that_of_weighted_saliency(string version, string set)
    {
        var best = BestScores(version, set);
        var (judged, hiddenAlone, bestAlone) = (0, 0, 0);
        foreach (var row in OrderedRows(version, set))
        {
            var swaps = best[row.Id];
            double[] hidden = [.. row.Keys.Select(k => -k)];
            int[] Places(int[] order) => [.. order.Select(i => row.Positions[i])];
            Assert.Equal(row.Order, Places(WeightedSaliency.Order(hidden, swaps)));
            // The same by the formula, in double precision.
            var sum = hidden.Sum(Math.Exp);
            var importance = row
                .Positions.Zip(hidden.Select((h, i) => Math.Exp(h) / sum * swaps[i]))
                .ToDictionary(p => p.First, p => p.Second);
            Assert.All(
                row.Order.Zip(row.Order.Skip(1)),
                p => Assert.True(importance[p.First] >= importance[p.Second] - 1e-6, $"{row.Id}: {p}")
            );
            hiddenAlone += row.Order.SequenceEqual(Places(NumpyArgsort.Sort(row.Keys))) ? 0 : 1;
            bestAlone += row.Order.SequenceEqual(Places(NumpyArgsort.Sort([.. swaps.Select(b => -b)]))) ? 0 : 1;
            judged++;
        }
        RequireSome(judged, version, set);
        if (judged < GoldenRows.Many)
            return; // the orders agree; so few may be those of the mutants, too
        Assert.True(hiddenAlone > 0, "saliency alone gives the same order everywhere");
        Assert.True(bestAlone > 0, "candidates alone give the same order everywhere");
    }

    private sealed record OrderedRow(string Id, int[] Order, int[] Positions, double[] Keys, bool? SameAsStable)
    {
        // Up to 16 keys numpy's sort is stable, and without equal keys any is.
        public bool MayTellSorts => Keys.Length > 16 && Keys.Distinct().Count() < Keys.Length;

        public IEnumerable<int> Stable =>
            Enumerable.Range(0, Keys.Length).OrderBy(i => Keys[i]).Select(i => Positions[i]);
    }

    private static TheoryData<string, string> Sets(Func<string, bool> chosen)
    {
        var data = new TheoryData<string, string>();
        foreach (var pair in GoldenAttackTests.Sets())
        {
            var (version, set) = ((string)pair[0], (string)pair[1]);
            if (version == "none" || (GoldenAttacks.Missing(set) != "no attack of that name" && chosen(set)))
                data.Add(version, set);
        }
        return data;
    }

    private static void RequireSome(int judged, string version, string set)
    {
        if (judged == 0)
        {
            throw Golden.Skip($"attacks: word orders of {version}/{set}");
        }
    }

    // The rows that hold an order, with the exact keys: the stored scores are rounded, which makes
    // ties.
    private static IEnumerable<OrderedRow> OrderedRows(string version, string set)
    {
        var golden = Required(version, set);
        var (inputs, ranking, _, _) = GoldenAttacks.Of(set);
        var victim = golden.Victim(inputs);
        var examples = golden.Inputs(inputs).ToDictionary(i => i.Id);
        foreach (var row in GoldenRows.Rows(golden, version, set))
        {
            if (!row.TryGetProperty("wir_order", out var order) || !row.TryGetProperty("wir_scores", out var scores))
                continue;
            var example = examples[row.GetProperty("id").GetRawText()];
            var text = AttackedText.Create(example.Columns, GoldenAttacks.VersionOf(version)!.Value);
            double[] rounded = [.. scores.EnumerateArray().Select(s => s.GetDouble())];
            int[] positions = row.TryGetProperty("indices_to_order", out var p)
                ? Numbers(p)
                : [.. Enumerable.Range(0, rounded.Length)];
            double[] keys =
            [
                .. positions
                    .Take(rounded.Length)
                    .Select(i => ranking == WordRanking.Delete ? text.Delete(i) : text.Replace(i, "[UNK]"))
                    .Select(t => -(1 - victim.Predict([t.ToTextPair()])[0][example.Label])),
            ];
            Assert.All(keys.Zip(rounded), k => Assert.True(Math.Abs(k.First + k.Second) <= GoldenRows.Tolerance));
            yield return new OrderedRow(
                example.Id,
                Numbers(order),
                positions,
                keys,
                row.TryGetProperty("order_equals_stable_sort", out var same) ? same.GetBoolean() : null
            );
        }

        static int[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(i => i.GetInt32())];
    }

    private static GoldenAttacks Required(string version, string set)
    {
        if (GoldenAttacks.Instance is not { } golden)
        {
            throw Golden.Skip("attacks: golden word orders");
        }
        if (GoldenAttacks.Missing(set) is { } missing)
        {
            throw Golden.Skip($"attacks: order of {version}/{set} ({missing})");
        }
        return golden;
    }

    // The best score among each word's candidates, asked word by word.
    private static ConcurrentDictionary<string, double[]> BestScores(string version, string set)
    {
        var golden = Required(version, set);
        var inputs = GoldenAttacks.Of(set).Inputs;
        var needed = GoldenRows.Needed(golden, version, set, inputs);
        var release = GoldenAttacks.VersionOf(version)!.Value;
        var ids = needed
            .GroupBy(e => AttackedText.Create(e.Columns, release).Text)
            .ToDictionary(g => g.Key, g => g.Select(e => e.Id).ToArray());
        var found = new ConcurrentDictionary<string, double[]>();
        var attack = golden.Attack(set, release) with { Search = new WordByWord(ids, found) };
        Assert.All(GoldenAttacks.Run(attack, golden.Victim(inputs), needed), o => Assert.Null(o.Error));
        return found;
    }

    private sealed record WordByWord(
        IReadOnlyDictionary<string, string[]> Ids,
        ConcurrentDictionary<string, double[]> Best
    ) : ISearch
    {
        public string Name => "word by word";

        public IEnumerable<SearchRequest> Run(SearchContext context)
        {
            var original = context.Original.Text;
            int[] positions =
                original.Version == TextAttackVersion.Head
                    ? context.ChangeablePositions(original)
                    : [.. Enumerable.Range(0, original.WordArray.Length)];
            var best = new double[positions.Length];
            for (var i = 0; i < positions.Length; i++)
            {
                var swaps = new List<Candidate>();
                foreach (var request in context.Candidates(original, [positions[i]], swaps))
                    yield return request;
                if (swaps.Count == 0)
                    continue;
                var scores = new ScoreRequest([.. swaps.Select(c => c.Text)]);
                yield return scores;
                best[i] = scores.Verdicts.Max(v => v.Score);
            }
            foreach (var id in Ids[original.Text])
                Best[id] = best;
        }
    }
}
